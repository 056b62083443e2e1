"""Run the notebooks and store the outputs that tests compare: ``python tools/run_notebooks.py [notebook ...]``.

Cells tagged ``nbval-ignore-output`` (charts, whose HTML differs from run to run) are stored without output, and no
widget state is kept: a notebook stays small and its diffs readable. With ``keep-output`` beside it the output stays: what a
network says that the notebook itself has trained, which differs by a percent from one processor to another.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


def main(paths: list[Path]) -> None:
    """Run each in place."""
    for path in paths or sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
        notebook.metadata.pop("widgets", None)
        notebook.metadata["language_info"] = {"name": "python"}
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
            tags = cell.metadata.get("tags", [])
            if "nbval-ignore-output" in tags and "keep-output" not in tags:
                cell.outputs = []
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main([Path(p) for p in sys.argv[1:]])
