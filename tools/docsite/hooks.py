"""Hooks of MkDocs: roles of docstrings become links to the API pages."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from docsite.api import group_of, public

_ROLE = re.compile(r":(?:func|class|meth|mod|attr|data|exc):<code>(.*?)</code>")
_STUB = Path(__file__).parents[2] / "eowidgets" / "__init__.pyi"
_PAGES = {one.name: f"api/{group_of(one)}.html#{one.name}" for one in public(_STUB)}


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Replace ``:func:`eowidgets.run``` by ``run``, with a link where it is a public name."""

    def named(match: re.Match[str]) -> str:
        text = match[1]
        label = text.lstrip("~").split(".")[-1] if text.startswith("~") else text.removeprefix("eowidgets.")
        place = _PAGES.get(text.split(".")[-1])
        if place is None:
            return f"<code>{label}</code>"
        way = os.path.relpath(place, PurePosixPath(page.file.dest_path).parent)
        return f'<a href="{way}"><code>{label}</code></a>'

    return _ROLE.sub(named, html)
