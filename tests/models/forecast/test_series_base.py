"""The contract that every forecaster keeps: shapes, gaps, odd series, and nothing seen after the cut."""

import pytest
import torch

from eowidgets.analysis.forecast.names import forecasters
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError, ModelError
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.past import FURTHEST, checked

#: Chronos is not among them: it fetches its weights (chronos/test_chronos.py).
OF_SERIES = {n: m for n, m in forecasters().items() if issubclass(m, Forecaster) and n != "chronos"}
LOCAL = [n for n, m in OF_SERIES.items() if not m.trained]
NETWORKS = [n for n, m in OF_SERIES.items() if m.trained]
ALONE = [n for n in NETWORKS if n != "ensemble"]
#: The least that lets a network be fitted in a test.
SMALL = {"step": 15.0, "lookback": 12, "ahead": 4}
QUICK = {"updates": 2, "windows": 8}


def make(name):
    if name not in NETWORKS:
        return OF_SERIES[name]()
    return OF_SERIES[name](**SMALL, **QUICK)


@pytest.fixture(scope="module")
def series():
    """Five series of two channels, three years, irregular dates, a third of the values missing."""
    torch.manual_seed(0)
    days = 17_000 + torch.sort(torch.rand(80, dtype=torch.float64) * 1100)[0].floor()
    days = torch.unique(days)
    phase = torch.rand(5, 1, 2)
    values = 0.5 + 0.3 * torch.sin(days[None, :, None].float() * 2 * torch.pi / 365.2425 + phase)
    values = values + 0.01 * torch.randn_like(values)
    return values, days, torch.rand(values.shape) > 0.3


@pytest.fixture(scope="module")
def fitted(series):
    return {name: make(name).fit(*series) for name in OF_SERIES}


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
def test_shape_dtype_and_finite(name, series, fitted):
    values, days, mask = series
    future = days[-1] + torch.tensor([3.0, 40.0, 7.5, 200.0])  # in any order, and beyond a network's horizon
    out = fitted[name].forecast(values, days, mask, future)
    assert out.shape == (5, 4, 2)
    assert out.dtype == torch.float32
    assert out.isfinite().all()
    assert ((out > -1) & (out < 2)).all()
    assert len(fitted[name].card.summary) > 10
    assert fitted[name].card.paper


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
def test_nothing_after_the_cut_is_seen(name, series):
    """Fit and forecast on the past are the same to the bit, whatever the future of the same cube holds."""
    values, days, mask = series
    cut = 60
    future = days[cut:]
    strange = values.clone()
    strange[:, cut:] = 1e6 * torch.rand_like(strange[:, cut:])

    def hindcast(all_values):
        known = all_values[:, :cut], days[:cut], mask[:, :cut]
        return make(name).fit(*known).forecast(*known, future)

    assert torch.equal(hindcast(values), hindcast(strange))


