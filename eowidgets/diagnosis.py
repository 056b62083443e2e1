"""``eow doctor``: examine this machine and the front end, with a fix for each problem."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Literal

Level = Literal["good", "note", "bad"]
_SIGNS = {"good": "ok", "note": "--", "bad": "!!"}

#: Package -> its purpose and the oldest version that works.
_PACKAGES = {
    "jupyterlab": ("the lab", (4, 4)),
    "ipykernel": ("widgets that answer while a cell runs", (7, 0)),
    "ipywidgets": ("widgets", (8, 1)),
    "anywidget": ("the viewer", (0, 9)),
    "torch": ("models", (2, 4)),
}
_EXTRAS = {
    "leafmap": ("lab", "richer maps"),
    "geopandas": ("lab", "GeoPackage and GeoDataFrames"),
    "odc.stac": ("stac", "opening STAC searches"),
    "distributed": ("dask", "running on a Dask cluster"),
    "imageio_ffmpeg": ("video", "GIF and MP4"),
    "pyarrow": ("parquet", "GeoParquet"),
    "huggingface_hub": ("hub", "weights from a hub"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one item, and a fix if it is not good."""

    topic: str
    level: Level
    text: str
    mend: str = ""

    def __str__(self) -> str:
        """Return one line, and a second one with the fix."""
        line = f"[{_SIGNS[self.level]}] {self.topic}: {self.text}"
        return f"{line}\n     -> {self.mend}" if self.mend else line


def examine() -> list[Finding]:
    """Examine the kernel's side: versions, extras, device, memory, disk, proxies."""
    checks: tuple[Callable[[], list[Finding]], ...] = (_versions, _extras, _device, _memory, _disk, _network, _runs)
    return [finding for check in checks for finding in check()]


class Report(list[Finding]):
    """Findings that print as lines and show as a table."""

    def __repr__(self) -> str:
        """Return the findings, one per line."""
        return "\n".join(map(str, self))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_SIGNS[f.level]}</td><td>{escape(f.topic)}</td><td>{escape(f.text)}"
            + (f"<br><em>{escape(f.mend)}</em>" if f.mend else "")
            + "</td></tr>"
            for f in self
        )
        return f"<table>{rows}</table>"


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(p) for p in text.split("+")[0].split(".")[:2] if p.isdigit())


def _versions() -> list[Finding]:
    found = [Finding("Python", "good", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    for package, (purpose, oldest) in _PACKAGES.items():
        try:
            have = version(package)
        except PackageNotFoundError:
            mend = "Run  pip install 'eowidgets[lab]'"
            found.append(Finding(package, "note", f"not installed: {purpose} will be missing.", mend))
            continue
        if _parts(have) < oldest:
            wanted = ".".join(map(str, oldest))
            found.append(
                Finding(package, "bad", f"{have} is too old for {purpose}.", f"Run  pip install '{package}>={wanted}'")
            )
        else:
            found.append(Finding(package, "good", have))
    return found


def _extras() -> list[Finding]:
    found = []
    for module, (extra, purpose) in _EXTRAS.items():
        try:
            there = find_spec(module) is not None
        except ModuleNotFoundError:
            there = False
        if not there:
            found.append(
                Finding(module, "note", f"not installed: no {purpose}.", f"Run  pip install 'eowidgets[{extra}]'")
            )
    return found or [Finding("Extras", "good", "all there")]


def _device() -> list[Finding]:
    import torch

    from eowidgets.system import available_cores

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        return [Finding("GPU", "good", f"{name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free")]
    if torch.backends.mps.is_available():
        return [Finding("GPU", "good", "Apple (mps)")]
    cores, mend = available_cores(), ""
    if torch.version.cuda and shutil.which("nvidia-smi"):
        mend = "This torch is built for CUDA but finds no device: check the driver with  nvidia-smi."
    elif shutil.which("nvidia-smi"):
        mend = "There is an NVIDIA driver but this torch is a CPU build: install a CUDA build of torch."
    return [
        Finding(
            "GPU", "note", f"none; models run on {min(cores, torch.get_num_threads())} threads, {cores} CPU cores", mend
        )
    ]


def _memory() -> list[Finding]:
    from eowidgets.system import available_memory

    free = available_memory()
    if free is None:
        return []
    if free < 1e9:
        mend = "Close other kernels, open cubes with a coarser resolution=, or run models with memory='500MB'."
        return [Finding("Memory", "bad", f"{free / 1e9:.1f} GB free", mend)]
    return [Finding("Memory", "good", f"{free / 1e9:.1f} GB free")]


def _disk() -> list[Finding]:
    free = shutil.disk_usage(".").free
    writable = os.access(".", os.W_OK)
    if not writable:
        return [Finding("Disk", "bad", "this folder is read-only", "Give results a path that you may write to.")]
    if free < 1e9:
        return [Finding("Disk", "bad", f"{free / 1e9:.2f} GB free here", "Make room before you save results.")]
    return [Finding("Disk", "good", f"{free / 1e9:.0f} GB free here")]


def _network() -> list[Finding]:
    found = []
    proxies = sorted(k for k in os.environ if k.lower() in ("http_proxy", "https_proxy", "all_proxy"))
    if proxies:
        found.append(Finding("Proxy", "note", f"set by {', '.join(proxies)}; GDAL and STAC clients will use it"))
    if os.environ.get("EOWIDGETS_OFFLINE") == "1":
        found.append(Finding("Network", "note", "EOWIDGETS_OFFLINE=1: nothing will be fetched"))
    return found


def _runs() -> list[Finding]:
    # Only if the engine is loaded: without it there are no runs.
    scheduler = sys.modules.get("eowidgets.engine.scheduler")
    hanging = scheduler.hanging() if scheduler is not None else []
    mend = "Other runs continue; restart the kernel to free the memory that it holds."
    return [
        Finding("Runs", "bad", f"the cancelled run of {work.name[:80]!r} waits for a model that does not return", mend)
        for work in hanging
    ]
