"""Exchange of two folders in one step, where the operating system offers it."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

AT_FDCWD = -100
#: ``RENAME_EXCHANGE`` of Linux and ``RENAME_SWAP`` of macOS.
EXCHANGE = 2


def exchange(one: Path, two: Path) -> bool:
    """Exchange the names of two folders on the same disk.

    Returns
    -------
    bool
        False, with nothing changed, where system or file system cannot do it in one step.
    """
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    a, b = os.fsencode(one), os.fsencode(two)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        return swap is not None and swap(a, b, ctypes.c_uint(EXCHANGE)) == 0
    swap = getattr(library, "renameat2", None)
    return swap is not None and swap(AT_FDCWD, a, AT_FDCWD, b, ctypes.c_uint(EXCHANGE)) == 0