@pytest.mark.parametrize("name", ALONE)
def test_the_cut_holds_within_a_series_as_well(name, series):
    """Each hindcast that a network learns from is made of what lies before its own cut."""
    values, days, mask = series
    model = make(name)
    first = model._hindcasts(checked(values, days, mask))[0]
    later = days > first.cut
    strange = values.clone()
    strange[:, later] = 1e3
    same = model._hindcasts(checked(strange, days, mask))[0]
    assert same.cut == first.cut
    assert torch.equal(same.window, first.window)
    assert not torch.equal(same.truth, first.truth)


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
def test_what_is_masked_is_not_looked_at(name, series, fitted):
    values, days, mask = series
    future = days[-1] + torch.tensor([30.0])
    asked = fitted[name].forecast(values, days, mask, future)
    for instead in (torch.nan, 1e9, -torch.inf):
        assert torch.equal(fitted[name].forecast(values.masked_fill(~mask, instead), days, mask, future), asked)
    assert torch.equal(fitted[name].forecast(values.masked_fill(~mask, torch.nan), days, None, future), asked)


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
def test_a_series_does_not_depend_on_its_neighbours(name, series, fitted):
    values, days, mask = series
    future = days[-1] + torch.tensor([30.0, 60.0])
    together = fitted[name].forecast(values, days, mask, future)
    alone = fitted[name].forecast(values[2:3], days, mask[2:3], future)
    torch.testing.assert_close(alone, together[2:3], rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
def test_order_of_dates_and_duplicates_do_not_matter(name, series, fitted):
    values, days, mask = series
    future = days[-1] + torch.tensor([30.0])
    asked = fitted[name].forecast(values, days, mask, future)
    mixed = torch.randperm(len(days), generator=torch.Generator().manual_seed(1))
    assert torch.equal(fitted[name].forecast(values[:, mixed], days[mixed], mask[:, mixed], future), asked)
    twice = torch.cat([days, days])
    doubled = fitted[name].forecast(values.repeat(1, 2, 1), twice, mask.repeat(1, 2, 1), future)
    torch.testing.assert_close(doubled, asked, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
@pytest.mark.parametrize("kind", ["one point", "two points", "constant", "gap of a year", "one channel empty", "huge"])
def test_odd_series_give_finite_forecasts(name, kind, series, fitted):
    values, days, mask = (part.clone() for part in series)
    values, mask = values[:2], mask[:2]
    if kind == "one point":
        values, days, mask = values[:, :1], days[:1], torch.ones_like(mask[:, :1])
    elif kind == "two points":
        values, days, mask = values[:, :2], days[:2], torch.ones_like(mask[:, :2])
    elif kind == "constant":
        values[:] = 0.25
    elif kind == "gap of a year":
        mask &= (days < days[-1] - 380)[None, :, None]
    elif kind == "one channel empty":
        mask[0, :, 1] = False
    elif kind == "huge":
        values *= 1e4
    out = fitted[name].forecast(values, days, mask, days[-1] + torch.tensor([5.0, 90.0]))
    if kind == "one channel empty":
        assert out[0, :, 1].isnan().all()
        out = torch.stack([out[0, :, 0], out[1, :, 0], out[1, :, 1]])
    assert out.isfinite().all()
    if kind == "constant":
        # Two updates have hardly trained a network: near the level is all that can be asked.
        torch.testing.assert_close(out, torch.full_like(out, 0.25), rtol=0, atol=0.15 if name in NETWORKS else 1e-5)


@pytest.mark.parametrize("name", LOCAL + NETWORKS)
def test_plain_errors(name, series, fitted):
    values, days, mask = series
    model, later = fitted[name], days[-1] + torch.tensor([5.0])
    nothing = torch.zeros_like(mask)
    for wrong, said in (
        ((values, days, nothing, later), "None of the series has an observation"),
        ((values, days, mask, later[:0]), "future_days is empty"),
        ((values, days, mask, days[-1:]), "before the last date, or on it"),
        ((values, days, mask, later + FURTHEST * 366), "too long"),
        ((values, days[:-1], mask, later), "as many finite days"),
        ((values, days, mask[:, :-1], later), "The mask has shape"),
        ((values[0], days, mask[0], later), "have the shape"),
        ((values[:0], days, mask[:0], later), "have the shape"),
        ((values, torch.full_like(days, torch.nan), mask, later), "finite days"),
    ):
        with pytest.raises(InputError, match=said):
            model.forecast(*wrong)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_want_to_be_fitted_first_and_on_enough(name, series):
    values, days, mask = series
    with pytest.raises(ModelError, match="call fit before"):
        make(name).forecast(values, days, mask, days[-1:] + 5)
    with pytest.raises(InputError, match="too short to train"):
        make(name).fit(values[:, :2], days[:2], None)


def test_networks_refuse_other_channels(series, fitted):
    values, days, mask = series
    with pytest.raises(ModelError, match="was fitted to 2 channels"):
        fitted["itransformer"].forecast(values[..., :1], days, mask[..., :1], days[-1:] + 5)


def test_names_and_parameters_are_checked():
    with pytest.raises(InputError, match="Did you mean 'forecast-harmonic'"):
        get_model("forecast-harmonik")
    with pytest.raises(InputError, match="'terms' is 99"):
        get_model("forecast-harmonic", terms=99)
    model = get_model("forecast-theta")
    assert get_model(model) is model
    assert get_model(model, terms=1).params.terms == 1


def test_ensemble_is_the_median_of_its_members(series, fitted):
    values, days, mask = series
    future = days[-1] + torch.tensor([30.0, 200.0])
    made = [make(n) if n in LOCAL else fitted[n] for n in ("climatology", "ses", "dlinear")]
    each = torch.stack([m.forecast(values, days, mask, future) for m in made])
    out = fitted["ensemble"].forecast(values, days, mask, future)
    torch.testing.assert_close(out, each.median(dim=0).values)
    assert not any(torch.equal(out, one) for one in each)


def test_nlinear_meets_climatology_half_way(series):
    values, days, mask = series
    future = days[-1] + torch.tensor([30.0, 60.0])

    def made(shrink):
        return (
            get_model("forecast-nlinear", **SMALL, shrink=shrink)
            .fit(values, days, mask)
            .forecast(values, days, mask, future)
        )

    plain = get_model("forecast-climatology").forecast(values, days, mask, future)
    torch.testing.assert_close(made(1.0), plain)
    torch.testing.assert_close(made(0.5), (made(0.0) + plain) / 2)
