"""Fleeting outliers in time."""

from __future__ import annotations

import torch

from eowidgets.models.classical.spikes import spikes


def series(values):
    x = torch.tensor(values).reshape(1, -1, 1, 1, 1)
    return x, torch.ones(1, len(values), 1, 1, dtype=torch.bool), 18_000 + 10 * torch.arange(len(values)).double()


def wave(n=24):
    return (0.3 + 0.2 * torch.sin(torch.arange(n) / 4)).tolist()


def test_a_missed_cloud_is_found_and_a_season_is_not():
    values = wave()
    x, usable, days = series(values)
    assert not spikes(x, usable, days).any()
    values[9] += 0.9
    found = spikes(series(values)[0], usable, days).flatten()
    assert found.nonzero().flatten().tolist() == [9]


def test_a_change_that_stays_is_no_spike():
    values = [0.8 if i < 12 else 0.2 for i in range(24)]
    assert not spikes(*series(values)).any()


def test_the_first_and_the_last_clear_date_are_never_spikes():
    values = wave()
    values[0] = values[-1] = 3.0
    assert not spikes(*series(values)).flatten()[[0, -1]].any()


def test_what_is_hidden_neither_is_a_spike_nor_makes_one():
    values = wave()
    values[9] = 50.0
    x, usable, days = series(values)
    usable[0, 9] = False
    assert not spikes(x, usable, days).any()
