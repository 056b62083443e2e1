"""The outcome of a test of methods."""

from __future__ import annotations

import numpy as np
import pytest

from eowidgets.contract.choice import Choice, Score, digits, scored, select
from eowidgets.errors import InputError

SCORES = (
    Score("fill-harmonic", 0.11, 0.1, 0.12),
    Score("fill-linear", 0.131, 0.12, 0.14),
    Score("units-reconstruct", note="no <b>red</b> band"),
)


def choice():
    return Choice(
        task="fill",
        metric="RMSE",
        unit="",
        scores=SCORES,
        winner="fill-harmonic",
        draws=4,
        values=100,
        seed=0,
        protocol="Values were hidden.",
    )


def test_the_sentence_has_the_winner_first_and_leaves_out_what_was_not_tested():
    assert choice().sentence == "harmonic, RMSE 0.110; linear 0.131"


def test_the_reason_states_both_errors_or_why_there_is_none():
    assert "linear has RMSE 0.131, harmonic 0.110" in choice().reason("fill-linear")
    assert "no <b>red</b> band" in choice().reason("units-reconstruct")
    assert "selected" in choice().reason("fill-harmonic")
    with pytest.raises(InputError, match="fill-lin"):
        choice().reason("fill-lin")


def test_it_survives_json_with_what_was_not_tested():
    again = Choice.from_json(choice().to_json())
    assert again.sentence == choice().sentence
    assert np.isnan(again["units-reconstruct"].error)
    assert "NaN" not in choice().to_json()


def test_the_table_shows_texts_as_texts():
    assert "&lt;b&gt;red" in choice()._repr_html_()
    assert list(choice().table().loc["fill-linear", ["RMSE", "selected"]]) == [0.131, False]


def test_of_methods_within_a_percent_the_simplest_is_selected():
    names = ("simple", "middle", "complex")
    assert select(np.array([1.009, 1.2, 1.0]), names) == "simple"
    assert select(np.array([1.02, 1.2, 1.0]), names) == "complex"
    assert select(np.array([np.nan, 1.2, 1.3]), names) == "middle"


def test_intervals_hold_the_error_and_narrow_with_draws():
    rng = np.random.default_rng(0)
    few, many = (rng.chisquare(10, size=(n, 2)) for n in (5, 500))
    wide, narrow = (scored(s, np.full(len(s), 10.0), ("a", "b"), 0)[0] for s in (few, many))
    assert wide.low < wide.error < wide.high
    assert narrow.high - narrow.low < wide.high - wide.low


def test_numbers_have_three_digits():
    values = (0.11, 0.0023456, 12.34, 1234.0, 0.0, float("nan"))
    assert [digits(v) for v in values] == ["0.110", "0.00235", "12.3", "1234", "0.0", ""]
