import json

import numpy as np
import pytest

from eowidgets.analysis.ask import ahead, ask
from eowidgets.analysis.ask.language import Outlook, Scope, When, from_json, to_json
from eowidgets.analysis.ask.parser import parse
from eowidgets.errors import InputError
from eowidgets.simulate import simulate

FIRST, LAST = "2015-08-01", "2021-01-01"


def read(question):
    return parse(question, FIRST, LAST).program


@pytest.mark.parametrize(
    ("question", "of", "asked", "start", "end"),
    [
        ("Will it be greener next summer?", "NDVI", "more", "2021-06-01", "2021-08-31"),
        ("Forecast NDMI", "NDMI", "value", "2021-01-02", "2021-07-02"),
        ("Will NDVI drop in 2 weeks?", "NDVI", "less", "2021-01-05", "2021-01-25"),
        ("Forecast the NDVI for the next three months", "NDVI", "value", "2021-01-02", "2021-04-02"),
        ("Predict the vegetation next winter", "NDVI", "value", "2021-12-01", "2022-02-28"),
        ("Will it be drier next month?", "NDMI", "less", "2021-02-01", "2021-02-28"),
        ("What will NDVI be in June 2021?", "NDVI", "value", "2021-06-01", "2021-06-30"),
        ("Will EVI be higher next year?", "EVI", "more", "2021-01-02", "2022-01-01"),
    ],
)
def test_what_comes_is_read(question, of, asked, start, end):
    program = read(question)
    assert program == Outlook(Scope(start, end), of, asked)
    assert from_json(json.loads(json.dumps(to_json(program)))) == program


@pytest.mark.parametrize(
    "question",
    ["Will it rain tomorrow?", "How much forest will there be in 2050?", "What will the price of grass be next year?",
     "When will it be greenest?", "Will the forest be sold next year?"],
)  # fmt: skip
def test_what_no_course_tells_is_refused(question):
    assert read(question) is None


def test_breaks_are_read():
    assert read("When did NDVI break?") == When(Scope(), "NDVI", "change")
    assert read("Since when has NDMI left its usual course in the north?").scope.place == "north"


def test_a_forecast_is_told_with_interval_and_record(romania):
    answer = ask(romania, "Will it be greener next summer?")
    assert isinstance(answer.value, bool)
    assert "80 % interval" in answer.text and "held-out" in answer.text
    assert answer.evidence.series is not None and str(answer.evidence.series["time"].values[0])[:4] == "2021"
    scope = {}
    exec(compile(answer.code, "cell", "exec"), scope)
    assert scope["answer"] == answer.value
    less = ask(romania, "Will it be browner next summer?")
    assert less.value is (not answer.value)


def test_a_course_that_repeats_is_forecast(romania):
    """Where every year is the same, what comes is what was."""
    cube = romania.copy(deep=True)
    days = cube["time"].dt.dayofyear.values
    ndvi = 0.5 + 0.3 * np.sin(2 * np.pi * (days - 100) / 365.25)
    cube["red"][:] = 0.1
    cube["nir"][:] = (0.1 * (1 + ndvi) / (1 - ndvi)).astype("float32")[:, None, None]
    found = ahead.forecast_mean(cube, "NDVI", "2021-06-20", "2021-07-20")
    assert found["mean"] == pytest.approx(0.8, abs=0.03)
    where = np.ones((100, 100), bool)
    assert ahead.year_before(cube, "NDVI", "2021-06-20", "2021-07-20", where) == pytest.approx(0.8, abs=0.03)
    assert ahead.chance_above({"low": 0.4, "high": 0.6, "mean": 0.5}, 0.4) == pytest.approx(0.9, abs=1e-3)


def test_too_far_and_already_seen_are_refused(romania):
    with pytest.raises(InputError, match="400 days"):
        ahead.forecast_mean(romania, "NDVI", "2023-01-01", "2023-02-01")
    with pytest.raises(InputError, match="after the last image"):
        ahead.forecast_mean(romania, "NDVI", "2020-01-01", "2020-02-01")
    assert "whole cube" in ask(romania, "Will it be greener next summer in the north?").reason
    assert "No area is drawn" in ask(romania, "Will it be greener next summer in my polygon?").reason


def test_a_break_is_dated():
    scene = simulate(
        height=48, width=48, start="2016-01-01", end="2019-12-31", revisit=20, radar=False, cloud_cover=0.2, seed=5,
        bands=("green", "red", "nir", "swir16"), events=("clear-cut",), event_count=2,
    )  # fmt: skip
    cut = scene.events[1]  # the first lies in the history
    answer = ask(scene.cube, "When did NDVI break?")
    assert not answer.abstained, answer.reason
    mask = next(iter(answer.evidence.masks.values())).values == 1
    assert mask[cut.mask].mean() > 0.5
    assert ask(scene.cube, "When did MSAVI break?").abstained
