"""Tiny plug-in packages in a folder on the path: a module and the metadata that pip would write."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.contract import catalogue, registry
from eowidgets.errors import InputError, ModelError, SourceError

MODEL = """
import eowidgets as eow

class Double(eow.Model):
    name, task = "plugged-double", eow.Task.REGRESS
    card = eow.Card(title="Twice the red", licence="MIT")
    feed = eow.Windows(bands=("red",))

    def outputs(self, bands):
        return (eow.Value("twice"),)

    def predict(self, batch):
        return {"twice": 2 * batch.x[:, :, 0].amax(dim=1)}
"""
INDEX = """
[[model]]
name = "plugged-double"
task = "regress"
title = "Twice the red"
licence = "MIT"
"""
SOURCE = """
import numpy as np, xarray as xr
asked = []

def opens(source):
    return isinstance(source, str) and source.startswith("toy:")

def open(source, **request):
    asked.append(request)
    if source == "toy:broken":
        raise KeyError("no such scene")
    if source == "toy:text":
        return "a text"
    time = np.array(["2020-01-01", "2020-02-01"], "datetime64[ns]")
    red = xr.DataArray(np.full((2, 4, 4), 0.25, "float32"), dims=("time", "y", "x"),
        coords={"time": time, "y": 5e6 - 10.0 * np.arange(4), "x": 4e5 + 10.0 * np.arange(4)})
    return xr.Dataset({"red": red, "nir": 2 * red}).rio.write_crs("EPSG:32631")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that installs a package with files and entry points for the time of a test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    before = set(sys.modules)

    def done(package, points, **files):
        folder = tmp_path / package
        folder.mkdir()
        for name, text in {"__init__": "", **files}.items():
            (folder / (name if "." in name else f"{name}.py")).write_text(text)
        note = tmp_path / f"{package}-1.0.dist-info"
        note.mkdir()
        (note / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (note / "entry_points.txt").write_text(points)
        return tmp_path

    yield done
    for name in set(sys.modules) - before:
        if name.partition(".")[0].startswith("toyplug"):
            del sys.modules[name]
    catalogue.read_index.cache_clear()


def test_a_model_of_a_plugin_is_listed_made_and_run(install, make_cube):
    install("toyplug", "[eowidgets.models]\nplugged-double = toyplug.net:Double\n", net=MODEL)
    (row,) = eow.list_models("plugged-*")
    assert (row["task"], row["title"], row["licence"]) == ("regress", "Twice the red", "MIT")
    assert registry.get_model("plugged-double").name == "plugged-double"
    cube = make_cube(dates=2, height=4, width=4, clouds=0.0)
    np.testing.assert_allclose(eow.run("plugged-double", cube).twice, 2 * cube.red.max("time"), rtol=1e-6)
    assert "plugged-double" in {m.name for m in registry.model_classes("regress")}
    with pytest.raises(InputError, match="Did you mean 'plugged-double'"):
        registry.get_model("plugged-duble")


@pytest.mark.parametrize("index", [True, False])
def test_plugins_are_listed_without_torch(install, index):
    files = {"net": MODEL, **({"models.toml": INDEX} if index else {})}
    path = install("toyplug", "[eowidgets.models]\nplugged-double = toyplug.net:Double\n", **files)
    code = (
        f"import sys; sys.path.insert(0, {str(path)!r}); import eowidgets as eow; (row,) = eow.list_models('plugged-*'); "
        "print(row['task'] or 'unknown', 'torch' in sys.modules, len(eow.list_models('plugged-*', task='regress')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["regress" if index else "unknown", "False", "1"]


@pytest.mark.parametrize(
    ("points", "files", "message"),
    [
        (
            "plugged-bad = toyplug.net:Double",
            {"net": "raise RuntimeError('too old')"},
            "failed when it was imported .too old",
        ),
        ("plugged-bad = toyplug.none:Double", {}, "failed when it was imported"),
        ("plugged-bad = toyplug_gone:Double", {}, "has no module 'toyplug_gone'"),
        (
            "plugged-bad = toyplug.net:Double",
            {"net": MODEL},
            "points to 'toyplug.net:Double', which is not a model of that name",
        ),
        ("plugged-bad = toyplug.net:Double", {"net": "Double = 3"}, ".*which is not a model of that name"),
        ("harmonic = toyplug.net:Double", {"net": MODEL}, "has the name of a model of eowidgets"),
    ],
)
def test_a_broken_plugin_is_one_warning_and_the_list_stays(install, points, files, message):
    whole = len(eow.list_models())
    install("toyplug", f"[eowidgets.models]\n{points}\n", **files)
    name = points.split()[0]
    with pytest.warns(UserWarning, match=f"The plug-in '{name}' of the package 'toyplug' {message}") as caught:
        found = eow.list_models()
    assert len(found) == whole and len(caught) == 1
    if name == "harmonic":
        assert registry.model_class(name).__module__.startswith("eowidgets.")
    else:
        with pytest.raises(ModelError, match=name):
            registry.get_model(name)


def test_a_class_of_another_name_than_its_list_is_refused_when_it_is_used(install):
    files = {"net": MODEL.replace("plugged-double", "plugged-other"), "models.toml": INDEX}
    install("toyplug", "[eowidgets.models]\nplugged-double = toyplug.net:Double\n", **files)
    assert len(eow.list_models("plugged-*")) == 1
    with pytest.raises(ModelError, match="points to 'toyplug.net:Double', which is not a model of that name"):
        registry.get_model("plugged-double")


def test_a_wrong_list_of_a_plugin_is_one_warning(install):
    files = {"net": MODEL, "models.toml": "[[model]]\nnam = 'x'"}
    install("toyplug", "[eowidgets.models]\nplugged-double = toyplug.net:Double\n", **files)
    with pytest.warns(UserWarning, match=r"plug-in 'plugged-double' .*models\.toml"):
        assert eow.list_models("plugged-*") == []


def test_a_source_of_a_plugin_is_opened_and_cut(install):
    install("toyplug_source", "[eowidgets.sources]\ntoy = toyplug_source.reader\n", reader=SOURCE)
    cube = eow.open("toy:scene", dates="2020-02", bands=["nir"])
    assert cube.eow.bands == ("nir",) and cube.sizes["time"] == 1
    np.testing.assert_allclose(cube.nir, 0.5)
    asked = sys.modules["toyplug_source.reader"].asked[0]
    assert asked["dates"] == "2020-02" and asked["bands"] == ["nir"]
    with pytest.raises(SourceError, match="plug-in 'toy' .* could not open 'toy:broken' .*no such scene"):
        eow.open("toy:broken")
    with pytest.raises(SourceError, match="returned 'a text' for 'toy:text': it must return an xarray Dataset"):
        eow.open("toy:text")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="no sample, catalogue, file or folder named 'toyscene'"):
            eow.open("toyscene")


@pytest.mark.parametrize("reader", ["raise ImportError('gone')", "def opens(source):\n    raise ValueError('odd')", ""])
def test_a_broken_source_is_one_warning_and_others_are_opened(install, tmp_path, reader):
    install("toyplug_source", "[eowidgets.sources]\ntoy = toyplug_source.reader\n", reader=reader)
    xr.Dataset(
        {"red": (("time", "y", "x"), np.ones((1, 2, 2), "float32"))},
        {"time": np.array(["2020-01-01"], "datetime64[ns]"), "y": [20.0, 10.0], "x": [10.0, 20.0]},
    ).rio.write_crs("EPSG:32631").to_netcdf(tmp_path / "a.nc")
    with pytest.warns(UserWarning, match="The plug-in 'toy' of the package 'toyplug-source|toyplug_source'") as caught:
        assert eow.open(tmp_path / "a.nc").sizes["y"] == 2
    assert len([w for w in caught if "plug-in" in str(w.message)]) == 1
