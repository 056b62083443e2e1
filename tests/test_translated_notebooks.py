"""Translated notebooks: complete, up to date, the same code, and what was translated in it runs."""

from __future__ import annotations

import contextlib
import io
import re
import string
from pathlib import Path

import nbformat
import notebook_cells as cells
import pytest
import translate_notebooks as tool

PAIRS = list(tool.pairs())


@pytest.fixture(params=PAIRS, ids=[f"{language}-{source.stem[:2]}" for language, source, _ in PAIRS])
def pair(request):
    language, source, catalogue = request.param
    return cells.read(source), tool.open_catalogue(catalogue, language), cells.read(catalogue.with_suffix(".ipynb"))


def translations(original, catalogue):
    return [(text, catalogue.get(text).string) for text in tool.messages(original)]


def test_every_message_is_translated(pair):
    original, catalogue, _ = pair
    assert tool.missing(original, catalogue) == []


def test_the_catalogue_has_no_others(pair):
    original, catalogue, _ = pair
    assert {m.id for m in catalogue if m.id} == set(tool.messages(original))


def test_links_code_and_fields_stay(pair):
    original, catalogue, _ = pair
    for text, words in translations(original, catalogue):
        links = re.findall(r"\]\(([^)]*)\)", text)
        others = re.findall(r"\]\(([^)]*)\)", words)
        assert len(links) == len(others), words
        assert sorted(re.findall(r"`[^`]+`", text)) == sorted(re.findall(r"`[^`]+`", words)), words
        if "`" not in text and "{" in text:
            fields = [field for _, field, _, _ in string.Formatter().parse(text) if field]
            assert fields == [field for _, field, _, _ in string.Formatter().parse(words) if field], words


def test_numbers_stay(pair):
    original, catalogue, _ = pair
    for text, words in translations(original, catalogue):
        assert sorted(re.findall(r"\d+(?:\.\d+)?", text)) == sorted(re.findall(r"\d+(?:\.\d+)?", words)), words


def test_stored_notebooks_are_those_of_the_catalogue(pair):
    original, catalogue, stored = pair
    built = tool.translated(original, lambda text: catalogue.get(text).string)
    assert [(c.cell_type, c.source) for c in stored.cells] == [(c.cell_type, c.source) for c in built.cells]


def test_code_is_the_same_but_for_the_marked_strings(pair):
    original, catalogue, stored = pair
    for cell, other in zip(original.cells, stored.cells, strict=True):
        assert cell.cell_type == other.cell_type
        if cell.cell_type == "code":
            source = other.source
            for text in cell.metadata.get("translate", []):
                source = source.replace(f'"{catalogue.get(text).string}"', f'"{text}"')
            assert source == cell.source


def test_links_lead_somewhere(pair):
    *_, stored = pair
    folder = tool.FOLDER / "de"  # all languages lie at the same depth
    for text in cells.markdown_cells(stored):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text):
            assert (folder / target).exists(), target


def test_translated_code_runs_and_prints_what_is_stored(pair, monkeypatch):
    """The cells before the fill, which takes long, and is the same code as in English."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    *_, stored = pair
    sources = [c for c in stored.cells if c.cell_type == "code"]
    marked = [
        c for c in sources if "translate" in c.metadata and "filled" not in c.source and "AreaMap" not in c.source
    ]
    assert len(marked) >= 4
    scope = {"__name__": "notebook"}
    code = "\n".join(c.source for c in marked)
    exec(cells.needed([c.source for c in sources], code), scope)
    printed = []
    for cell in marked:
        scope.setdefault("explorer", type("Explorer", (), {})())  # a cell gives it the area
        with contextlib.redirect_stdout(io.StringIO()) as text:
            exec(cell.source, scope)
        stored_text = "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")
        assert text.getvalue() == stored_text
        printed.append(text.getvalue())
    assert any(printed)


def test_a_changed_message_is_reported():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Forest\n\nHow much is left?")])
    catalogue = tool.update(notebook, tool.open_catalogue(Path("none.po"), "de"))
    for text, words in {"# Forest": "# Wald", "How much is left?": "Wie viel ist übrig?"}.items():
        catalogue.get(text).string = words
    assert tool.missing(notebook, catalogue) == []
    assert (
        tool.translated(notebook, lambda t: catalogue.get(t).string).cells[0].source == "# Wald\n\nWie viel ist übrig?"
    )
    notebook.cells[0].source = "# Forest\n\nHow much of it is left?"
    tool.update(notebook, catalogue)
    assert tool.missing(notebook, catalogue) == ["How much of it is left?"]


def test_fenced_code_and_links():
    text = "See [it](../docs/x.md), [there](https://x.org).\n\n```python\nx = '[a](b)'\n\ny = 2\n```\n\n</details>"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    assert tool.messages(notebook) == ["See [it](../docs/x.md), [there](https://x.org)."]
    built = tool.translated(notebook, lambda message: message).cells[0].source
    assert built == text.replace("](../docs", "](../../docs")


def test_a_marked_string_must_be_in_its_cell():
    cell = nbformat.v4.new_code_cell("print('a')", metadata={"translate": ["b"]})
    with pytest.raises(ValueError, match="must occur once"):
        tool.translated(nbformat.v4.new_notebook(cells=[cell]), lambda text: text)
