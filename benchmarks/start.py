"""Time until the first picture: import, open a sample, Explorer on screen.

``python benchmarks/start.py`` prints a table. Each import is timed in a fresh process, several times, next to a
named peer in the same run; the Explorer is timed in JupyterLab under headless Chromium, in a warm kernel, from
the moment the cell is sent until the map's and the viewer's first picture are on the page.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

RUNS = 5
IMPORTS = {
    "import eowidgets": "import eowidgets",
    "import xarray": "import xarray",
    "import leafmap": "import leafmap",
    "eow.open('romania') after import eowidgets": "import eowidgets as eow\nstart()\neow.open('romania')",
}
TIMER = """
import time
begin = time.perf_counter()
def start():
    global begin
    begin = time.perf_counter()
{code}
print(time.perf_counter() - begin)
"""


def seconds(code: str) -> float:
    times = []
    for _ in range(RUNS + 1):
        out = subprocess.run(
            [sys.executable, "-c", TIMER.format(code=code)], capture_output=True, text=True, check=True
        )
        times.append(float(out.stdout.split()[-1]))
    return statistics.median(times[1:])  # the first run filled the disk cache


def explorer() -> float:
    from support.lab import lab_session

    warm = "import eowidgets as eow\ncube = eow.open('romania')\nfirst = eow.Explorer(cube); first"
    with lab_session() as lab:
        page = lab.open([warm], size=(1280, 800))
        page.run_all()
        page.page.locator(".eow-viewer[data-drawn]").first.wait_for()
        times = []
        for _ in range(3):
            shown = page.page.locator(".eow-viewer[data-drawn]").count()
            begin = time.perf_counter()
            page.page.evaluate(
                "async (source) => { const nb = window._eow_notebook;"
                "nb.content.model.sharedModel.addCell({cell_type: 'code', source});"
                "nb.content.activeCellIndex = nb.content.model.cells.length - 1;"
                "window.jupyterapp.commands.execute('notebook:run-cell'); }",
                "eow.Explorer(cube)",
            )
            page.page.wait_for_function(
                "n => document.querySelectorAll('.eow-viewer[data-drawn]').length > n"
                " && document.querySelectorAll('.leaflet-container').length > n",
                arg=shown,
            )
            times.append(time.perf_counter() - begin)
        return statistics.median(times)


def main() -> None:
    measured = {name: seconds(code) for name, code in IMPORTS.items()}
    measured["Explorer on screen, warm kernel"] = explorer()
    rival = measured["import leafmap"]
    print(f"{'what':48} {'seconds':>8} {'/ import leafmap':>17}")
    for name, value in measured.items():
        print(f"{name:48} {value:8.3f} {value / rival:17.2f}")


if __name__ == "__main__":
    main()
