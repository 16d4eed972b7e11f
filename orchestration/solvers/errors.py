"""What a solver raises when it has no result; everybody who runs one catches this and nothing else."""

from __future__ import annotations


class SolverError(Exception):
    """A solver has no result; the message says which, on which table, and why."""
