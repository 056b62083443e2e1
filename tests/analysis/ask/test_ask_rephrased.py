"""Questions said in other words: introductions, tag questions, holidays, symbols, radar bands."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.ask import within
from eowidgets.analysis.ask.facts import empty_months
from eowidgets.analysis.ask.kinds.introduced import without_introduction
from eowidgets.analysis.ask.kinds.rephrased import rephrased
from eowidgets.analysis.ask.landcover import CODE


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("I'm a geographer and would like to know how large the lake is.", "how large the lake is."),
        ("As a forester I wonder how many hectares were lost.", "how many hectares were lost."),
        ("My supervisor asked me: which year was the greenest?", "which year was the greenest?"),
        ("We are writing a report about lakes. How much water is there?", "How much water is there?"),
        ("I keep reading about the NDVI. What does it stand for?", "What does NDVI stand for?"),
    ],
)
def test_what_a_person_says_of_themselves_is_left_out(said: str, asked: str) -> None:
    assert without_introduction(said) == asked


@pytest.mark.parametrize(
    "said",
    [
        "I only need 2019. How much forest is there?",
        "I live in the south-west. How much forest is there?",
        "We look at last summer. How high was NDVI?",
        "I drew an area. How much forest is there?",
    ],
)
def test_what_narrows_a_question_stays(said: str) -> None:
    assert without_introduction(said) == said


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Share of pixels with NDVI > 0.4?", "Share of pixels with NDVI above 0.4?"),
        ("It was green in 2019, wasn't it?", "Was it green in 2019?"),
        ("On which of the four dates was NDVI the lowest?", "On which date was NDVI lowest?"),
        ("EVI on New Year's Day 2011", "EVI on 2011-01-01"),
        ("NDVI shortly before Christmas 2010", "NDVI from 2010-12-09 to 2010-12-24"),
        ("NDVI in late February 2020", "NDVI from 2020-02-21 to 2020-02-29"),
        ("NDVI: July minus March?", "What is the difference in NDVI between July and March?"),
        ("Show me the year with the most snow", "which year has the most snow"),
        ("What is the mean VV backscatter?", "What is the mean band vv?"),
    ],
)
def test_other_words_for_the_same(said: str, asked: str) -> None:
    assert rephrased(said, ("vv", "vh"), 4).lower() == asked.lower()


def test_a_number_of_dates_that_the_cube_has_not_stays() -> None:
    assert "five" in rephrased("On average over the five dates, what is NDVI?", (), 4)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("EPSG code?", "EPSG:3035"),
        ("Is this a radar image or an optical one?", "optical images"),
        ("What is the red edge good for?", "red edge"),
    ],
)
def test_facts_of_the_cube(question: str, value: str) -> None:
    assert str(eow.ask(eow.open("romania"), question).value).startswith(value)


def test_all_dates_of_a_short_series_are_listed() -> None:
    cube = eow.open("bouconne")
    answer = eow.ask(cube, "List all acquisition dates.")
    assert answer.value == tuple(str(t)[:10] for t in cube["time"].values)
    assert all(day in answer.text for day in answer.value)


def test_months_without_an_image() -> None:
    cube = eow.open("romania")
    answer = eow.ask(cube, "How many months of 2018 have no image at all?")
    held = {str(t)[:7] for t in cube["time"].values if str(t)[:4] == "2018"}
    assert answer.value == 12 - len(held)
    assert empty_months(cube, "2018-01-01", "2018-12-31") == sorted({f"2018-{m:02d}" for m in range(1, 13)} - held)


def _year(year: int, ndvi: np.ndarray) -> xr.Dataset:
    """A cube of monthly dates with the given NDVI (time, y, x)."""
    times = pd.date_range(f"{year}-01-15", periods=len(ndvi), freq="30D")
    x, y = 400005.0 + 10 * np.arange(ndvi.shape[2]), 5000005.0 - 10 * np.arange(ndvi.shape[1])
    dims = ("time", "y", "x")
    bands = {"red": (dims, (1 - ndvi).astype(np.float32) / 2), "nir": (dims, (1 + ndvi).astype(np.float32) / 2)}
    cube = xr.Dataset(bands, {"time": times, "y": y, "x": x})
    cube["clouds"] = (dims, np.zeros(ndvi.shape, bool))
    return cube.rio.write_crs(32633)


def test_forest_cleared_late_in_the_later_year_is_noticed() -> None:
    before = np.full((12, 20, 20), 0.8)
    after = before.copy()
    after[6:, :10, :8] = 0.3
    years = (_year(2019, before), _year(2020, after))
    forest = xr.Dataset({"cover": (("y", "x"), np.full((20, 20), CODE["forest"], np.uint8))})
    states = {"before": forest, "after": forest, "loose": forest}
    where = np.ones((20, 20), bool)
    assert within.moved_within(years, states, where, "forest", "") == pytest.approx(0.8, abs=0.02)
    assert within.moved_within((years[0], years[0]), states, where, "forest", "") == 0
    assert within.moved_within(years, states, where, "field", "") == 0


def test_one_question_with_and_is_one():
    forest = eow.open("romania")
    assert not eow.ask(forest, "What does NDVI stand for and what does it measure?").abstained
    cause = eow.ask(forest, "What made summer 2018 so green?")
    assert cause.abstained and "why" in cause.text
