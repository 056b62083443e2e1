"""Years are compared in the same part of the year, and what an index is can be asked in many words."""

import pytest

import eowidgets as eow
from eowidgets.analysis.ask.dates import find_dates
from eowidgets.analysis.ask.language import Change, Compare, Fact, Rank, Threshold, Trend
from eowidgets.analysis.ask.scopes import in_every_year


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania")


def periods(text):
    return [(d.start, d.end, d.months) for d in in_every_year(find_dates(text, "2015-08-01", "2021-01-01"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in july 2018 than in 2019", [("2018-07-01", "2018-07-31", ()), ("2019-07-01", "2019-07-31", ())]),
        ("from 2017 to 2020 in july", [("2017-01-01", "2020-12-31", (7,))]),
        ("2018 than in 2019", [("2018-01-01", "2018-12-31", ()), ("2019-01-01", "2019-12-31", ())]),
        ("in february 2016 than in 2018", [("2016-02-01", "2016-02-29", ()), ("2018-02-01", "2018-02-28", ())]),
        ("between january 2018 and july 2019", [("2018-01-01", "2019-07-31", ())]),
    ],
)
def test_a_part_of_one_year_is_meant_of_the_other_too(text, expected):
    assert periods(text) == expected


@pytest.mark.parametrize(
    ("question", "kind", "starts"),
    [
        ("Was July 2018 greener than 2019?", Compare, ("2018-07-01", "2019-07-01")),
        ("Average NDVI of the summers of 2016 and 2018: which is higher?", Compare, ("2016-06-01", "2018-06-01")),
        ("Did June to August get greener from 2017 to 2019?", Change, ("2017-01-01",)),
        ("Did summer get greener from 2017 to 2019?", Change, ("2017-01-01",)),
        ("Out of 2017, 2018, 2019 and 2020, which year had the lowest NDVI in summer?", Rank, ("2017-01-01",)),
    ],
)
def test_questions_over_parts_of_years(cube, question, kind, starts):
    program = eow.ask(cube, question).program
    assert isinstance(program, kind)
    scopes = [s for s in (program.scope, getattr(program, "other", None)) if s is not None]
    assert tuple(s.start for s in scopes) == starts
    if kind in (Change, Rank):
        assert program.scope.months == (6, 7, 8)


def test_what_is_nearly_equal_is_no_yes_and_no_no(cube):
    answer = eow.ask(cube, "Was NDVI lower in summer 2018 than in summer 2017?")
    assert answer.abstained
    assert "too small to decide" in answer.reason


@pytest.mark.parametrize(
    ("question", "of"),
    [
        ("What does NDVI stand for and what does it measure?", "NDVI"),
        ("What is the EVI and why would I use it instead of NDVI?", "EVI"),
        ("What does the NDMI tell me?", "NDMI"),
        ("How is NDVI calculated?", "NDVI"),
    ],
)
def test_the_meaning_of_an_index(cube, question, of):
    answer = eow.ask(cube, question)
    assert answer.program == Fact(of=of)
    assert answer.text.startswith(f"{of} is the")


@pytest.mark.parametrize("question", ["What is the mean NDVI?", "What does NDVI average to in July 2019?"])
def test_a_mean_is_no_meaning(cube, question):
    assert not isinstance(eow.ask(cube, question).program, Fact)


def test_years_and_durations_are_no_limits(cube):
    assert not isinstance(eow.ask(cube, "Has it been getting greener over the three years?").program, Threshold)
    assert isinstance(eow.ask(cube, "Was 2018 cloudier than 2019?").program, Compare)
    assert isinstance(eow.ask(cube, "Were there more than 5 clear images in July 2019?").program, Threshold)


def test_a_season_that_the_images_do_not_define_is_refused(cube):
    answer = eow.ask(cube, "Was the dry season of 2018 greener than that of 2019?")
    assert answer.abstained
    assert "name the months" in answer.reason


def test_named_halves_are_compared_and_not_ranked_with_the_others(cube):
    program = eow.ask(cube, "Which half has the higher near infrared, west or east?").program
    assert isinstance(program, Compare)
    assert {program.scope.place, program.other.place} == {"west", "east"}


def test_a_forecast_is_not_compared_with_a_month_that_is_named(cube):
    refused = eow.ask(cube, "Will it be greener in July 2021 than it was in August?")
    assert refused.abstained
    assert "same days of the last observed year" in refused.reason
    assert not eow.ask(cube, "Will it be greener in July 2021 than last year?").abstained


def test_a_band_that_goes_up_or_down_has_a_trend(cube):
    assert isinstance(eow.ask(cube, "Did red reflectance go up or down over the period?").program, Trend)
