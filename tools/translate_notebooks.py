"""Translate notebooks with catalogues in PO format.

``python tools/translate_notebooks.py update`` writes new and changed messages into each ``notebooks/LANGUAGE/NAME.po``;
``python tools/translate_notebooks.py build`` writes ``notebooks/LANGUAGE/NAME.ipynb`` from the English notebook and the
catalogue.

A message is a block of a markdown cell (blocks are separated by empty lines; fenced code is not a message), or a string in a code
cell that the cell lists in its metadata under ``translate``. All other code is unchanged.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from notebook_cells import FOLDER, read

TRANSLATED = {"de": ("01_explore_an_area",), "es": ("01_explore_an_area",)}
_HEADER = (
    "# Messages of a notebook. Write them with  python tools/translate_notebooks.py update  and translate them here."
)
_FENCE = re.compile(r"(```.*?```)", re.DOTALL)
_LINK = re.compile(r"(\]\(|src=\")(?!https?:|#)")


def pairs() -> Iterator[tuple[str, Path, Path]]:
    """Yield each language with the English notebook and the catalogue."""
    for language, names in TRANSLATED.items():
        for name in names:
            yield language, FOLDER / f"{name}.ipynb", FOLDER / language / f"{name}.po"


def blocks(text: str) -> list[str]:
    """Return a markdown cell in pieces that join to it; every second piece is a separator or fenced code."""
    pieces: list[str] = []
    for k, part in enumerate(_FENCE.split(text)):
        pieces += [part] if k % 2 else re.split(r"(\n{2,})", part)
    return pieces


def is_message(block: str) -> bool:
    """Return whether a block of a markdown cell contains words, unlike separators, fenced code and lone tags."""
    if block.startswith("```"):
        return False
    return "alt=" in block or bool(re.search(r"\w", re.sub(r"<[^>]*>", "", block)))


def messages(notebook: Any) -> list[str]:
    """Return all messages of a notebook, in order."""
    found: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found += [block.strip("\n") for block in blocks(cell.source) if is_message(block)]
        else:
            found += cell.metadata.get("translate", [])
    return found


def translated(notebook: Any, translate: Callable[[str], str]) -> Any:
    """Return a copy of a notebook whose messages are translated and whose links lead one folder up.

    Outputs are kept where the code is the same.
    """
    result = copy.deepcopy(notebook)
    for cell in result.cells:
        if cell.cell_type == "markdown":
            cell.source = "".join(_block(block, translate) for block in blocks(cell.source))
            continue
        strings = cell.metadata.get("translate", [])
        for text in strings:
            if cell.source.count(f'"{text}"') != 1:
                raise ValueError(
                    f'The string "{text[:60]}" must occur once in its cell: correct the metadata `translate`.'
                )
            cell.source = cell.source.replace(f'"{text}"', f'"{translate(text)}"')
        if strings:
            cell.outputs, cell.execution_count = [], None
    return result


def _block(block: str, translate: Callable[[str], str]) -> str:
    if not is_message(block):
        return block
    text = block.strip("\n")
    return block.replace(text, _LINK.sub(r"\1../", translate(text)))


def open_catalogue(path: Path, language: str) -> Catalog:
    """Return the catalogue of a notebook, empty where there is none yet."""
    if not path.exists():
        return Catalog(language, header_comment=_HEADER, project="eowidgets", version="1", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(notebook: Any, catalogue: Catalog) -> Catalog:
    """Bring the messages of a catalogue up to date; changed ones are marked as fuzzy."""
    template = Catalog()
    for text in messages(notebook):
        template.add(text)
    catalogue.update(template, update_creation_date=False)
    return catalogue


def missing(notebook: Any, catalogue: Catalog) -> list[str]:
    """Return the messages of a notebook that have no valid translation."""
    found = {text: catalogue.get(text) for text in messages(notebook)}
    return [text for text, message in found.items() if message is None or not message.string or message.fuzzy]


def main(command: str) -> None:
    """Update the catalogues or build the notebooks."""
    for language, source, path in pairs():
        notebook, catalogue = read(source), open_catalogue(path, language)
        if command == "update":
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                write_po(file, update(notebook, catalogue), width=120, omit_header=False)
        gaps = missing(notebook, catalogue)
        print(f"{path.relative_to(FOLDER)}: {len(messages(notebook))} messages, {len(gaps)} without translation")
        if command == "build":
            if gaps:
                raise SystemExit(f"{path} has no translation of: {gaps[0][:80]!r}. Run  update  and translate it.")
            nbformat.write(
                translated(notebook, lambda text, c=catalogue: c.get(text).string), path.with_suffix(".ipynb")
            )


if __name__ == "__main__":
    if sys.argv[1:] not in (["update"], ["build"]):
        raise SystemExit("Give a command:  python tools/translate_notebooks.py update | build")
    main(sys.argv[1])
