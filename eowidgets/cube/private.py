"""What of a path or an address may leave the machine: no folder above the working directory, user name or key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def public(source: Any) -> str:
    """Return a path or an address without what is private in it.

    A file below the working directory becomes its relative path, any other file its name. An address loses user,
    password, query and fragment. Other text is returned as it is.

    Examples
    --------
    >>> public("https://user:secret@host.org/a/b.tif?sig=abc")
    'https://host.org/a/b.tif'
    >>> public("/home/somebody/scene.tif")
    'scene.tif'
    """
    text = str(source)
    if _ADDRESS.match(text):
        return _public_address(text)
    if _WINDOWS.match(text):
        return PureWindowsPath(text).name
    if not text.startswith(("/", "~", "../", "./")):
        return text
    path = Path(text).expanduser()
    try:
        return path.absolute().resolve().relative_to(Path.cwd().resolve()).as_posix() or path.name
    except (ValueError, OSError, RuntimeError):
        return path.name or text


def public_attrs(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes of which every text that is a path or an address is made public."""
    return {str(k): public(v) if isinstance(v, str) else v for k, v in attrs.items()}


def _public_address(text: str) -> str:
    if text.lower().startswith("file://"):
        return public(urlsplit(text).path)
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
