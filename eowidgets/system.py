"""What the machine offers, asked without extra packages."""

from __future__ import annotations

import os
import re
from pathlib import Path

from eowidgets.errors import InputError


def available_memory() -> int | None:
    """Bytes that a process may still take, with a container's limit respected; None if nobody tells."""
    limits = [_meminfo(), _cgroup()]
    known = [n for n in limits if n is not None]
    if known:
        return min(known)
    try:
        return int(os.sysconf("SC_AVPHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        return None


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), None)


def _cgroup() -> int | None:
    # Binder and hubs limit a user by cgroup; /proc/meminfo would show the whole node.
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            top, now = Path(limit).read_text().strip(), Path(used).read_text().strip()
        except OSError:
            continue
        if top.isdigit() and now.isdigit():
            return max(0, int(top) - int(now))
    return None


def bytes_of(size: str | float) -> float:
    """``"2GB"``, ``"500 MB"`` or a number of bytes, as bytes."""
    if not isinstance(size, str):
        return float(size)
    match = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]?)i?B?\s*", size, re.IGNORECASE)
    if not match or match.group(1).count(".") > 1:
        raise InputError(f"{size!r} is not a size of memory: write for instance '2GB' or '500MB'.")
    power: int = " KMGT".index(match.group(2).upper() or " ")
    return float(match.group(1)) * 1000.0**power


def offline() -> bool:
    """Whether the person asked that nothing be fetched (``EOWIDGETS_OFFLINE=1``)."""
    return os.environ.get("EOWIDGETS_OFFLINE", "") not in ("", "0")
