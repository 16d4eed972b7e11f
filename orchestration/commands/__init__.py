"""The commands of ``tieout``, one module per command or pair of commands.

A module has ``add_to``, which declares its arguments, and ``COMMANDS``, the functions that run them. Add a
module here and to the list in ``cli.py``. A command is a thin front: what it does is a function of
``orchestration`` elsewhere; what it prints and its exit code are here.
"""
