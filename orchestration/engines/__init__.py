"""The engines that can build the warehouse, one module each; ``settings.target`` names the module.

Add an engine here as a module with the same public functions as ``duckdb.py``. What is the same for every
engine (the audit, the publication, the run) stays out.
"""
