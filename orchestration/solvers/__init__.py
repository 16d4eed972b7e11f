"""Python steps between two halves of a build: what SQL cannot solve, from tables of the first half.

Add a solver here when a result needs an optimiser or a system of equations, and name it in
``registry.SOLVERS``. Cleaning that needs a library belongs to the load, everything else to the models.
"""
