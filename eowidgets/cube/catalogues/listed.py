"""The catalogues that have a name: those of the package, and entries of the user."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from eowidgets.arguments import checked
from eowidgets.cube.catalogues.catalogue import Catalogue, plain_name, read_entry
from eowidgets.errors import InputError, shown

if TYPE_CHECKING:
    import pandas as pd

#: Environment variable that names a file with entries.
VARIABLE = "EOWIDGETS_CATALOGUES"
#: File with entries that is read if it exists.
OWN = Path("~/.config/eowidgets/catalogues.toml")


def known() -> dict[str, Catalogue]:
    """Return all catalogues by name; an entry of the user replaces one of the package with its name.

    Raises
    ------
    InputError
        If a file of the user cannot be read or has an entry that cannot be used.
    """
    found: dict[str, Catalogue] = {}
    for text, where in _texts():
        try:
            rows = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{where} is not TOML ({str(error)[:80]}): correct it, or move it away.") from None
        found |= {name: read_entry(name, row, where) for name, row in rows.items()}
    return found


def find_catalogue(name: str) -> Catalogue | None:
    """Return the catalogue with a name or an alias, in any case, or None."""
    text = plain_name(name)
    own = list(reversed(known().values()))  # entries of the user come last and take precedence
    named = (c for c in own if plain_name(c.name) == text)
    return next(named, None) or next((c for c in own if text in (plain_name(a) for a in c.aliases)), None)


def names() -> list[str]:
    """Return all names and aliases."""
    return [n for c in known().values() for n in (c.name, *c.aliases)]


@checked
def catalogues() -> pd.DataFrame:
    """List the catalogues that :func:`eowidgets.open` and :func:`eowidgets.find` take by name.

    Returns
    -------
    DataFrame
        One row per catalogue, by name: title, aliases, collections, pixel size in metres, the environment variables that
        reading needs and whether they are set, licence and attribution.

    Raises
    ------
    InputError
        If a file of the user (``EOWIDGETS_CATALOGUES``, ``~/.config/eowidgets/catalogues.toml``) cannot be used.

    Examples
    --------
    >>> catalogues().loc["hls", "needs"]
    'EARTHDATA_TOKEN'
    """
    import pandas as pd

    rows = [
        {
            "name": c.name,
            "title": c.title,
            "aliases": ", ".join(c.aliases),
            "collections": ", ".join(c.collections),
            "resolution": c.resolution,
            "needs": ", ".join(c.environment),
            "ready": all(os.environ.get(v) for v in c.environment),
            "licence": c.licence,
            "attribution": c.attribution,
        }
        for c in known().values()
    ]
    return pd.DataFrame(rows).set_index("name")


def _texts() -> Iterator[tuple[str, str]]:
    """Yield the content of the files with entries, each with the words for it in a message."""
    yield (files("eowidgets.cube.catalogues") / "presets.toml").read_text(encoding="utf-8"), "the presets"
    own = OWN.expanduser()
    if own.is_file():
        yield _read(own), f"the file {str(OWN)!r}"
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        path = Path(given).expanduser()
        where = f"the file {shown(path.name)} in {VARIABLE}"
        if not path.is_file():
            raise InputError(
                f"There is no file {shown(path.name)}, which {VARIABLE} names: correct or unset the variable."
            )
        yield _read(path), where


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The file {shown(path.name)} with catalogues cannot be read ({type(error).__name__})."
        ) from None
