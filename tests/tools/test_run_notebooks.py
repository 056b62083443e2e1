"""Running a notebook stores its outputs and nothing else."""

from __future__ import annotations

import re

import nbformat
import run_notebooks as tool


def test_outputs_are_stored_without_time_stamps_and_without_the_cell_that_measures(tmp_path, capsys):
    cells = [
        nbformat.v4.new_markdown_cell("# A page"),
        nbformat.v4.new_code_cell("x = 6 * 7"),
        nbformat.v4.new_code_cell("print(x)"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "page.ipynb"
    nbformat.write(notebook, path)
    tool.main([path])
    stored = nbformat.read(path, 4)
    assert [c.source for c in stored.cells] == ["# A page", "x = 6 * 7", "print(x)"]
    assert [o.text for o in stored.cells[2].outputs] == ["42\n"]
    assert [c.execution_count for c in stored.cells[1:]] == [1, 2]
    assert all("execution" not in c.metadata for c in stored.cells)
    assert "widgets" not in stored.metadata
    assert re.search(
        r"page\.ipynb: \d+ s \(\d+ s of processor time\), \d\.\d\d GB of memory, file of \d+ kB",
        capsys.readouterr().out,
    )
