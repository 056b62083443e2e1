"""Memory, cores and other properties of the machine, without extra packages."""

from __future__ import annotations

import math
import os
import re
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from eowidgets.errors import InputError, SourceError, shown

T = TypeVar("T")
_PARSER = threading.Lock()


def parsing(work: Callable[[], T]) -> T:
    """Run a function that parses Python source.

    Python 3.11 raises a SystemError where two threads parse at the same time; such a call is repeated.
    """
    with _PARSER:
        for _ in range(10):
            try:
                return work()
            except SystemError:
                continue
        return work()


def available_memory() -> int | None:
    """Return the bytes that this process may still take, within a container's limit; None if unknown."""
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


def available_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the cores that this process may use, within its affinity and a container's limit; at least 1.

    torch starts a thread for every core of the machine, and threads that wait for each other become many times slower
    when they share a few cores.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        cores = os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, min(cores, math.ceil(quota))) if quota is not None else cores


def _quota(cgroup: Path) -> float | None:
    """Return the cores that the container's scheduler grants, from version 2 or 1 of cgroups."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        granted, period = (cgroup / "cpu.max").read_text().split()
        return None if granted == "max" else int(granted) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        granted, period = ((cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(granted) / int(period) if int(granted) > 0 else None
    return None


def parse_bytes(text: str | float) -> int:
    """Turn ``"2GB"``, ``"512 MiB"`` or a number into bytes.

    Examples
    --------
    >>> parse_bytes("2GB")
    2000000000
    """
    found = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)(i?)b?\s*", str(text).lower())
    try:
        number = float(found[1]) if found else 0.0
    except ValueError:
        number = 0.0
    if not found or number <= 0:
        raise InputError(f"Memory is {shown(text)}: give a size such as '2GB' or '500MB'.")
    return int(number * (1024 if found[3] else 1000) ** " kmgt".index(found[2] or " "))


def offline() -> bool:
    """Return whether downloads are switched off (``EOWIDGETS_OFFLINE=1``)."""
    return os.environ.get("EOWIDGETS_OFFLINE", "") not in ("", "0")


def check_plain(path: Path) -> None:
    """Refuse a device, a pipe or a socket, or a link to one: reading it could block or never end.

    Raises
    ------
    SourceError
        Naming the file; a path that does not exist passes.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise SourceError(f"{path.name[:80]!r} is a device, a pipe or a socket: give a plain file.")
