import pytest

from eowidgets.analysis.ask.dates import NO_DATE, find_dates

FIRST, LAST = "2015-08-01", "2021-01-01"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in 2018", ("2018-01-01", "2018-12-31", ())),
        ("on 2019-07-06", ("2019-07-06", "2019-07-06", ())),
        ("on 6 july 2019", ("2019-07-06", "2019-07-06", ())),
        ("on july 6th, 2019", ("2019-07-06", "2019-07-06", ())),
        ("on 06.07.2019", ("2019-07-06", "2019-07-06", ())),
        ("in february 2016", ("2016-02-01", "2016-02-29", ())),
        ("in summer 2018", ("2018-06-01", "2018-08-31", ())),
        ("in the winter of 2018", ("2018-12-01", "2019-02-28", ())),
        ("last summer", ("2020-06-01", "2020-08-31", ())),
        ("last winter", ("2019-12-01", "2020-02-29", ())),
        ("last year", ("2020-01-01", "2020-12-31", ())),
        ("in the past three years", ("2018-01-02", "2021-01-01", ())),
        ("in the last 6 months", ("2020-07-02", "2021-01-01", ())),
        ("2 years ago", ("2019-01-01", "2019-12-31", ())),
        ("between 2017 and 2020", ("2017-01-01", "2020-12-31", ())),
        ("from 2020 to 2017", ("2017-01-01", "2020-12-31", ())),
        ("2017-2020", ("2017-01-01", "2020-12-31", ())),
        ("between march and may 2019", ("2019-03-01", "2019-05-31", ())),
        ("from november to february 2019", ("2018-11-01", "2019-02-28", ())),
        ("since 2018", ("2018-01-01", "", ())),
        ("from 2018 on", ("2018-01-01", "", ())),
        ("before 2018", ("", "2017-12-31", ())),
        ("after 2018", ("2019-01-01", "", ())),
        ("until june 2018", ("", "2018-06-30", ())),
        ("in winter", ("", "", (12, 1, 2))),
        ("in may", ("", "", (5,))),
    ],
)
def test_periods(text, expected):
    found = find_dates(f"how much forest {text}?", FIRST, LAST)
    assert [(f.start, f.end, f.months) for f in found] == [expected]


@pytest.mark.parametrize(
    "text", ["may i ask something", "did snow fall", "larger than 2000 m2", "march on", "the last image"]
)
def test_words_that_are_no_dates(text):
    assert find_dates(text, FIRST, LAST) == []


def test_two_periods_stay_two():
    found = find_dates("was summer 2018 drier than summer 2019", FIRST, LAST)
    assert [f.start for f in found] == ["2018-06-01", "2019-06-01"]


@pytest.mark.parametrize("text", ["on 31 february 2019", "on 2019-13-40", "on 00.00.2019"])
def test_a_day_that_does_not_exist_is_noticed(text):
    assert NO_DATE in [f.start for f in find_dates(text, FIRST, LAST)]
