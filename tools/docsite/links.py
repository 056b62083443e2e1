"""Turn links between files of the repository into links between pages of the site."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)")
_SOURCE = re.compile(r'(<img[^>]*\ssrc=")([^"]+)(")')
_FENCE = re.compile(r"(^```.*?^```\s*?$)", re.DOTALL | re.MULTILINE)


def rewrite(text: str, source: str, target: str, pages: Mapping[str, str], root: Path) -> str:
    """Rewrite the links of a page.

    Parameters
    ----------
    text : str
        Markdown.
    source, target : str
        Path of the page in the repository and in the site.
    pages : mapping of str to str
        Path in the repository -> path in the site, of all pages and pictures.
    root : Path
        The repository.

    Returns
    -------
    str
        A link to a file that is not a page, such as code, becomes plain text: the repository has no public address.

    Raises
    ------
    ValueError
        For a link to a file that does not exist.
    """

    def moved(link: str) -> str | None:
        if link.startswith("@@"):  # a picture that is created for the site
            return link[2:]
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith(("mailto:", "data:")) or not path:
            return link
        there = os.path.normpath(PurePosixPath(source).parent / path)
        if there not in pages:
            if not (root / there).exists():
                raise ValueError(f"{source} links to {link}, which does not exist.")
            return None
        found = os.path.relpath(pages[there], PurePosixPath(target).parent)
        return f"{found}#{anchor}" if anchor else found

    def link(match: re.Match[str]) -> str:
        picture, label, address = match.groups()
        to = moved(address)
        label = _LINK.sub(link, label) if "](" in label else label
        return label if to is None and not picture else f"{picture}[{label}]({to})"

    def prose(part: str) -> str:
        part = _SOURCE.sub(lambda m: f"{m[1]}{moved(m[2])}{m[3]}", part)
        return _LINK.sub(link, part)

    parts = _FENCE.split(text)
    return "".join(part if i % 2 else prose(part) for i, part in enumerate(parts))
