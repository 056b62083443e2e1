"""What gap filling is trained on: composed landscapes, and what is hidden in them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("training.hiding", reason="the recipes are not part of an installation")

from training.hiding import hidden_dates, hide
from training.landscapes import composed, seasons
from training.series_sets import Library, fleeting
from training.units_places import weights_of
from training.windows import SIDE


def library(n=20, t=30):
    """Series that grow, each at its own level, some dates of which were not seen."""
    rng = np.random.default_rng(0)
    x = (rng.uniform(0.1, 0.3, (n, 1, 2)) + 0.002 * np.arange(t)[None, :, None]).astype(np.float32)
    seen = rng.random((n, t)) > 0.2
    place = np.tile([10.0, 50.0], (n, 1))
    return Library("growing", ("red", "nir"), x * seen[..., None], seen, 16.0 * np.arange(t), place)


@pytest.mark.parametrize("real", [True, False])
def test_landscapes_are_seeded(real):
    draws = [composed(np.random.default_rng(3), library() if real else None, 2, 8) for _ in range(2)]
    (first, names, places), (second, *_) = draws
    assert torch.equal(first.x, second.x) and torch.equal(first.days, second.days)
    assert first.x.shape == (2, 8, len(names), SIDE, SIDE) and places.shape == (2, 2)
    assert bool(first.x.isfinite().all()) and bool((first.days.diff(dim=1) > 0).all())
    assert bool(first.known.all()) is not real


def test_gaps_of_the_series_stay_gaps():
    w, _, _ = composed(np.random.default_rng(1), library(), 4, 8)
    # What was not seen is 0 in the library, and must not count as truth.
    assert float(w.x.movedim(2, -1)[w.known].min()) > 0.02


def test_seasons_are_shares():
    green = seasons(np.random.default_rng(0), 10.0 * np.arange(40), 12)
    assert green.shape == (12, 40) and green.min() >= 0 and green.max() <= 1 and green.std() > 0.01


def test_whole_dates_are_hidden_half_of_the_time():
    rng = np.random.default_rng(0)
    whole, partly = 0, 0
    for _ in range(40):
        w, _, _ = composed(rng, None, 4, 6)
        hide(rng, w, [])
        share = w.hidden.float().mean(dim=(2, 3))
        whole += int((share == 1).any(dim=1).sum())
        partly += int(((share > 0) & (share < 1)).any(dim=1).sum())
        assert bool((share.sum(dim=1) > 0).all())
    assert 0.35 < whole / 160 < 0.65 and 0.45 < partly / 160 < 0.75


def test_hidden_dates_leave_some():
    rng = np.random.default_rng(0)
    for dates in (4, 5, 12):
        for _ in range(50):
            chosen = hidden_dates(rng, dates)
            assert 1 <= len(set(chosen)) == len(chosen) < dates


def test_a_flash_is_fleeting():
    bright = np.full((2, 12), 0.05, np.float32)
    bright[0, 5] = 0.3
    found = fleeting(bright, np.ones((2, 12), bool))
    assert found[0, 5] and found.sum() == 1


def test_windows_count_by_their_relative_error():
    class Given:
        base = torch.zeros(2, 1, 1, 2, 2)

    truth = torch.tensor([0.01, 0.1])[:, None, None, None, None].expand(2, 1, 1, 2, 2)
    weight = weights_of(truth, Given(), torch.ones(2, 1, 1, 2, 2, dtype=torch.bool))
    product = (weight * truth.square()).mean(dim=(1, 2, 3, 4))
    assert float(product[1] / product[0]) < 1.5
