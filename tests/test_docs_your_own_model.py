"""Every example of docs/your-own-model.md is run, in order, as a reader would."""

import re
from pathlib import Path

import numpy as np
import pytest
from support.onnx_file import convolution

import eowidgets as eow
from eowidgets.contract import registry

PAGE = Path(__file__).parent.parent / "docs" / "your-own-model.md"


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the page defines when all its examples have run in an empty folder that has an ONNX file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    rng = np.random.default_rng(0)
    (tmp_path / "network.onnx").write_bytes(convolution(rng.random((2, 2, 1, 1), "float32"), np.zeros(2, "float32")))
    found: dict = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(code, PAGE.name, "exec"), found)
    return found


def test_every_example_runs_and_does_what_the_text_says(names):
    cube, result, green = names["cube"], names["result"], names["green"]
    assert result.cover.dims == ("time", "y", "x")
    assert set(np.unique(result.cover)) <= {0, 1, 255}
    assert "provenance" in result.attrs
    corner = cube.isel(time=slice(0, 1), y=slice(0, 40), x=slice(0, 40))
    options = {"precision": "fp32"}
    a, b = (eow.run(names[m], corner, **options).cover_probability for m in ("exported", "scripted"))
    np.testing.assert_allclose(a, b, atol=1e-5)
    assert eow.run(names["onnx"], corner).red.shape == (1, 40, 40)
    ndvi = ((cube.nir - cube.red) / np.maximum(cube.nir + cube.red, 1e-3)).where(cube.eow.usable)
    np.testing.assert_allclose(green.greenest, ndvi.quantile(0.9, "time"), atol=1e-4, equal_nan=True)


def test_the_page_stays_short():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 100
