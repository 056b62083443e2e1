"""A catalogue as a value: its address, its collections, and the access to its files."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, get_args

from eowidgets.cube.private import public
from eowidgets.errors import InputError, shown, unknown

Signing = Literal["", "planetary-computer", "bearer", "s3"]
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Options of GDAL that an entry may set: endpoint and payer, never a credential.
_OPTIONS = (
    *("AWS_S3_ENDPOINT", "AWS_VIRTUAL_HOSTING", "AWS_HTTPS", "AWS_REGION", "AWS_REQUEST_PAYER", "AWS_NO_SIGN_REQUEST"),
    *("AWS_DEFAULT_REGION",),
)


@dataclass(frozen=True)
class Catalogue:
    """A STAC API or a static STAC catalogue under a name.

    Attributes
    ----------
    name : str
        In lower case; empty for one that was given by its address.
    title : str
        Title in tables and messages.
    api : str
        Address of the API or path of the catalogue.
    collections : tuple of str
        Collections that are searched together as one series; empty for all.
    aliases : tuple of str
        Other names.
    bands : tuple of str
        Bands that are read unless others are asked for; empty for all. Quality bands are always read.
    resolution : float, optional
        Pixel size of the finest band in metres.
    cloud : str
        Property of an item that states its cloud cover in per cent; empty where images have none.
    signing : {"", "planetary-computer", "bearer", "s3"}
        Access to a file: nothing, a token in its address, a token in a header, or a key of S3.
    tokens : str
        Address that gives tokens (Planetary Computer).
    hosts : tuple of str
        Hosts that tokens are meant for, or their ending from a dot on. They are sent to no other host.
    environment : tuple of str
        Environment variables that hold the credentials for reading; a catalogue is searched without them.
    register : str
        Address of the registration for credentials.
    options : tuple of (str, str)
        Options of GDAL for files on S3.
    licence, attribution : str
    """

    name: str
    title: str
    api: str
    collections: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    resolution: float | None = None
    cloud: str = "eo:cloud_cover"
    signing: Signing = ""
    tokens: str = ""
    hosts: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    register: str = ""
    options: tuple[tuple[str, str], ...] = ()
    licence: str = ""
    attribution: str = ""

    @property
    def label(self) -> str:
        """Name for messages: the title of an entry, else its address without a query."""
        return str(self.title or public(self.api) or "The source")


def plain_name(text: str) -> str:
    """Return a name as it is compared: lower case, without spaces, hyphens and underscores.

    Examples
    --------
    >>> plain_name(" Sentinel 2 ") == plain_name("sentinel-2")
    True
    """
    return re.sub(r"[\s_-]+", "", text.lower())


def read_entry(name: str, row: Any, where: str) -> Catalogue:
    """Return the catalogue that an entry of a TOML file describes.

    Parameters
    ----------
    name : str
        Name of the entry.
    row : mapping
        Fields of :class:`Catalogue` by name.
    where : str
        The file, for messages.

    Raises
    ------
    InputError
        In one sentence that names file, entry and field.
    """
    entry = f"The entry {shown(name)} of {where}"
    if not isinstance(row, Mapping):
        raise InputError(f"{entry} is {shown(row)}: write a table of fields below [{name[:40]}].")
    if not _NAME.fullmatch(name):
        raise InputError(f"{entry} has a name that cannot be used: write lower-case letters, digits, hyphens and dots.")
    known = {f.name: f for f in fields(Catalogue) if f.name != "name"}
    for key in row:
        if key not in known:
            raise InputError(f"{entry}: {unknown('field', key, known)}")
    missing = [n for n, f in known.items() if f.default is MISSING and n not in row]
    if missing:
        raise InputError(f"{entry} lacks the field {missing[0]!r}: add it.")
    taken = {key: _taken(key, value, entry) for key, value in row.items()}
    found = Catalogue(name, **taken)
    _check_signing(found, entry)
    return found


def _taken(key: str, value: Any, entry: str) -> Any:
    reader, wants = _READERS[key]
    try:
        return reader(value)
    except (TypeError, ValueError):
        raise InputError(f"{entry} has {key} = {shown(value)}: give {wants}.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 500 or not value.isprintable():
        raise TypeError
    return str(value)


def _some_text(value: Any) -> str:
    found = _text(value).strip()
    if not found:
        raise ValueError
    return found


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_some_text(v) for v in value)


def _variables(value: Any) -> tuple[str, ...]:
    found = _texts(value)
    if not all(_VARIABLE.fullmatch(v) for v in found):
        raise ValueError
    return found


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise TypeError
    return float(value)


def _signing(value: Any) -> Any:
    if value not in get_args(Signing):
        raise ValueError
    return value


def _options(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not set(value) <= set(_OPTIONS):
        raise ValueError
    return tuple(sorted((k, _some_text(v)) for k, v in value.items()))


def _check_signing(found: Catalogue, entry: str) -> None:
    if found.signing in ("planetary-computer", "bearer") and not found.hosts:
        raise InputError(f"{entry} has no hosts: list those that its tokens are meant for, such as ['.example.org'].")
    if found.signing == "planetary-computer" and not found.tokens:
        raise InputError(f"{entry} has no tokens: give the address that gives tokens.")
    if found.signing == "bearer" and len(found.environment) != 1:
        raise InputError(f"{entry} needs one environment variable for its token: write environment = ['MY_TOKEN'].")


_WORDS = "a text of at most 500 characters"
_LIST = "a list of texts"
_READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    **dict.fromkeys(("title", "api"), (_some_text, _WORDS)),
    **dict.fromkeys(("cloud", "tokens", "register", "licence", "attribution"), (_text, _WORDS)),
    **dict.fromkeys(("collections", "aliases", "bands", "hosts"), (_texts, _LIST)),
    "environment": (_variables, "a list of names of environment variables"),
    "resolution": (_positive, "a size in metres"),
    "signing": (_signing, "'planetary-computer', 'bearer', 's3' or nothing"),
    "options": (_options, f"a table with some of {', '.join(_OPTIONS)}"),
}
