"""Lets tests that run as root see what everybody else sees: that modes are obeyed.

Nothing else belongs here.
"""

from __future__ import annotations

import ctypes
import os

# linux/capability.h
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def obey_modes() -> None:
    """From now on this process, if it is root's, may do no more than the modes of files let their owner."""
    if os.geteuid():
        return
    system = ctypes.CDLL(None, use_errno=True)
    header, nothing = _Header(CAPABILITY_VERSION_3, 0), (_Data * 2)()
    if system.capset(ctypes.byref(header), nothing):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
