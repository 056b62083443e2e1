"""Every Python block of README and docs runs, in order, in one namespace a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.cube.grid import pixel
from eowidgets.models.cluster.confident import training

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *(
        f"docs/{name}.md"
        for name in (
            "accuracy",
            "opening-data",
            "packaging",
            "running-models",
            "change",
            "compared",
            "change-networks",
            "clusters",
            "embeddings",
            "encoders",
            "finding-data",
            "forecasting",
            "ask",
            "viewer",
            "outputs",
            "parcels",
            "plug-ins",
            "report",
            "training",
            "labels",
            "local-store",
            "seasons-and-trends",
            "similar-places",
            "stations",
            "style",
            "teach-panel",
            "teaching",
            "trainable-models",
            "workshops",
            "your-own-files",
        )
    ),
]


@pytest.mark.parametrize("page", PAGES)
def test_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    registry.model_classes()  # all families are loaded, so that only what follows is undone
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    # There is no cluster at that address, and tests/engine/test_cluster_readme.py runs the README's own cluster.
    runnable = [b for b in blocks if "tcp://" not in b and not (page == "README.md" and "LocalCluster" in b)]
    assert runnable
    # A part of the sample where every pixel costs time: to choose a method for all of it takes minutes.
    if page in ("README.md", "docs/forecasting.md"):
        sample = eow.open("romania")
        row, column = pixel(sample, 22.1515, 45.2029)
        part = sample.isel(y=slice(row - 16, row + 16), x=slice(column - 16, column + 16))
        real = eow.open
        monkeypatch.setattr(
            eow, "open", lambda source, **k: part if (source, k) == ("romania", {}) else real(source, **k)
        )
    monkeypatch.setattr(training, "STEPS", 4)  # of cluster-confident
    scope: dict = {"__name__": "docs"}
    for block in runnable:
        exec(compile(block, page, "exec", dont_inherit=True), scope)


@pytest.mark.parametrize("page", [*PAGES, "docs/architecture.md", "docs/glossary.md", "docs/notebook-tests.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target
