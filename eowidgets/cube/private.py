"""Public forms of paths and addresses: without folders above the working directory, user names and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WINDOWS = re.compile(r"([A-Za-z]:|\\)\\[^\n]+")
#: An absolute path of at least two parts: a single ``/m`` may be a unit.
_PATH = re.compile(r"(~[\w.-]*|/[^/\n]+)/[^\n]*")
#: Paths and addresses within a longer text.
_WITHIN = re.compile(r"(?<![\w/])(/(?:home|Users|root)/[^\s\"'<>,;:()\\]+|[A-Za-z][A-Za-z0-9+.-]+://[^\s\"'<>\\]+)")


def public(source: Any) -> str:
    """Return a path or an address without its private parts.

    A file below the working directory becomes its relative path, any other absolute path or one through a parent
    folder its name. An address loses user, password, query and fragment. Other text is returned as it is.

    Examples
    --------
    >>> public("https://user:secret@host.org/a/b.tif?sig=abc")
    'https://host.org/a/b.tif'
    >>> public("/home/somebody/scene.tif")
    'scene.tif'
    """
    text = re.sub(r"^/vsi(curl|s3|gs|az)/", "", str(source))
    if _ADDRESS.match(text):
        return _public_address(text)
    if _WINDOWS.fullmatch(text):
        return PureWindowsPath(text).name
    if not (_PATH.fullmatch(text) or text.startswith("../")):
        return text
    path = Path(text).expanduser()
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        return path.name


def scrub(value: Any) -> Any:
    """Return text, or the values of lists and mappings, with every path and address in its public form."""
    if isinstance(value, Mapping):
        return {k: scrub(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(v) for v in value]
    if not isinstance(value, str):
        return value
    whole = _ADDRESS.match(value) or _PATH.fullmatch(value) or _WINDOWS.fullmatch(value)
    return (
        public(value) if whole and not re.search(r"\s\S*/", value) else _WITHIN.sub(lambda m: public(m.group()), value)
    )


def _public_address(text: str) -> str:
    if text.lower().startswith("file://"):
        return public(unquote(urlsplit(text).path))
    try:
        parts = urlsplit(text)
    except ValueError:
        return text.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
