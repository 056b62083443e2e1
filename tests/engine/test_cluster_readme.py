"""The README's example of a cluster, as it is printed there, gives what a run here gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xarray as xr

import eowidgets as eow

pytest.importorskip("distributed")

README = Path(__file__).parents[2] / "README.md"


def test_the_example_gives_the_result_of_this_machine(romania, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (example,) = (b for b in blocks if "LocalCluster" in b)
    scope = {"__name__": "docs", "eow": eow, "cube": romania}
    exec(compile(example, "README.md", "exec", dont_inherit=True), scope)
    expected = eow.run("harmonic", romania)
    xr.testing.assert_equal(scope["fit"].load(), expected)
    assert (tmp_path / "fit.zarr").is_dir()
