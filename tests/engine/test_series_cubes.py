"""Models of series over cubes: every pixel is one series."""

import numpy as np
import pytest
import torch
import xarray as xr
from support.series import Course, Mean, Told
from support.toys import CLASSES

import eowidgets as eow
from eowidgets.contract.feeds import series
from eowidgets.engine.journal import Journal
from eowidgets.engine.run import make_job


@pytest.fixture
def cube(make_cube):
    cube = make_cube(dates=5, height=30, width=21, clouds=0.3)
    cube["red"][:, 3, 4] = np.nan
    cube["valid"][1, 5:9] = False
    return cube


def usable_mean(cube):
    seen = cube.valid & ~cube.clouds & cube.red.notnull()
    return cube.red.where(seen).mean("time").values


def test_every_pixel_has_its_result(cube):
    found = eow.run(Course, cube)
    mean = usable_mean(cube)
    np.testing.assert_allclose(found["mean"], mean, atol=1e-6)
    measured = (cube.valid & cube.red.notnull()).values
    expected = np.where(measured & np.isfinite(mean), cube.red - np.nan_to_num(mean), np.nan)
    seen = np.isfinite(expected) & np.isfinite(found["anomaly"].values)
    np.testing.assert_allclose(found["anomaly"].values[seen], expected[seen], atol=1e-6)
    np.testing.assert_array_equal(np.isfinite(found["anomaly"]), measured)
    np.testing.assert_allclose(found["embedding"], np.stack([mean, -mean]), atol=1e-6)
    np.testing.assert_array_equal(found["cover"].values == CLASSES[0].value, mean > 0.5)
    assert not found["valid"][:, 3, 4].any()


@pytest.mark.parametrize("options", [{"window": 16}, {"window": 7, "batch": 3}, {"window": 30, "batch": 1}])
def test_windows_and_batches_change_nothing(cube, options):
    xr.testing.assert_allclose(eow.run(Course, cube), eow.run(Course, cube, **options), atol=1e-6)


def test_strips_change_nothing(cube, monkeypatch):
    whole, sizes = eow.run(Course, cube), []
    monkeypatch.setattr(series, "STRIP", 50)

    class Counted(Course):
        def predict(self, batch):
            sizes.append(len(batch.x))
            return super().predict(batch)

    xr.testing.assert_allclose(whole, eow.run(Counted, cube), atol=1e-6)
    assert max(sizes) <= 50 or max(sizes) == 30  # rows are whole


def test_a_result_on_disk_is_the_same_and_goes_on_after_a_stop(make_cube, tmp_path):
    cube = make_cube(dates=5, height=64, width=21, clouds=0.3)
    options = {"window": 8, "batch": 1, "memory": "20kB"}
    expected, out = eow.run(Mean, cube, **options), tmp_path / "mean.zarr"

    stopped = make_job(Mean, cube, out=out, **options)
    stopped.on_change(lambda job: job.progress > 0.8 and job.cancel())
    stopped.execute()
    assert stopped.state == "cancelled"
    assert Journal(out).folder.exists()
    shares = []
    again = make_job(Mean, cube, out=out, progress=lambda job: shares.append(job.progress), **options)
    again.execute()
    np.testing.assert_array_equal(again.result()["mean"], expected["mean"])
    assert min(s for s in shares if s) > 0.2


def changed(**body):
    return type("Changed", (Course,), {"name": "toy-changed", **body})


def gives(**outputs):
    return changed(
        predict=lambda self, batch: (
            {
                "mean": batch.x[:, 0, 0],
                "anomaly": batch.raw[..., 0],
                "cover": batch.x[:, 0, :1].expand(-1, 2),
                "embedding": batch.x[:, 0, :1].expand(-1, 2),
            }
            | {name: make(batch) for name, make in outputs.items()}
        )
    )


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            gives(mean=lambda b: b.x[:1, 0, 0]),
            r"^The model 'toy-changed' gave 'mean' with shape \(1,\) for 630 series: return \(n, ...\), one row per series\.$",
        ),
        (gives(mean=lambda b: torch.tensor(1.0)), r"gave 'mean' with shape \(\) for 630 series: return"),
        (gives(mean=lambda b: b.x[:, 0]), r"gave 'mean' with shape \(n, 1\); Value over yx must be \(n,\)\.$"),
        (gives(anomaly=lambda b: b.x[:, :2, 0]), r"with shape \(n, 2\); Value over tyx must be \(n, 5\)\.$"),
        (gives(cover=lambda b: b.x[:, :3, 0]), r"with shape \(n, 3\); Classes over yx must be \(n, 2\)\.$"),
        (gives(mean=lambda b: [0.0] * len(b.x)), "gave 'mean' as list: give a torch.Tensor"),
        (changed(predict=lambda self, batch: batch.x), "predict must return a dict"),
        (
            changed(outputs=lambda self, bands: (eow.Vector(size=2, stride=4),)),
            "a stride of 4 pixels, and series have no",
        ),
        (Told, "gives 'kind', one Label per series, which a cube has no room for: run it on a table or with places="),
        (changed(outputs=lambda self, bands: (eow.Text("words"),)), "gives 'words', one Text per series"),
    ],
)
@pytest.mark.parametrize("strip", [4096, 100])
def test_what_does_not_fit_is_one_sentence(cube, monkeypatch, model, sentence, strip):
    if strip == 100:
        sentence = sentence.replace("630", "84")
    monkeypatch.setattr(series, "STRIP", strip)
    with pytest.raises(eow.EowidgetsError, match=sentence):
        eow.run(model, cube)
