"""Fracast without its package; with it, it keeps what every forecaster does (../test_series_base.py)."""

import sys

import pytest

from eowidgets.errors import MissingExtraError
from eowidgets.models.forecast.fracast.model import FracastForecaster


def test_fracast_needs_its_package_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "fracast", None)
    with pytest.raises(MissingExtraError, match=r"eowidgets\[hub\]"):
        FracastForecaster()
