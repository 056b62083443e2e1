import pytest
import torch
from support.series import Course, Told
from support.toys import Smooth

import eowidgets as eow
from eowidgets.contract.registry import model_classes
from eowidgets.testing import check_model

#: Networks that take minutes on a processor; one of each family is checked. Fracast takes a tenth of a second for each
#: series, and Chronos fetches its weights. Encoders have no weights here.
SLOW = {"change-lenet", "change-fcsiam", "units-change", "units-forecast", "units-clouds"}
SLOW |= {"forecast-fracast", "forecast-chronos"}
#: Needs six years of dates, and is checked on them (tests/models/monitors/landtrendr).
SLOW |= {"break-landtrendr"}


def checked_here(model):
    """Forecasters that are trained have a check of their own, with little training (tests/models/forecast)."""
    return model.name not in SLOW and model.task != eow.Task.EMBED and not getattr(model, "trained", False)


@pytest.mark.parametrize("name", sorted(m.name for m in model_classes() if checked_here(m)))
def test_every_registered_model_keeps_the_contract(name):
    check_model(name)


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
