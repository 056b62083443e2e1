"""Every example of docs/your-own-model.md is run, in order, as a reader would."""

import re
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import torch
from support.onnx_file import convolution
from support.toys import CARD

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.feeds import Feed
from eowidgets.contract.outputs import Gathered, Mosaic
from eowidgets.testing import check_model, tiny_cube

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


def rows(heading):
    """The cells of the table below a heading."""
    part = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `eow.")]
    return [[cell.strip() for cell in re.split(r" \| ", line.strip("| "))] for line in lines]


def code_in(cell):
    return re.findall(r"`([^`]+)`", cell)


STUB = re.findall(r" as (\w+)$", Path(eow.__file__).with_name("__init__.pyi").read_text(), re.MULTILINE)
INPUTS, OUTPUTS = rows("Every kind of input"), rows("Every kind of output")


def small_model(feed, output, predict):
    members = {"name": "of-a-table", "task": eow.Task.REGRESS, "card": CARD, "feed": feed}
    methods = {"outputs": lambda self, bands: (output,), "predict": lambda self, batch: predict(batch)}
    return type("OfATable", (eow.Model,), members | methods)


def test_the_tables_name_every_kind():
    inputs, outputs = (" ".join(row[0] for row in table) for table in (INPUTS, OUTPUTS))
    public = [name for name in STUB if isinstance(getattr(eow, name), type)]
    kinds = {name for name in public if issubclass(getattr(eow, name), Mosaic | Gathered)} - {
        "Output"
    }  # of the first release
    feeds = {name for name in public if issubclass(getattr(eow, name), Feed)}
    assert len(kinds) >= 8
    assert len(feeds) >= 4
    assert {name for name in kinds if f"eow.{name}(" not in outputs} == set()
    assert {name for name in feeds if f"eow.{name}(" not in inputs} == set()


def test_the_first_example_passes_the_check_that_the_page_names(names):
    assert check_model("greenest").problems == ()


def test_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", PAGE.read_text(encoding="utf-8"))
    assert len(links) >= 4
    for target, heading in links:
        text = (PAGE.parent / target).read_text(encoding="utf-8")
        titles = {
            re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-")
            for t in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert not heading or heading in titles


@pytest.mark.parametrize(("output", "returned", "held"), OUTPUTS, ids=[code_in(row[0])[0] for row in OUTPUTS])
def test_every_row_of_the_outputs_runs(output, returned, held):
    setup = code_in(PAGE.read_text(encoding="utf-8").split("\nWith ")[1])[0]
    scope = {"eow": eow, "torch": torch}
    exec(setup, scope)
    feed = eow.Windows(bands=("red", "nir"), multiple=8)
    model = small_model(
        feed, eval(code_in(output)[0], scope), lambda b: eval(code_in(returned)[0], {**scope, "batch": b})
    )
    found = eow.run(model, tiny_cube())
    assert code_in(held)
    assert set(code_in(held)) <= set(found)


@pytest.mark.parametrize(("feed", "x", "calls"), INPUTS, ids=[code_in(row[0])[0] for row in INPUTS])
def test_every_row_of_the_inputs_runs(feed, x, calls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cube, shapes = tiny_cube(), []

    def predict(batch):
        shapes.append(batch.x.shape)
        assert [name for name in batch.sources if name not in calls] == []
        over = tuple(range(1, batch.x.dim() - (2 if isinstance(model.feed, eow.Windows) else 0)))
        return {"mean": batch.x.mean(over)}

    model = small_model(eval(code_in(feed)[0], {"eow": eow}), eow.Value("mean"), predict)
    points = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(cube.x.values[[18, 22]], cube.y.values[[18, 22]]), crs=str(cube.rio.crs)
    )
    pixel = cube.isel(y=20, x=20).to_dataframe().reset_index()
    (tmp_path / "folder").mkdir()
    with rasterio.open(
        tmp_path / "folder" / "a.tif", "w", driver="GTiff", width=16, height=16, count=2, dtype="float32"
    ) as file:
        file.write(np.full((2, 16, 16), 0.5, "float32"))
    scope = {
        "eow": eow,
        "model": model,
        "cube": cube,
        "radar": cube[["red"]].rename(red="vv"),
        "points": points,
        "polygons": points.assign(geometry=points.buffer(60)),
        "table": pixel[["time", "red", "nir"]].assign(id="a"),
    }
    axes = code_in(x)[0].strip("()").split(", ") if x.startswith("`(") else ["b", "t", "c", "h", "w"]
    for call in code_in(calls):
        found = eval(call, scope)
        assert np.isfinite(found["mean"]).any()
        assert len(shapes[-1]) == len(axes)
        assert all(int(n) == size for n, size in zip(axes, shapes[-1], strict=True) if n.isdigit())


def test_the_page_stays_short():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 100
