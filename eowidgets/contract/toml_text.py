"""Write TOML, which the standard library only reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


def to_toml(table: Mapping[str, Any]) -> str:
    """Return a mapping as TOML text that ``tomllib.loads`` reads back to an equal mapping.

    Parameters
    ----------
    table : mapping
        Of text, numbers, truth values, sequences of these, mappings and sequences of mappings. Empty mappings and
        None are left out.

    Raises
    ------
    TypeError
        For a value of another kind.

    Examples
    --------
    >>> from eowidgets.contract.toml_text import to_toml
    >>> print(to_toml({"file": "a", "scores": {"F1 (%)": 0.5}}))
    file = "a"
    <BLANKLINE>
    [scores]
    "F1 (%)" = 0.5
    <BLANKLINE>
    """
    return "\n".join(_lines(table, ())).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain, below = [], []
    for key, value in table.items():
        here = (*path, _key(key))
        if value is None or (isinstance(value, Mapping) and not value):
            continue
        if isinstance(value, Mapping):
            below += ["", f"[{'.'.join(here)}]", *_lines(value, here)]
        elif _tables(value):
            for row in value:
                below += ["", f"[[{'.'.join(here)}]]", *_lines(row, here)]
        else:
            plain.append(f"{_key(key)} = {_value(value)}")
    return plain + below


def _tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _text(key)


def _text(text: str) -> str:
    # JSON escapes what TOML escapes, except for the character DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(v) for v in value)}]"
    raise TypeError(f"TOML has no {type(value).__name__}")
