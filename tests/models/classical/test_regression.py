"""The regression that reads a date off its clear pixels."""

from __future__ import annotations

import torch

import eowidgets as eow
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model
from eowidgets.cube.schema import usable as usable_of
from eowidgets.models.classical import regression
from eowidgets.models.classical.regression import between, regress


def hazy(t=6, side=16, hidden=2):
    """A series whose dates are those before them under a haze of their own, and one that is half hidden."""
    g = torch.Generator().manual_seed(0)
    ground = 0.1 + 0.2 * torch.rand((2, 1, 3, side, side), generator=g)
    gain, haze = (s * torch.rand((2, t, 3, 1, 1), generator=g) for s in (0.5, 0.1))
    x = (0.75 + gain) * ground + haze
    usable = torch.ones((2, t, side, side), dtype=torch.bool)
    usable[:, hidden, :, side // 2 :] = False
    days = (18000 + torch.tensor([0.0, 3, 17, 30, 31, 60])[:t]).double().expand(2, -1)
    return x, usable, days


def test_what_is_hidden_is_told_by_what_is_seen():
    x, usable, days = hazy()
    guess = torch.where(usable[:, :, None], x, 0.5)
    out = regress(guess, usable, days)
    assert torch.equal(out[:, [0, 1, 3, 4, 5]], x[:, [0, 1, 3, 4, 5]])
    seen = usable[:, :, None].expand_as(x)
    assert torch.equal(out[seen], x[seen])
    by_line = (between(x.movedim(2, -1).flatten(2, 3), days, 2) - x[:, 2].movedim(1, -1).flatten(1, 2)).abs().mean()
    assert (out - x)[~seen].abs().mean() < 0.1 * by_line


def test_the_first_guess_of_a_date_does_not_matter_to_it():
    x, usable, days = hazy()
    one, other = (regress(torch.where(usable[:, :, None], x, v), usable, days) for v in (0.0, 0.9))
    torch.testing.assert_close(one, other)


def test_a_date_that_was_hardly_seen_keeps_its_answer():
    x, usable, days = hazy()
    usable[0, 2] = False
    usable[1, 2] = False
    usable[1, 2, 0, : regression.LEAST - 1] = True
    assert torch.equal(regress(x, usable, days), x)
    usable[1, 2, 0, regression.LEAST - 1] = True
    changed = (regress(x, usable, days) != x).flatten(1).any(1)
    assert changed.tolist() == [False, True]


def batch_of(x, usable, days):
    shown = torch.where(usable[:, :, None], x, 0.0)
    return Batch(
        x=shown,
        usable=usable,
        measured=torch.ones_like(usable),
        raw=x,
        days=days[0],
        out_days=days[0],
        bands=("red", "green", "nir"),
        lonlat=torch.zeros((len(x), 2)),
        resolution=10.0,
    )


def test_the_model_beats_straight_lines_and_keeps_what_was_seen():
    x, usable, days = hazy()
    batch = batch_of(x, usable, days)
    line, made = (get_model(name).predict(batch)["bands"] for name in ("fill-linear", "fill-regression"))
    seen = usable[:, :, None].expand_as(x)
    assert torch.equal(made[seen], x[seen])
    assert (made - x)[~seen].square().mean() < 0.1 * (line - x)[~seen].square().mean()
    assert float(made.min()) >= 0


def test_a_date_that_nobody_saw_gets_the_straight_line_and_a_pixel_that_nobody_saw_nothing():
    x, usable, days = hazy()
    usable[:, 2] = False
    usable[:, :, 0, 0] = False
    batch = batch_of(x, usable, days)
    line, made = (get_model(name).predict(batch)["bands"] for name in ("fill-linear", "fill-regression"))
    torch.testing.assert_close(made, line, equal_nan=True)
    assert made[..., 0, 0].isnan().all() and not made[..., 1:, 1:].isnan().any()


def test_two_measurements_of_one_day_are_no_trouble():
    x, usable, days = hazy()
    days = days.clone()
    days[:, 1:4] = days[:, 1:2]
    made = get_model("fill-regression").predict(batch_of(x, usable, days))["bands"]
    assert torch.isfinite(made).all()


def test_a_strong_ridge_leaves_the_level_alone():
    x, usable, days = hazy()
    batch = batch_of(x, usable, days)
    weak, strong = (get_model("fill-regression", ridge=r).predict(batch)["bands"] for r in (1e-3, 10.0))
    hidden = ~usable[:, :, None].expand_as(x)
    assert (weak - x)[hidden].square().mean() < (strong - x)[hidden].square().mean()


def test_it_runs_on_a_cube_in_windows():
    cube = eow.open("bouconne")
    filled = eow.run("fill-regression", cube)
    assert filled.sizes == cube.sizes
    seen = usable_of(cube).values
    assert (filled["red"].values[seen] == cube["red"].values[seen]).all()


def test_a_window_has_the_same_answer_alone_and_in_a_batch():
    x, usable, days = hazy()
    usable[1, 4, 2:9, :11] = False
    both = regress(x, usable, days)
    alone = torch.cat([regress(x[i : i + 1], usable[i : i + 1], days[i : i + 1]) for i in (0, 1)])
    torch.testing.assert_close(both, alone, atol=1e-6, rtol=0)


def test_what_is_hidden_deviates_little_further_than_what_is_seen():
    """A few clear pixels allow many planes through them, and those lead anywhere."""
    x, usable, days = hazy()
    usable[:, 2] = False
    usable[:, 2, 0, : regression.LEAST] = True
    out = regress(x, usable, days, ridge=1e-6)
    line = between(x.movedim(2, -1).flatten(2, 3), days, 2).movedim(1, -1).reshape(2, 3, 16, 16)
    off, seen = out[:, 2] - line, usable[:, 2, None].expand(2, 3, 16, 16)
    for window in range(2):
        for band in range(3):
            known = off[window, band][seen[window, band]]
            room = 0.5 * (known.max() - known.min())
            assert off[window, band].max() <= known.max() + room + 1e-6
            assert off[window, band].min() >= known.min() - room - 1e-6
