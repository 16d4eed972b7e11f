"""Tieout's orchestration: loads raw exports, builds the warehouse with dbt, audits it and publishes it.

Start at ``definitions.py`` (the list of what exists for the scheduler) or ``cli.py`` and ``commands`` (the
command line).
"""
