"""The notebooks as one course: the same frame, numbers that agree, and solutions that run."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import diagrams
import notebook_cells as cells
import pytest

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [p.stem[:2] for p in PATHS]
ORIGINALS_AND_COPIES = sorted((ROOT / "notebooks").rglob("*.ipynb"))
GLOSSARY = ROOT / "docs" / "glossary.md"
MAX_LINES = 28
MAX_BYTES = 6_000_000

#: Numbers in the prose that a notebook sets or cites, and does not compute.
DEFINED = {
    "01": {"40%"},  # dates with more cloud are hidden
    "02": {"90%"},  # an exercise
    "03": {"0.1ha", "0.3ha"},  # the smallest places
    "04": {"80%", "50%"},  # intervals
    "05": {"0.05ha", "60%"},  # the smallest patches of an answer; an exercise
    "06": {"0.2ha"},  # the smallest clearings
    "07": {"90%"},  # intervals
    "08": {"2%", "3%", "5%", "95%"},  # standard errors, significance, intervals
    "09": set(),
    "10": set(),
    "11": {"80%"},
}
AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(ha\b|hectares\b|%)")


def amounts(text):
    """Return all hectares and percentages of a text, as in ``16.9ha``, ``58%``."""
    return {number.replace(",", ".") + ("%" if unit == "%" else "ha") for number, unit in AMOUNT.findall(text)}


def outputs(notebook):
    return "\n".join(cells.output_text(c) for c in notebook.cells if c.cell_type == "code")


@pytest.fixture(params=PATHS, ids=NAMES)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return cells.read(path)


def test_numbers_are_unique_and_in_order():
    assert len(set(NAMES)) == len(NAMES) >= 8
    assert NAMES[:8] == [f"{k:02d}" for k in range(1, 9)]


def test_the_frame_is_the_same_in_all(path, notebook):
    first, diagram, *_, last = cells.markdown_cells(notebook)
    goals = first.split("**You will learn to**")[1]
    assert len(re.findall(r"^\d\. ", goals, re.MULTILINE)) == 3
    for row in ("| Data |", "| Time, memory |", "| Extras |", "| Terms | [Glossary](../docs/glossary.md) |"):
        assert row in first
    # As HTML: Voilà refuses a page with a Markdown image outside its folder.
    target, alt = re.fullmatch(r'<img src="(\S+\.svg)" alt="(.{30,})">', diagram).groups()
    assert (path.parent / target).is_file(), alt
    assert "**Next:** [" in last
    text = "\n".join(cells.markdown_cells(notebook))
    assert "> **Definition: " in text
    assert "With your own data" in text
    assert any("eow.open(path)" in code for code in cells.code_cells(notebook))
    assert len(cells.solutions(notebook)) == 2


def test_links_lead_somewhere(path, notebook):
    for text in cells.markdown_cells(notebook):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text):
            assert (path.parent / target).exists(), target


def test_cells_are_short(notebook):
    for code in cells.code_cells(notebook):
        assert len(code.splitlines()) <= MAX_LINES, code[:80]


def test_all_cells_were_run_and_none_failed(notebook):
    codes = [c for c in notebook.cells if c.cell_type == "code"]
    assert [c.execution_count for c in codes] == list(range(1, len(codes) + 1))
    assert not [o for c in codes for o in c.outputs if o.output_type == "error" or o.get("name") == "stderr"]


def test_numbers_in_the_prose_are_those_of_the_outputs(path, notebook):
    prose = "\n".join(cells.without_solutions(text) for text in cells.markdown_cells(notebook))
    given = amounts(outputs(notebook)) | DEFINED[path.stem[:2]]
    assert amounts(prose) <= given


def test_amounts_are_found():
    assert amounts("16.9 ha of 100 ha, 58 %, 3% and 2,5 hectares; 0.15 NDVI, 10 m") == {
        *("16.9ha", "100ha", "58%", "3%", "2.5ha"),
    }


def glossary_rows():
    table = GLOSSARY.read_text(encoding="utf-8").split("## Hectares in the notebooks")[1]
    return re.findall(r"^\| (\d+(?:\.\d)?) \| (.+?) \| (.+?) \| (.+?) \|$", table, re.MULTILINE)


def test_the_glossary_has_the_numbers_of_the_notebooks():
    rows = glossary_rows()
    assert len(rows) >= 5
    named = set()
    for hectares, _, _, where in rows:
        for link in re.findall(r"\((\.\./notebooks/\S+\.ipynb)\)", where):
            notebook = cells.read(GLOSSARY.parent / link)
            assert f"{hectares}ha" in amounts(outputs(notebook)), (hectares, link)
            named.add(Path(link).stem[:2])
    assert {"01", "03", "04", "05", "07"} <= named


def test_solutions_give_what_the_notebook_states(notebook, monkeypatch, tmp_path):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    solutions = cells.solutions(notebook)
    scope = {"__name__": "notebook"}
    exec(cells.needed(cells.code_cells(notebook), "\n".join(s.code for s in solutions)), scope)
    for solution in solutions:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(solution.code, scope)
        assert printed.getvalue().strip() == solution.output.strip(), solution.code


def test_needed_statements_are_found():
    codes = [
        "import numpy as np\na = np.ones(3)\nslow = 1 / 0",
        "b = a + 1\nb[0] = 7\nprint(slow)",
        "c = {}\nc['x'] = b",
    ]
    scope = {}
    exec(cells.needed(codes, "c['x'].sum()"), scope)
    assert scope["c"]["x"].tolist() == [7, 2, 2]
    assert "slow" not in scope


def test_nothing_of_this_machine_is_stored():
    for path in ORIGINALS_AND_COPIES:
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text, path
        assert not re.search(r"/(home|root|tmp|Users)/", text), path


def test_notebooks_are_small():
    assert sum(p.stat().st_size for p in ORIGINALS_AND_COPIES) < MAX_BYTES


def test_diagrams_are_those_of_the_tool():
    for name, (title, steps) in diagrams.DIAGRAMS.items():
        stored = ROOT / "docs" / "images" / f"notebook-{name}.svg"
        assert stored.read_text(encoding="utf-8") == diagrams.draw(title, steps), (
            f"run  python tools/diagrams.py  for {name}"
        )
