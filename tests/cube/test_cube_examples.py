"""What the docstrings of the cube and of the scores say is printed, is printed."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

ROOMS = {
    "cube": "accessor area clouds composite export grid indices samples series summary",
    "metrics": "classes errors forecasts",
}
MODULES = [f"eowidgets.{room}.{name}" for room, names in ROOMS.items() for name in names.split()]
WITH_EXAMPLES = {"accessor", "area", "indices", "samples", "summary", "classes", "errors", "forecasts"}


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(import_module(name))
    assert found.failed == 0
    assert bool(found.attempted) or name.rpartition(".")[2] not in WITH_EXAMPLES
