"""Trends, growing seasons and intervals: Ask gives the numbers of ``eow.trend`` and ``eow.phenology``."""

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.analysis.ask import ask, certainty, measured, tools
from eowidgets.analysis.ask.asking import understood
from eowidgets.analysis.ask.kinds.growing_season import spring_said
from eowidgets.analysis.ask.language import Scope, Season, Trend
from eowidgets.analysis.ask.suggest import suggestions
from eowidgets.simulate import simulate


@pytest.fixture(scope="module")
def forest():
    return eow.open("romania", clouds="robust")


def composites(years=20, rise=0.01, south=False, first=2001, shift=None, seed=0):
    """Composites of sixteen days, as MODIS has them: a season a year, and a rise of NDVI per year."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(f"{first}-01-01", f"{first + years - 1}-12-31", freq="16D")
    day = times.day_of_year.values + (182 if south else 0)
    late = np.array([(shift or {}).get(y, 0) for y in times.year])
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * (day - late - 15) / 365.25)
    ndvi = 0.25 + 0.4 * wave + rise * (times - times[0]).days.values / 365.25
    ndvi = ndvi[:, None, None] + rng.normal(0, 0.005, (len(times), 3, 3))
    red = np.full(ndvi.shape, 0.05)
    data = {"red": red, "nir": red * (1 + ndvi) / (1 - ndvi)}
    coords = {
        "time": times.values.astype("datetime64[ns]"),
        "y": 5e6 - 250 * np.arange(3.0),
        "x": 5e5 + 250 * np.arange(3.0),
    }
    made = {n: (("time", "y", "x"), v.astype("float32")) for n, v in data.items()}
    return xr.Dataset(made, coords).rio.write_crs("EPSG:32735" if south else "EPSG:32635")


def mean_of(cube, name="NDVI"):
    where = np.ones((cube.sizes["y"], cube.sizes["x"]), bool)
    return tools.course(tools.index_values(cube, name, where), where)


def ran(answer, cube):
    scope = {"cube": cube}
    exec(compile(answer.code, "cell", "exec"), scope)
    return scope


# --- trends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["Is it getting greener?", "Is NDVI rising?", "What is the trend of NDVI?"])
def test_a_trend_has_the_numbers_of_the_direct_call(forest, question):
    answer = ask(forest, question)
    direct = eow.trend(mean_of(forest), months="5-11", dates="2016-05-01/2020-11-30").iloc[0]
    assert answer.value == float(direct["slope"])
    assert (answer.interval.low, answer.interval.high) == (float(direct["slope_low"]), float(direct["slope_high"]))
    assert "found = eow.trend(course, how='median', months='5-11', dates='2016-05-01/2020-11-30')" in answer.code
    for said in (
        f"{direct['slope']:+.2g}",
        f"{direct['slope_low']:+.2g} to {direct['slope_high']:+.2g}",
        f"p = {direct['p']:.2g}",
    ):
        assert said in answer.text
    assert "5 years from 2016 to 2020" in answer.text
    assert "not significant" in answer.text
    assert "only an unbroken rise or fall" in answer.text


def test_years_that_the_series_cuts_do_not_count(forest):
    """2015 begins in August, and 2021 has one image."""
    assert measured.whole_years(mean_of(forest), "5-11") == ("2016-05-01", "2020-11-30", 5)


def test_the_forest_alone_has_a_trend_of_its_own(forest):
    answer = ask(forest, "is the forest browning over the years?")
    assert answer.program == Trend(Scope(cover="forest"), "NDVI")
    assert "on forest" in answer.text
    found = ran(answer, forest)
    assert found["answer"] == answer.value
    assert answer.value == float(found["found"]["slope"].iloc[0])


@pytest.mark.parametrize(("rise", "says", "word"), [(0.01, "Yes", "rising"), (-0.005, "No", "falling")])
def test_twenty_years_of_composites(rise, says, word):
    cube = composites(rise=rise)
    answer = ask(cube, "Is it getting greener?")
    assert answer.text.startswith(f"{says}: NDVI is {word}")
    assert "20 years from 2001 to 2020, p < 0.001 by the Mann–Kendall test: significant" in answer.text
    assert answer.value == pytest.approx(rise, rel=0.05)
    assert answer.interval.low <= rise * 1.02 + 1e-3
    found = ran(answer, cube)
    assert float(found["found"]["slope"].iloc[0]) == answer.value
    assert found["found"]["significance"].iloc[0] == ("increase" if rise > 0 else "decrease")


def test_a_southern_summer_is_one_year():
    cube = composites(south=True, years=8)
    answer = ask(cube, "Is NDVI rising?")
    assert "in November to March" in answer.text or "in October to April" in answer.text
    assert "7 years from 2001 to 2008" in answer.text
    assert answer.value == pytest.approx(0.01, abs=0.004)  # which days of a season are seen differs from year to year


@pytest.mark.parametrize("question", ["Is NDVI rising?", "Is it getting greener?", "What is the trend of NDVI?"])
@pytest.mark.parametrize("years", [1, 4])
def test_too_few_years_are_refused_plainly(question, years):
    answer = ask(composites(years=years), question)
    assert answer.abstained
    assert f"{years} whole year" in answer.reason
    assert "Mann–Kendall test needs 5" in answer.reason


def test_five_years_that_all_rise_are_significant_and_four_are_not():
    five = ask(composites(years=5, rise=0.03), "Is NDVI rising?")
    assert five.text.startswith("Yes")
    assert "p = 0.027" in five.text


def test_a_kind_of_land_with_few_years_is_compared_on_the_same_days(forest):
    part = forest.sel(time=slice("2016", "2018"))
    answer = ask(part, "Is the forest shrinking?")
    assert answer.text.startswith("Yes: forest went from")
    assert "3 years" in ask(part, "What is the trend of the forest?").reason
    whole = ask(forest, "What is the trend of the forest?")
    assert whole.text.startswith("No significant trend: forest changed by")
    assert "p = 0.086" in whole.text


@given(st.integers(1, 12), st.integers(1, 11))
def test_a_range_of_months_holds_its_months(first, length):
    months = [(first + k - 1) % 12 + 1 for k in range(length)]
    assert measured.month_range(months) == f"{first}-{months[-1]}"
    assert measured.month_range(list(reversed(months))) == f"{first}-{months[-1]}"


# --- growing seasons ----------------------------------------------------------------------------------------------

Y2018, Y2019, Y2020 = (Scope(f"{y}-01-01", f"{y}-12-31") for y in (2018, 2019, 2020))


@pytest.mark.parametrize(
    ("question", "program"),
    [
        ("When does spring begin?", Season()),
        ("When did spring 2019 begin?", Season(Y2019)),
        ("start of the growing season 2019", Season(Y2019)),
        ("How early did spring come in 2018?", Season(Y2018)),
        ("When did green-up start in 2020?", Season(Y2020)),
        ("When do the plants start growing?", Season()),
        ("How long is the growing season?", Season(ask="length")),
        ("How long did the growing season last in 2020?", Season(Y2020, ask="length")),
        ("When does the season end?", Season(ask="end")),
        ("When does the season peak?", Season(ask="peak")),
        ("When does the growing season of the forest start?", Season(Scope(cover="forest"))),
        ("When does the growing season start in the north?", Season(Scope(place="north"))),
        ("did spring come earlier in 2020 than in 2018?", Season(Y2020, relation="earlier", other=Y2018)),
        ("Was spring later in 2018 than in 2020?", Season(Y2018, relation="later", other=Y2020)),
        ("Did spring come earlier in 2020 than spring 2018?", Season(Y2020, relation="earlier", other=Y2018)),
        ("Was the growing season longer in 2018 than in 2020?", Season(Y2018, "NDVI", "length", "longer", Y2020)),
    ],
)  # fmt: skip
def test_growing_seasons_are_read_by_the_rules_alone(forest, question, program):
    assert understood(forest, question, {}, None)[0] == program


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("When does autumn begin?", "not the seasons of the calendar"),
        ("When does spring end?", "not the seasons of the calendar"),
        ("When will spring begin next year?", "not forecast"),
        ("In which year did spring come earliest?", "not ranked"),
        ("Is spring coming earlier?", "name both"),
        ("What is the mean NDVI at the start of the growing season?", "name the months"),
        ("When does the dry season start?", "name the months"),
    ],
)
def test_what_of_it_is_not_computed_is_said(forest, question, reason):
    answer = ask(forest, question)
    assert answer.abstained
    assert reason in answer.reason


def test_spring_as_three_months_is_still_that(forest):
    assert spring_said("What is the mean NDVI in spring 2019?") == "What is the mean NDVI in spring 2019?"
    assert ask(forest, "How many images were taken in spring 2019?").program.scope.months == ()
    assert ask(forest, "What is the mean NDVI in spring 2019?").program.kind == "statistic"


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("When did spring begin in 2018?", "start"),
        ("When did the growing season end in 2018?", "end"),
        ("When did the growing season peak in 2018?", "peak"),
        ("How long was the growing season in 2018?", "length"),
    ],
)
def test_a_season_has_the_numbers_of_the_direct_call(forest, question, column):
    forest = forest.isel(y=slice(0, 30), x=slice(0, 30))
    answer = ask(forest, question)
    direct = eow.phenology(forest, "NDVI").sel(time="2018").isel(time=0)
    middle = float(direct[column].median())
    if column == "length":
        assert answer.value == middle
    else:
        assert answer.value == str(np.datetime64("2018-01-01") + int(middle) - 1)
    if column in ("start", "end"):
        assert f"(± {float(direct[f'{column}_sd'].median()):.0f} days)" in answer.text
    assert "found = eow.phenology(part, 'NDVI')" in answer.code
    assert ran(answer, forest)["answer"] == answer.value
    assert "not the 1 March of the calendar" in answer.text or column != "start"


def test_all_years_are_given_where_none_is_named(forest):
    forest = forest.isel(y=slice(0, 30), x=slice(0, 30))
    answer = ask(forest, "When does spring begin?")
    starts = eow.phenology(forest).start.median(("y", "x")).dropna("time")
    days = {
        str(t)[:4]: np.datetime64(f"{str(t)[:4]}-01-01") + int(d) - 1
        for t, d in zip(starts.time.values, starts.values, strict=True)
    }
    assert answer.value == {year: str(day) for year, day in days.items()}
    assert "median of 5 years" in answer.text


@pytest.mark.parametrize("seed", [5, 12, 13])
def test_the_start_in_a_simulated_scene_is_the_true_one(seed):
    scene = simulate(height=48, width=48, start="2017-01-01", end="2019-12-31", radar=False, event_count=0, seed=seed)
    truth = float(np.nanmedian(scene.seasons([2018])["start"].values))
    answer = ask(scene.cube, "When did spring begin in 2018?")
    assert not answer.abstained, answer.reason
    assert answer.value.startswith("2018")
    assert abs(measured.day_of_year(answer.value) - truth) < 20


def test_a_place_is_cut_and_thinned(forest):
    where = np.zeros((100, 100), bool)
    where[20:40, 30:80] = True
    where[20, 30] = False
    part = measured.place(forest, where)
    assert (part.sizes["y"], part.sizes["x"]) == (20, 50)
    assert np.isnan(part["nir"].values[:, 0, 0]).all()
    assert np.isfinite(part["nir"].values[:, 1, 1]).any()
    large = xr.concat([forest[["red", "nir"]].isel(time=[20])] * 2, "y").assign_coords(y=np.arange(200.0))
    thin = measured.place(large, np.ones((200, 100), bool))
    assert thin.sizes["y"] * thin.sizes["x"] <= measured.PIXELS


def test_a_drawn_area_has_the_seasons_of_its_pixels(forest):
    area = (22.146, 45.201, 22.150, 45.204)
    answer = ask(forest, "When did spring begin in 2018?", area=area)
    inside = eow.phenology(forest, "NDVI", area=area).start.sel(time="2018").isel(time=0)
    assert answer.value == str(np.datetime64("2018-01-01") + int(inside.median()) - 1)


def test_a_later_spring_is_told_where_it_is_beyond_doubt():
    cube = composites(years=6, rise=0, shift={2004: 25})
    later = ask(cube, "Did spring come earlier in 2004 than in 2003?")
    assert later.value is False
    assert "days later" in later.text
    assert ask(cube, "Did spring come later in 2004 than in 2003?").value is True
    assert ran(later, cube)["answer"] is False
    same = ask(cube, "Did spring come earlier in 2003 than in 2002?")
    assert same.abstained
    assert "too small to decide" in same.reason


def test_peaks_that_differ_by_less_than_the_pixels_do_are_too_close():
    cube = composites(years=6, rise=0, shift={2004: 40})
    assert ask(cube, "Did the growing season peak later in 2004 than in 2003?").value is True
    refused = ask(cube, "Did the growing season peak earlier in 2002 than in 2003?")
    assert refused.abstained


def test_a_southern_season_crosses_the_new_year():
    cube = composites(south=True, years=5, rise=0)
    start = ask(cube, "When did the growing season start in 2003?")
    end = ask(cube, "When did the growing season end in 2004?")
    assert start.value.startswith(("2003-09", "2003-10", "2003-11"))
    assert end.value.startswith(("2004-03", "2004-04", "2004-05"))
    days = int((np.datetime64(end.value) - np.datetime64(start.value)).astype(int))
    assert 160 < days < 205
    usual = ask(cube, "When does the season peak?")
    assert all(v[5:7] in ("12", "01", "02") for v in usual.value.values())


def test_without_enough_dates_there_is_no_season(forest):
    assert "not enough dates" in ask(forest, "When did spring begin in 2015?").reason
    one = ask(forest.isel(time=[20]), "When does spring begin?")
    assert one.abstained
    assert one.reason.endswith(".")
    flat = composites(years=3, rise=0)
    flat["nir"] = flat["red"] * 1.1
    assert "no season" in ask(flat, "When does spring begin?").reason


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=9), st.integers(1, 365))
def test_the_usual_day_lies_within_those_of_the_years(offsets, day):
    base = np.datetime64("2019-01-01") + day - 1
    table = {str(i): {"value": str(base + o)} for i, o in enumerate(offsets)}
    usual = pd.Timestamp(f"2019 {measured.usual_day(table)}")
    away = (np.array([(np.datetime64(usual, "D") - (base + o)).astype(int) for o in offsets]) + 182) % 365 - 182
    assert away.min() <= 1
    assert away.max() >= -1


def test_days_are_counted_across_the_new_year():
    one, two = ({"2019": {"value": d}} for d in ("2018-12-30", "2020-01-02"))
    assert measured.days_earlier(one, two) == 3
    assert measured.days_earlier(two, one) == -3


# --- how sure -----------------------------------------------------------------------------------------------------


def test_how_sure_an_area_is_follows_from_its_answer(romania):
    first = ask(romania, "How much forest was lost from 2017 to 2020?")
    sure = ask(romania, "How sure is that area?", history=[first])
    low, high = sure.value["low"], sure.value["high"]
    assert f"({low:.1f} to {high:.1f} ha)" in first.text
    assert f"from {low:.1f} to {high:.1f} ha" in sure.text
    assert low <= first.value <= high
    assert "not a confidence interval" in sure.text
    assert "eow.sample" in sure.text
    assert "eow.accuracy" in sure.text
    assert ran(sure, romania)["answer"] == sure.value
    then = ask(romania, "and in the north?", history=[first, sure])
    assert then.program.scope.place == "north"
    assert then.program.kind == "change"
    assert ask(romania, "What is the error of that figure?", history=[first, sure]).value == sure.value


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many m2 of forest were lost from 2017 to 2020?", "m²"),
        ("What share of the forest was lost from 2017 to 2020?", "ha"),
        ("Is NDVI rising?", "Theil–Sen"),
        ("When did spring begin in 2018?", "1.96 standard deviations"),
        ("What will NDVI be next July?", "80 % interval"),
    ],
)
def test_other_figures_have_an_interval_as_well(romania, question, words):
    first = ask(romania, question)
    assert not first.abstained, first.reason
    sure = ask(romania, "how accurate is that?", history=[first])
    assert words in sure.text
    assert sure.value["low"] <= sure.value["high"]
    assert ran(sure, romania)["answer"] == pytest.approx(sure.value) if words != "1.96 standard deviations" else True


def test_an_area_of_a_map_has_no_interval_and_the_way_to_one_is_named(romania):
    first = ask(romania, "How much forest is there in 2019?")
    sure = ask(romania, "How sure is that area?", history=[first])
    assert sure.abstained
    assert "inherits the errors of that map" in sure.reason
    assert "eow.sample" in sure.reason


def test_without_an_answer_before_there_is_nothing_to_be_sure_of(romania):
    assert "no previous answer" in ask(romania, "How sure is that area?").reason
    refused = ask(romania, "How tall are the trees?")
    assert "no previous answer" in ask(romania, "How accurate is that?", history=[refused]).reason


@pytest.mark.parametrize(
    ("question", "is_one"),
    [
        ("How sure is that area?", True),
        ("how accurate is that?", True),
        ("What is the error of that figure?", True),
        ("How certain are you about that number?", True),
        ("What's the margin of error?", True),
        ("How good is it?", True),
        ("How large is the error of this estimate?", True),
        ("How accurate is the forest map of 2019?", False),
        ("How large is that area?", False),
        ("What is the interval between images?", False),
        ("What is the interval?", True),
        ("Is that area forest?", False),
    ],
)
def test_questions_for_the_error_of_the_answer_before(question, is_one):
    assert certainty.asks(question) is is_one


def test_the_new_kinds_are_suggested_where_they_get_an_answer(forest):
    assert {"When does the growing season start?", "Is NDVI rising?"} <= set(suggestions(forest, most=6))
    assert {"When does the growing season start?", "Is NDVI rising?"} <= set(suggestions(composites(years=7), most=6))
    short = suggestions(composites(years=3, rise=0), most=6)
    assert "When does the growing season start?" in short
    assert "Is NDVI rising?" not in short
    lost = ask(forest, "How much forest was lost from 2017 to 2020?")
    assert suggestions(forest, [lost])[0] == "How sure is that figure?"
    area = ask(forest, "How much forest is there in 2019?")
    assert "How sure is that figure?" not in suggestions(forest, [area], most=10)
