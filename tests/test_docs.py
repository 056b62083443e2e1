"""Every Python block of README and docs runs, in order, in one namespace a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import eowidgets as eow
from eowidgets.contract import registry

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
    if page == "README.md":  # choosing a method to fill all of the sample takes two minutes
        sample = eow.open("romania").isel(y=slice(30, 62), x=slice(30, 62))
        monkeypatch.setattr(eow, "open", {"romania": sample}.__getitem__)
    scope: dict = {"__name__": "docs"}
    for block in runnable:
        exec(compile(block, page, "exec", dont_inherit=True), scope)


@pytest.mark.parametrize("page", [*PAGES, "docs/architecture.md", "docs/glossary.md", "docs/notebook-tests.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target
