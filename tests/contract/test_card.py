"""The card of a model."""

from __future__ import annotations

import pytest

import eowidgets as eow
from eowidgets.errors import InputError


def test_a_card_without_a_licence_is_deprecated():
    with pytest.warns(DeprecationWarning, match="no licence.*state one"):
        card = eow.Card(title="Of the first release")
    assert card.licence == ""


def test_the_licence_is_a_text():
    with pytest.raises(InputError, match="licence"):
        eow.Card(title="t", licence=3)
