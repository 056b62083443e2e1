from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest

import eowidgets as eow
from eowidgets.analysis.notebook import write_notebook
from eowidgets.errors import InputError, SourceError
from eowidgets.widgets.panels.notebook_export import session


def test_a_session_runs_again_under_nbval(romania, tmp_path):
    panel = eow.ModelPanel(romania, "fill-linear")
    panel.area = (22.146, 45.201, 22.150, 45.204)
    panel.dates = ("2018-01-01", "2018-12-31")
    panel.set(max_gap=30.0)
    job = panel.run()
    expected = job.result(60)
    path = panel.to_notebook(tmp_path / "session.ipynb")
    book = nbformat.read(path, 4)
    book.cells.append(nbformat.v4.new_code_cell("print(dict(result.sizes))"))
    sizes = nbformat.v4.new_output("stream", name="stdout", text=f"{dict(expected.sizes)}\n")
    book.cells[-1].outputs, book.cells[-1].execution_count = [sizes], 1
    nbformat.write(book, path)
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", str(path)]
    env = {**os.environ, "EOWIDGETS_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_the_same_session_gives_the_same_file(tmp_path):
    cells = session("eow.open('romania')", {"a": "import eowidgets as eow\n\ncube = eow.open('romania')\nresult = 1"})
    one, two = write_notebook(tmp_path / "1.ipynb", "T", cells), write_notebook(tmp_path / "2.ipynb", "T", cells)
    assert one.read_bytes() == two.read_bytes()
    code = [c.source for c in nbformat.read(one, 4).cells if c.cell_type == "code"]
    assert code == ["import eowidgets as eow", "cube = eow.open('romania')", "result = 1", "eow.TimeViewer(result)"]


def test_refusals_leave_nothing(tmp_path, make_cube):
    with pytest.raises(InputError, match=r"must end in \.ipynb"):
        write_notebook(tmp_path / "x.txt", "T", [])
    with pytest.raises(SourceError, match="could not be written"):
        write_notebook(tmp_path / "none" / "x.ipynb", "T", [])
    kept = write_notebook(tmp_path / "x.ipynb", "T", [])
    with pytest.raises(InputError, match="already"):
        write_notebook(kept, "T", [], replace=False)
    with pytest.raises(InputError, match="not as eow.open returns it"):
        eow.ModelPanel(make_cube()).to_notebook(tmp_path / "y.ipynb")
    assert [p.name for p in tmp_path.iterdir()] == ["x.ipynb"]
