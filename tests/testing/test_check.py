import pytest
import torch
from support.series import Course, Told
from support.toys import Smooth

import eowidgets as eow
from eowidgets.contract.registry import model_classes
from eowidgets.models.cluster.confident import training
from eowidgets.testing import check_model, tiny_cube

#: Networks that take minutes on a processor; one of each family is checked. Fracast takes a tenth of a second for each
#: series, and Chronos fetches its weights. Encoders have no weights here.
SLOW = {"change-lenet", "change-fcsiam", "units-change", "units-forecast", "units-clouds"}
SLOW |= {"forecast-fracast", "forecast-chronos"}
#: They run other models, each of which is checked, and tests/models/test_windows.py runs them in windows of every size.
SLOW |= {"fill-auto", "forecast-average"}
#: Needs six years of dates, and is checked on them (tests/models/monitors/landtrendr).
SLOW |= {"break-landtrendr"}


@pytest.fixture(scope="module", autouse=True)
def _few_steps():
    """Shorten the training of cluster-confident, on which the contract does not depend."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "STEPS", 4)
        yield


def checked_here(model):
    """Whether a model has no check of its own elsewhere.

    Forecasters that are trained have one with little training (tests/models/forecast), detectors one on a cube with
    something to find (tests/models/detect).
    """
    elsewhere = model.task in (eow.Task.EMBED, eow.Task.DETECT) or getattr(model, "trained", False)
    return model.name not in SLOW and not elsewhere


@pytest.mark.parametrize("name", sorted(m.name for m in model_classes() if checked_here(m)))
def test_every_registered_model_keeps_the_contract(name):
    # Fewer pixels where every pixel costs time; networks take windows of a fixed size.
    slow = name.startswith(("fill-", "forecast-", "phenology-"))
    check_model(name, tiny_cube(height=20, width=20) if slow else None)


def broken(**body):
    return type("Broken", (Smooth,), {"card": eow.Card(title="t", summary="s", licence="MIT"), **body})


def drawn(self, batch):
    return {"smooth": batch.x + torch.rand(batch.x.shape, generator=torch.Generator().manual_seed(torch.seed() % 1000))}


def centred(self, batch):
    return {"smooth": batch.x - batch.x.mean(dim=(1, 3, 4), keepdim=True)}


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ({"card": eow.Card(title="t", summary="", licence="MIT")}, "card"),
        ({"predict": lambda self, batch: {"smooth": batch.x[..., :1]}}, "runs"),
        ({"predict": lambda self, batch: {"smooth": torch.full_like(batch.x, torch.nan)}}, "runs"),
        ({"predict": centred}, "windows"),
        ({"predict": drawn}, "repeatable"),
    ],
)
def test_a_model_that_breaks_the_contract_is_told_where(body, check):
    report = check_model(broken(**body), strict=False)
    assert check in [f.check for f in report.problems], str(report)
    with pytest.raises(eow.EowidgetsError, match="fails"):
        check_model(broken(**body))


def broken_series(base=Course, **body):
    return type("Broken", (base,), {"card": eow.Card(title="t", summary="s", licence="MIT"), **body})


def relative(self, batch):
    """Results that depend on the other series of the batch."""
    found = Course.predict(self, batch)
    return found | {"mean": found["mean"] - found["mean"].mean()}


def worded(self, batch):
    return Told.predict(self, batch) | {"words": [f"one of {len(batch.x)}"] * len(batch.x)}


@pytest.mark.parametrize(
    ("model", "checks"),
    [
        (broken_series(predict=relative), {"windows", "tables"}),
        (broken_series(Told, predict=worded), {"batches", "tables"}),
        (broken_series(predict=lambda self, batch: Course.predict(self, batch) | {"mean": batch.x[0]}), {"runs"}),
        (broken_series(Told, predict=lambda self, batch: {"kind": batch.x[:, 0]}), {"runs"}),
    ],
)
def test_a_model_of_series_that_breaks_the_contract_is_told_where(model, checks):
    report = check_model(model, strict=False)
    assert checks <= {f.check for f in report.problems}, str(report)


def test_a_model_of_series_is_also_run_on_tables():
    for base in (Course, Told):
        report = check_model(broken_series(base))
        assert [f.check for f in report][-1] == "tables"


class Bright(eow.Model):
    """Finds pixels brighter than a threshold, as boxes of one pixel."""

    name = "toy-bright"
    task = eow.Task.DETECT
    card = eow.Card(title="t", summary="s", licence="MIT")
    feed = eow.Windows(bands=("red",), halo=8)
    above = 0.5

    def outputs(self, bands):
        return (eow.Objects("bright", classes=(eow.ClassInfo(1, "bright", "#ffffff"),)),)

    def predict(self, batch):
        return {"bright": [self.one(x[0, 0]) for x in batch.x]}

    def one(self, image):
        y, x = torch.nonzero(image > self.above, as_tuple=True)
        boxes = torch.stack([x, y, x + 1, y + 1], dim=1).float()
        return {"boxes": boxes, "scores": image[y, x], "labels": torch.zeros(len(x))}


def told(report):
    return {f.check: f.problem for f in report}


@pytest.fixture
def spots():
    """One date with a bright pixel in each quarter."""
    cube = tiny_cube(("red",), dates=1)
    cube["red"][:] = 0.1
    cube["valid"][:], cube["clouds"][:] = True, False
    for i, place in enumerate([(5, 6), (8, 30), (33, 9), (31, 28)]):
        cube["red"][0, place[0], place[1]] = 0.6 + 0.1 * i
    return cube


def test_a_detector_is_checked_where_there_is_something_to_find(spots):
    report = check_model(Bright, spots)
    assert [f.check for f in report][:4] == ["card", "parameters", "runs", "columns"]


def test_a_detector_that_finds_nothing_fails_and_is_told_why():
    report = check_model(Bright, strict=False)
    assert [f.check for f in report.problems] == ["runs"]
    assert "FAILED runs: nothing was detected" in str(report)
    with pytest.raises(eow.EowidgetsError, match="give a cube with objects to detect"):
        check_model(Bright)


def test_boxes_of_no_object_have_their_form_as_well():
    def none(self, image):
        return {"boxes": torch.zeros(0, 5), "scores": torch.zeros(0), "labels": torch.zeros(0)}

    report = check_model(type("Wide", (Bright,), {"one": none}), strict=False)
    assert "boxes of 5 numbers: 'box' takes 4 each" in told(report)["runs"]


def test_a_box_that_lies_elsewhere_in_other_windows_is_told(spots):
    def larger(self, image):
        found = Bright.one(self, image)
        grown = torch.tensor([0.0, 0.0, 1.0, 1.0]) * image.shape[0] / 100
        return found | {"boxes": found["boxes"] + grown}

    report = check_model(type("Larger", (Bright,), {"one": larger}), spots, strict=False)
    assert "of the extent of an object" in told(report)["windows"]


def test_objects_where_nothing_was_measured_are_told(spots, monkeypatch):
    """The engine drops them; a table that still had them would be named."""
    import eowidgets.testing.check as check

    whole = check.run(Bright, spots)
    monkeypatch.setattr(check, "run", lambda *args, **options: whole)
    report = check_model(Bright, spots, strict=False)
    assert "where nothing was measured" in told(report)["nodata"]


def test_a_table_of_other_columns_is_told(spots, monkeypatch):
    import eowidgets.testing.check as check

    whole = check.run(Bright, spots).rename(columns={"score": "certainty"})
    monkeypatch.setattr(check, "run", lambda *args, **options: whole)
    report = check_model(Bright, spots, strict=False)
    assert "'bright' do not have the same columns: certainty, score" in told(report)["columns"]
