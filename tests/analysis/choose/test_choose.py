"""``eow.choose`` as a user calls it."""

from __future__ import annotations

import pandas as pd
import pytest

import eowidgets as eow
from eowidgets.errors import InputError


def weekly():
    days = pd.date_range("2019-01-06", periods=150, freq="7D")
    return pd.Series([10 + (i % 52) / 5 for i in range(150)], index=days, name="cases")


def test_a_table_is_tested_for_forecasts_and_refused_elsewhere():
    choice = eow.choose(weekly(), "forecast")
    assert choice.task == "forecast"
    assert choice.winner.startswith("forecast-")
    with pytest.raises(InputError, match="tested on a cube"):
        eow.choose(weekly(), "fill")


def test_options_of_another_task_are_refused_by_name():
    with pytest.raises(InputError, match="networks"):
        eow.choose(weekly(), "forecast", networks=False)
    with pytest.raises(InputError, match="sizs"):
        eow.choose(eow.open("bouconne"), "change", sizs=(0.1,))
    with pytest.raises(InputError):
        eow.choose(eow.open("bouconne"), "forcast")
