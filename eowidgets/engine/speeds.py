"""Measured times of work on this machine, by kind, from which later costs are predicted.

Kept in ``speeds.json`` in the folder of ``EOWIDGETS_CACHE``, by default ``~/.cache/eowidgets``: only names of models, sizes and
seconds.
"""

from __future__ import annotations

import json
import math
import os
import threading
from contextlib import suppress
from pathlib import Path

from eowidgets.system import available_cores

#: Measurements that are kept of each kind of work; predictions use the median of this number of nearest sizes.
KEPT, NEAREST = 8, 3
#: Kinds of work that are kept.
KINDS = 200
_LOCK = threading.Lock()


def note(kind: str, size: float, seconds: float) -> None:
    """Store the time of work of a kind and a size; a folder that cannot be written is ignored."""
    if not (size > 0 and seconds > 0):
        return
    with _LOCK:
        known = _read()
        key = _key(kind)
        found = [*known.pop(key, []), [float(size), round(float(seconds), 4)]][-KEPT:]
        known[key] = found
        _write(dict(list(known.items())[-KINDS:]))


def seconds_of(kind: str, size: float) -> float | None:
    """Return the expected seconds of work of a kind and a size here; None if the kind was never measured.

    Time grows with the size, from the measurements whose sizes are nearest.
    """
    with _LOCK:
        known = _read().get(_key(kind), [])
    if not known or size <= 0:
        return None
    near = sorted(known, key=lambda pair: abs(math.log(pair[0] / size)))[:NEAREST]
    rates = sorted(took / of for of, took in near)
    return size * rates[len(rates) // 2]


def _key(kind: str) -> str:
    return f"{kind} | {available_cores()} cores"  # a home folder may be shared by machines


def _path() -> Path:
    folder = os.environ.get("EOWIDGETS_CACHE") or "~/.cache/eowidgets"
    return Path(folder).expanduser() / "speeds.json"


def _read() -> dict[str, list[list[float]]]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
        return {
            str(kind): [[float(of), float(took)] for of, took in pairs if float(of) > 0 and float(took) > 0]
            for kind, pairs in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(known: dict[str, list[list[float]]]) -> None:
    path = _path()
    with suppress(OSError, RuntimeError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(json.dumps(known), encoding="utf-8")
        new.replace(path)
