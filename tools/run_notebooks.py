"""Run the notebooks and store the outputs that tests compare: ``python tools/run_notebooks.py [notebook ...]``.

Cells tagged ``nbval-ignore-output`` (charts, whose HTML differs from run to run) are stored without output, and no
widget state is kept: a notebook stays small and its diffs readable. With ``keep-output`` beside it the output stays: what a
network says that the notebook itself has trained, which differs by a percent from one processor to another.

The picture of a widget (``tools/store_pictures.py``) stays as long as the widget's text is the same.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

VIEW = "application/vnd.jupyter.widget-view+json"
FOLDER = Path(__file__).parents[1] / "notebooks"


def main(paths: list[Path]) -> None:
    """Run each in place."""
    for path in paths or sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        before = [list(cell.get("outputs", [])) for cell in notebook.cells]
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
        notebook.metadata.pop("widgets", None)
        notebook.metadata["language_info"] = {"name": "python"}
        for cell, outputs in zip(notebook.cells, before, strict=True):
            cell.metadata.pop("execution", None)
            tags = cell.metadata.get("tags", [])
            if "nbval-ignore-output" in tags and "keep-output" not in tags:
                cell.outputs = []
            if cell.cell_type == "code":
                keep_pictures(outputs, cell.outputs)
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


def keep_pictures(before: list[Any], after: list[Any]) -> None:
    """Put the stored pictures of widgets back, in place, where the text next to them is the same."""
    for old, new in zip(before, after, strict=False):
        stored, got = old.get("data", {}), new.get("data", {})
        if "image/png" in stored and VIEW in got and stored.get("text/plain") == got.get("text/plain"):
            new["data"], new["metadata"] = old["data"], old["metadata"]


if __name__ == "__main__":
    main([Path(p) for p in sys.argv[1:]])
