"""The season of a record and the scale of time that follows from it."""

import numpy as np
import pytest
import torch

from eowidgets.analysis.forecast.season import YEAR, Season, possible, season_of
from eowidgets.analysis.forecast.seasons import choose_season
from eowidgets.analysis.history import SeriesBlock
from eowidgets.errors import InputError


def test_a_season_lasts_a_year_on_the_scale():
    assert Season().rate == 1
    assert Season(1.0).rate == pytest.approx(YEAR)
    assert Season(7.0, 1.0).inner_scaled == pytest.approx(YEAR / 7)
    assert Season(None, None, 50.0).rate == pytest.approx(1 / 50)


@pytest.mark.parametrize(
    ("given", "label"),
    [("day", "day"), ("day and week", "day and week"), ("none", "none"), (None, "none"), (28, "28 days"), (7, "week")],
)
def test_names(given, label):
    found = season_of(given, 100.0)
    assert found.label == label
    assert season_of(label if not label.endswith("days") else 28.0, 100.0) == found


@pytest.mark.parametrize("given", ["moon", "day and moon", "day and week and year", -1.0, 0.0, float("nan")])
def test_refusals(given):
    with pytest.raises(InputError, match="is not known"):
        season_of(given, 100.0)


def test_what_a_record_can_show():
    labels = lambda days: [s.label for s in possible(torch.as_tensor(days, dtype=torch.float64), 1.0)]  # noqa: E731
    assert labels(np.arange(0, 30, 1 / 24)) == ["none", "day", "week", "day and week"]
    assert labels(np.arange(0, 1.5, 1 / 24)) == ["none"]
    assert labels(np.arange(0, 1000, 7)) == ["none", "year"]
    assert labels(np.arange(0, 5000, 365)) == ["none"]
    assert labels(np.arange(0, 1000, 1.0)) == ["none", "week", "year"]


@pytest.mark.parametrize(("true", "label"), [(1.0, "day"), (7.0, "week"), (None, "none")])
def test_the_season_is_found(true, label):
    days = torch.arange(0, 42, 1 / 12).double()
    wave = torch.sin(2 * torch.pi * days / true) if true else torch.zeros_like(days)
    noise = torch.as_tensor(np.random.default_rng(0).normal(0, 0.3, (3, len(days))))
    values = (wave + noise).float()[..., None]
    block = SeriesBlock(values, torch.ones_like(values, dtype=torch.bool), torch.arange(3))
    assert choose_season(block, days, float(days[-1]), 2.0).label == label
