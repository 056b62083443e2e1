"""Measure every notebook from a cold start: ``python tools/measure_notebooks.py [NOTEBOOK ...]``.

Each runs in a separate process on two cores, in a new kernel, and the memory of the process and its
children is sampled. The result is a Markdown table. Notebooks are not changed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

FOLDER = Path(__file__).parents[1] / "notebooks"
#: Seconds between two samples of the memory.
EVERY = 0.2
GIGABYTE = 1e9


def measure(notebook: Path, cores: int, threads: int, limit: float | None) -> tuple[float, float, int]:
    """Run a notebook.

    Parameters
    ----------
    notebook : Path
    cores : int
        Number of cores of the process.
    threads : int
        Of torch. Two on Binder (``binder/start``); one where others use the cores too, because threads that wait for
        each other are many times slower.
    limit : float or None
        Gigabytes of address space that each process may take (``ulimit -v``); None is no limit.

    Returns
    -------
    (float, float, int)
        Seconds, peak of the resident memory of all its processes in gigabytes, and the exit code.
    """

    def prepare() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
        if limit is not None:
            most = int(limit * GIGABYTE)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))

    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--output-dir", out]
        settings = {"OMP_NUM_THREADS": str(threads), "MALLOC_ARENA_MAX": "2", "EOWIDGETS_OFFLINE": "1"}
        start = time.monotonic()
        process = subprocess.Popen(
            [*command, "--ExecutePreprocessor.timeout=900", "--log-level=ERROR", str(notebook)],
            env={**os.environ, **settings},
            preexec_fn=prepare,
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(EVERY)
        return time.monotonic() - start, peak / GIGABYTE, process.returncode


def _memory(pid: int) -> int:
    total = 0
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        for one in [parent, *parent.children(recursive=True)]:
            with suppress(psutil.Error):
                total += one.memory_info().rss
    return total


def main() -> int:
    """Print the table; return how many notebooks failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2, help="of torch; 1 on a machine that others use too")
    parser.add_argument("--limit", type=float, help="gigabytes of address space per process")
    asked = parser.parse_args()
    print("| notebook | seconds | peak memory (GB) | load of the machine before |\n|---|---|---|---|")
    failed = 0
    for notebook in asked.notebooks:
        load = os.getloadavg()[0]
        seconds, memory, code = measure(notebook, asked.cores, asked.threads, asked.limit)
        failed += code != 0
        state = "" if code == 0 else f" (failed, exit code {code})"
        print(f"| {notebook.stem}{state} | {seconds:.0f} | {memory:.2f} | {load:.1f} |", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
