"""How an alert reaches people: what it says, the ways there, what is kept of it until it has arrived.

What is told, and when, is decided elsewhere (``runs.py``, ``health_alerts.py``, ``watching.py``), which call
``alerts.py``. Nothing here makes a run that has done its work a failed one.
"""
