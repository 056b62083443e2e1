"""Run the notebooks and store their outputs: ``python tools/run_notebooks.py [NOTEBOOK ...]``.

Time stamps and the state of widgets are not stored, so that notebooks stay small and diffs readable. The picture of a
widget (``tools/store_pictures.py``) stays as long as the widget's text is the same. The seconds, processor time and peak memory
of each kernel are printed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

VIEW = "application/vnd.jupyter.widget-view+json"
FOLDER = Path(__file__).parents[1] / "notebooks"
_USAGE = "import resource; u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime, u.ru_maxrss)"


def main(paths: list[Path]) -> None:
    """Run each notebook in place."""
    for path in paths or sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        before = [list(cell.get("outputs", [])) for cell in notebook.cells]
        start = time.monotonic()
        processor, kilobytes = execute(notebook, path.parent)
        seconds = time.monotonic() - start
        for cell, outputs in zip(notebook.cells, before, strict=True):
            if cell.cell_type == "code":
                keep_pictures(outputs, cell.outputs)
        nbformat.write(notebook, path)
        size = path.stat().st_size / 1e3
        took = f"{seconds:.0f} s ({processor:.0f} s of processor time), {kilobytes / 1e6:.2f} GB of memory"
        print(f"{path.name}: {took}, file of {size:.0f} kB", flush=True)


def execute(notebook: Any, folder: Path) -> tuple[float, float]:
    """Execute a notebook in place; return the processor seconds and the peak memory of its kernel in kB."""
    notebook.cells.append(nbformat.v4.new_code_cell(_USAGE))
    client = NotebookClient(
        notebook,
        timeout=600,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    processor, peak = map(float, notebook.cells.pop().outputs[0]["text"].split())
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return processor, peak


def keep_pictures(before: list[Any], after: list[Any]) -> None:
    """Restore the stored pictures of widgets in place if the text next to them is the same."""
    for old, new in zip(before, after, strict=False):
        stored, got = old.get("data", {}), new.get("data", {})
        if "image/png" in stored and VIEW in got and stored.get("text/plain") == got.get("text/plain"):
            new["data"], new["metadata"] = old["data"], old["metadata"]


if __name__ == "__main__":
    main([Path(p) for p in sys.argv[1:]])
