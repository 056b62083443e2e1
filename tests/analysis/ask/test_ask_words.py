"""Every word of a question is in its program; misspelt words; questions read from their parts; dates in words."""

import numpy as np
import pytest
import xarray as xr

from eowidgets.analysis.ask import accounted, ask, doubt, meanings, slots, spelling
from eowidgets.analysis.ask.dates import find_dates
from eowidgets.analysis.ask.kinds import Given, composed
from eowidgets.analysis.ask.language import (
    AreaOf,
    Change,
    Compare,
    Count,
    Extent,
    Fact,
    Rank,
    Scope,
    Share,
    Statistic,
    When,
)
from eowidgets.analysis.ask.templates import vocabulary
from eowidgets.errors import InputError

YEAR = Scope("2019-01-01", "2019-12-31")
BANDS = ("blue", "green", "red", "nir", "swir16")


def named(question):
    return slots.read(question, "2015-08-01", "2021-01-01", ("NDVI", "NDMI", "EVI"), (), vocabulary())


@pytest.mark.parametrize(
    ("question", "program", "left"),
    [
        ("How much forest is there in 2019?", AreaOf(YEAR, "forest"), []),
        ("Could you roughly estimate the forest area in 2019 for me, please?", AreaOf(YEAR, "forest"), []),
        ("How much forest is there in 2019?", AreaOf(Scope(), "forest"), ["in 2019"]),
        ("How much forest is there in the north in 2019?", AreaOf(YEAR, "forest"), ["north"]),
        ("How much irrigated forest is there in 2019?", AreaOf(YEAR, "forest"), ["irrigated"]),
        ("What is the median NDVI in 2019?", Statistic(YEAR, "NDVI", "mean"), ["median"]),
        ("What is the mean NDVI of the water in 2019?", Statistic(YEAR, "NDVI"), ["water"]),
        ("How many hectares of forest in 2019?", AreaOf(YEAR, "forest", "km2"), ["ha"]),
        ("Is NDVI above 0.7 in 2019?", Statistic(YEAR, "NDVI"), ["0.7", "is"]),
        ("When was forest lost in 2019?", Change(YEAR, "forest", "whether", "loss"), ["when"]),
        ("Did the forest recover in 2019?", Change(YEAR, "forest", "whether", "loss"), ["recover"]),
        ("In which month was NDVI highest in 2019?", Statistic(YEAR, "NDVI"), ["highest", "which month"]),
        ("What is NDVI in 2019?", Fact(of="NDVI"), ["in 2019"]),
    ],
)
def test_what_a_program_leaves_out_is_named(question, program, left):
    found = accounted.unaccounted(named(question), program, BANDS)
    assert sorted(found) == sorted(left)
    if left:
        assert all(repr(word) in accounted.sentence(found, program) for word in left)


def test_a_word_that_is_not_accounted_for_is_no_answer(romania):
    answer = ask(romania, "How much irrigated forest is there in 2019?")
    assert answer.abstained
    assert answer.reason.startswith(
        "The meaning of 'irrigated' in this question is not clear. Without it, the program would measure the area"
    )


def test_no_word_is_both_harmless_and_strict():
    assert not meanings.HARMLESS & {"without", "will", "median", "not", "more"}
    assert {"please", "roughly", "compute"} <= meanings.HARMLESS
    assert "stat:median" in meanings.MEANINGS["median"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("What is the avrage NDVI?", "What is the average NDVI?"),
        ("NDVI in Septmber 2018", "NDVI in September 2018"),
        ("Which satelite is it?", "Which satellite is it?"),
        ("How many horses are there?", "How many horses are there?"),
        ("How green is Brasov?", "How green is Brasov?"),
    ],
)
def test_slips_are_put_right_and_names_are_kept(written, read):
    assert spelling.mend(written)[0] == read


def test_an_answer_says_what_was_read(romania):
    answer = ask(romania, "How many imagse were taken in 2018?")
    assert answer.value == 34
    assert answer.text.endswith("Read 'imagse' as 'images'.")
    assert answer.question == "How many imagse were taken in 2018?"


@pytest.mark.parametrize(
    ("question", "program"),
    [
        ("mean ndvi aug 2019", Statistic(Scope("2019-08-01", "2019-08-31"), "NDVI")),
        ("forest share 2019", Share(YEAR, "forest")),
        ("how many ha of fields in 2019", AreaOf(YEAR, "field", "ha")),
        ("month with lowest ndmi", Rank(Scope(), "NDMI", "month", "lowest")),
        ("hectares with ndvi below 0.3 in 2019", Extent(YEAR, "NDVI", "below", 0.3, "ha")),
        ("forest loss 2017 to 2019 in hectares", Change(Scope("2017-01-01", "2019-12-31"), "forest", "amount", "loss")),
        ("how many days was it imaged in 2019", Count(YEAR, "image")),
        ("year with the most scenes", Rank(Scope(), "image", "year", "highest")),
        (
            "ndvi 2018 vs 2019, which higher",
            Compare(Scope("2018-01-01", "2018-12-31"), "NDVI", relation="which", other=YEAR),
        ),
        ("first scene", When(Scope(), "image", "first")),
    ],
)
def test_parts_make_a_program(question, program):
    found = named(question)
    assert composed(question, found, Given(BANDS)) == program
    assert accounted.unaccounted(found, program, BANDS) == []


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("in the first half of 2020", "2020-01-01", "2020-06-30"),
        ("in the third quarter of 2019", "2019-07-01", "2019-09-30"),
        ("q4 2019", "2019-10-01", "2019-12-31"),
        ("from 20 to 27 march 2020", "2020-03-20", "2020-03-27"),
        ("between 3 may and 5 june 2019", "2019-05-03", "2019-06-05"),
        ("in the nineties", "1990-01-01", "1999-12-31"),
    ],
)
def test_parts_of_years_and_decades(text, start, end):
    (found,) = find_dates(text, "2015-08-01", "2021-01-01")
    assert (found.start, found.end) == (start, end)


def test_a_day_without_a_year_needs_a_series_of_one_year():
    (found,) = find_dates("on 20 march", "2020-03-08", "2020-04-02")
    assert (found.start, found.end) == ("2020-03-20", "2020-03-20")
    assert all(d.start != d.end or not d.start for d in find_dates("on 20 march", "2015-08-01", "2021-01-01"))


def test_a_winner_by_another_way_is_no_answer():
    def course(values):
        return xr.DataArray(values, {"time": np.array(["2018-07-01", "2019-07-01"], "datetime64[ns]")}, ("time",))

    def table(series):
        return {str(t)[:4]: float(v) for t, v in zip(series["time"].values, series.values, strict=True)}

    main = {"2018": 0.85, "2019": 0.80}
    doubt.require_winner("2018", "highest", main, iter([("medians", course([0.84, 0.845]))]), table)
    with pytest.raises(InputError, match="the answer is 2018, but 2019 by medians"):
        doubt.require_winner("2018", "highest", main, iter([("medians", course([0.80, 0.85]))]), table)
