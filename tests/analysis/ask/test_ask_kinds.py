"""Kinds of questions that come before the grammar: read as their own program, or refused by their name."""

import calendar

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.ask import ask, kinds, run
from eowidgets.analysis.ask.asking import understood
from eowidgets.analysis.ask.language import (
    AreaOf,
    Change,
    Compare,
    Count,
    Event,
    Extent,
    Extreme,
    Fact,
    Outlook,
    Presence,
    Rank,
    Scope,
    Share,
    Statistic,
    Threshold,
    Trend,
    When,
    from_json,
    to_json,
)
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def forest():
    return eow.open("romania", clouds="robust")


def read(cube, question, before=None):
    return understood(cube, question, {}, before)[0]


YEAR = Scope("2019-01-01", "2019-12-31")
JULY = Scope("2019-07-01", "2019-07-31")


@pytest.mark.parametrize(
    ("question", "program"),
    [
        ("Was it cloud free on 30 July 2020?", Presence(Scope("2020-07-30", "2020-07-30"), "cloud", negated=True)),
        ("Is there no water?", Presence(Scope(), "water", negated=True)),
        (
            "Did vegetation get greener between 2018 and 2020?",
            Change(Scope("2018-01-01", "2020-12-31"), "NDVI", "whether", "gain"),
        ),
        ("Did NDVI drop from 2018 to 2020?", Change(Scope("2018-01-01", "2020-12-31"), "NDVI", "whether", "loss")),
        ("Was there a wildfire in 2019?", Event(YEAR, "fire")),
        ("Did a storm hit the forest?", Event(Scope(), "storm")),
        ("Did bark beetles kill the trees in 2019?", Event(YEAR, "disease")),
        ("In which month is NDVI highest?", Rank(Scope(), "NDVI", "month", "highest")),
        ("Which season is the driest?", Rank(Scope(), "NDMI", "season", "lowest")),
        ("In which year was most forest lost?", Rank(Scope(), "forest loss", "year", "highest")),
        ("Which half is greener?", Rank(Scope(), "NDVI", "half", "highest")),
        ("Which quarter has the least forest?", Rank(Scope(), "forest", "quarter", "lowest")),
        (
            "Which half looks greener, upper or lower?",
            Compare(Scope(place="north"), "NDVI", relation="which", other=Scope(place="south")),
        ),
        ("In which year were the fewest images taken?", Rank(Scope(), "image", "year", "lowest")),
        ("What is the mean NDVI in the left upper corner?", Statistic(Scope(place="north-west"), "NDVI")),
        ("Average red reflectance in July 2019?", Statistic(JULY, "red")),
        ("Median near infrared in July 2019?", Statistic(JULY, "nir", "median")),
        ("What is NDVI?", Fact(of="NDVI")),
        ("Which satellite?", Fact(of="satellite")),
        ("How large is the cube?", Fact(of="size")),
        ("Area covered, in km2?", Fact(of="size", unit="km2")),
        ("How many columns of pixels does the scene have?", Fact(of="columns")),
        ("Which dates do we have?", Fact(of="dates")),
        ("What is the longest gap between images?", Fact(of="longest gap")),
        ("What will NDVI be next July?", Outlook(Scope("2021-07-01", "2021-07-31"), "NDVI")),
        ("Is more than half of the area forest?", Threshold(Scope(), "forest", "share", "above", 50.0, "%")),
        ("Was the cloud cover above 40 percent in 2019?", Threshold(YEAR, "cloud", "share", "above", 40.0, "%")),
        ("Was at least 5 ha of forest lost in 2019?", Threshold(YEAR, "forest", "loss", "at least", 5.0, "ha")),
        ("Did NDVI ever fall below 0.3 in 2019?", Threshold(YEAR, "NDVI", "any date", "below", 0.3, "")),
        ("Is NDVI above 0.8 in July 2019?", Threshold(JULY, "NDVI", "mean", "above", 0.8, "")),
        ("On how much of the land does NDVI exceed 0.5?", Extent(Scope(), "NDVI", "above", 0.5, "%")),
        ("On how many dates was NDVI above 0.8?", Extent(Scope(), "NDVI", "above", 0.8, "dates")),
        ("What part of the land is not forest?", Share(Scope(), "forest", negated=True)),
        (
            "What area of forest vanished from 2017 to 2019?",
            Change(Scope("2017-01-01", "2019-12-31"), "forest", "amount", "loss"),
        ),
        (
            "How many hectares became built-up between 2017 and 2019?",
            Change(Scope("2017-01-01", "2019-12-31"), "built-up", "amount", "gain"),
        ),
        (
            "How much forest was lost from 2017 to 2019 by break-ccdc?",
            Change(Scope("2017-01-01", "2019-12-31"), "forest", "amount", "loss", method="break-ccdc"),
        ),
        ("When did the built-up land appear?", When(Scope(), "built-up", "change", "gain")),
        ("First image of the 2010s?", When(Scope("2010-01-01", "2019-12-31"), "image", "first")),
        (
            "Were there more images in 2018 than in 2016?",
            Compare(Scope("2018-01-01", "2018-12-31"), "image", other=Scope("2016-01-01", "2016-12-31")),
        ),
        (
            "Was more forest lost in 2019 than in 2018?",
            Compare(YEAR, "forest loss", other=Scope("2018-01-01", "2018-12-31")),
        ),
        (
            "What is the difference in NDVI between June 2019 and July 2019?",
            Compare(Scope("2019-06-01", "2019-06-30"), "NDVI", relation="difference", other=JULY),
        ),
        ("How many days had snow in 2019?", Count(YEAR, "snow dates")),
        ("Was the 30th of July 2020 cloudy?", Presence(Scope("2020-07-30", "2020-07-30"), "cloud")),
        ("What is the highest EVI of the record?", Extreme(Scope(), "EVI", "highest")),
        ("Had NDVI been rising before 2018?", Trend(Scope(end="2017-12-31"), "NDVI")),
        ("Near infrared on the last day, mean of the image?", Statistic(Scope("2021-01-01", "2021-01-01"), "nir")),
    ],
)
def test_each_kind_has_its_program(forest, question, program):
    found = read(forest, question)
    assert found == program
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How tall are the trees?", "heights"),
        ("How high are the houses?", "heights"),
        ("How deep is the lake?", "depths"),
        ("How many centimetres of snow fell in 2019?", "depths"),
        ("How long is the river?", "lengths"),
        ("How wide is the road?", "lengths"),
        ("How many trees are there?", "single things"),
        ("What is the number of houses?", "single things"),
        ("Is there a river?", "rivers"),
        ("How much road is there?", "roads"),
        ("How old is the forest?", "ages"),
        ("Which tree species dominate?", "species"),
        ("How many wolves live here?", "animals|single things"),
        ("How much carbon do these trees hold?", "volumes and weights"),
        ("What is the temperature?", "weather"),
        ("How steep is the slope?", "shape of the ground"),
        ("Who owns the forest?", "ownership"),
        ("Which is the nicest part?", "opinions"),
        ("How green is Vienna?", "Vienna"),
        ("Is forest loss accelerating?", "accelerations"),
        ("forest", "alone is not a question"),
        ("Has NDVI not increased since 2017?", "contains a negation"),
        ("Was cloud cover above 40 in 2019?", "no unit"),
        ("Which decade was the greenest?", "decades"),
        ("Mean of the thermal band in 2019?", "band in the question is not clear"),
        ("Mean of swir22 reflectance in 2019?", "no band swir22"),
        ("What share of images was cloudy in 2019?", "not of the images"),
    ],
)
def test_what_is_not_shown_is_refused_by_its_name(forest, question, kind):
    answer = ask(forest, question)
    assert answer.abstained
    assert any(word in answer.reason for word in kind.split("|")), answer.reason


def test_sharp_pixels_may_be_asked_about_single_things():
    from eowidgets.analysis.ask import slots
    from eowidgets.analysis.ask.kinds.refused import refusal

    text = "How many houses are there?"
    found = slots.read(text, "2019-01-01", "2020-01-01")
    assert "single things" in refusal(text, found, kinds.Given(metres=10.0))
    assert refusal(text, found, kinds.Given(metres=0.5)) == ""


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("What is NDVI at 45.2029, 22.1515?", (22.1515, 45.2029)),
        ("NDVI at 45.2029 N, 22.1515 E in 2019", (22.1515, 45.2029)),
        ("NDVI at 22.1515 E, 45.2029 N", (22.1515, 45.2029)),
        ("NDVI at lon 22.1515, lat 45.2029", (22.1515, 45.2029)),
        ("NDVI at 22.1515, 45.2029", (22.1515, 45.2029)),
        ("NDVI at 33.45 S, 70.66 W", (-70.66, -33.45)),
        ("Is NDVI above 0.75 in 2019?", None),
        ("What was NDVI in 2019?", None),
    ],
)
def test_coordinates_are_taken_out(forest, text, point):
    rest, found = kinds.point_of(text, (22.14, 45.20, 22.16, 45.21))
    assert found == point
    assert ("45" in rest) is False
    if point is None:
        assert rest == text


def test_a_point_is_one_pixel(forest):
    answer = ask(forest, "What is NDVI at 45.2029, 22.1515 in July 2019?")
    assert answer.program == Statistic(
        Scope("2019-07-01", "2019-07-31", point=(22.1515, 45.2029)), "NDVI", answer.program.stat
    )
    assert "45.20290° N" in answer.text
    row, column = np.argwhere(next(iter(answer.evidence.masks.values())).values == 1)[0]
    series = (
        forest.eow.index("NDVI")
        .isel(y=row, x=column)
        .where(~forest["clouds"].isel(y=row, x=column))
        .sel(time="2019-07")
    )
    assert answer.value in (pytest.approx(float(series.mean())), pytest.approx(float(series.median())))
    away = ask(forest, "What is NDVI at 10.5000, 22.1515?")
    assert away.abstained
    assert "outside" in away.reason


def test_the_opposite_is_not_said_of_the_same_numbers(forest):
    up = ask(forest, "Did NDVI rise between 2018 and 2020?")
    down = ask(forest, "Did NDVI fall between 2018 and 2020?")
    assert not (up.value and down.value)
    free, cloudy = (ask(forest, q) for q in ("Was it cloud free on 30 July 2020?", "Was there cloud on 30 July 2020?"))
    assert (free.value, cloudy.value) == (False, True)
    assert free.text.startswith("No: cloud on 1 of 1 date")


def test_a_cause_is_no_answer_without_a_test(forest):
    for question in ("Was there a fire?", "Did a storm hit the forest?", "Did beetles kill the forest in 2019?"):
        answer = ask(forest, question)
        assert answer.abstained
        assert "do not show" in answer.reason
        assert "ha of forest loss" in answer.reason
    logged = run(forest, Change(Scope("2017-01-01", "2020-12-31"), "forest", "whether", "loss"), "Was there logging?")
    assert "not its cause" in logged.text


def test_hectares_by_a_method_are_those_of_change(forest):
    from eowidgets.analysis import changed_places

    answer = run(forest, Change(Scope("2019-01-01", "2020-12-31"), "", "amount", method="break-iqr"))
    found = eow.change(forest, "break-iqr", dates=("2019-01-01", "2020-12-31"))
    assert answer.value == pytest.approx(changed_places(found)["hectares"].sum())
    assert "as eow.change reports" in answer.text
    lost = run(forest, Change(Scope("2019-01-01", "2020-12-31"), "forest", "amount", "loss", method="break-iqr"))
    assert 0 < lost.value < answer.value
    assert "eow.change counts breaks" in ask(forest, "How much forest was lost from 2017 to 2020?").text


def test_limits_are_held_against_the_number_itself(forest):
    share = ask(forest, "How much of the area is forest in 2019, in percent?").value
    for relation, holds in (("above", True), ("at least", True), ("below", False), ("at most", False)):
        answer = run(forest, Threshold(YEAR, "forest", "share", relation, share - 1, "%"))
        assert answer.value is holds
        assert answer.text.startswith("Yes" if holds else "No")
        exec(compile(answer.code, "cell", "exec"), scope := {})
        assert scope["answer"] is holds
    with pytest.raises(InputError):
        from_json({"kind": "threshold", "of": "forest", "limit": "many"})


def test_parts_of_the_year_and_of_the_place(forest):
    month = run(forest, Rank(Scope(), "NDVI", "month", "highest"))
    values = forest.eow.index("NDVI").where(~forest["clouds"] & forest["valid"])
    course = values.mean(("y", "x")).where(values.notnull().sum(("y", "x")) >= 2000).dropna("time")
    means = course.groupby("time.month").mean()
    assert month.value == calendar.month_name[int(means["month"][int(means.argmax())])]
    half = run(forest, Rank(Scope(), "forest", "half", "highest"))
    shares = {p: run(forest, Share(Scope(place=p), "forest")).value for p in ("north", "south", "west", "east")}
    assert half.value == max(shares, key=shares.get)
    assert run(forest, Rank(Scope(), "forest", "month")).abstained


def test_facts_of_the_cube(forest):
    facts = {
        of: run(forest, Fact(of=of)) for of in ("dates", "satellite", "size", "bands", "resolution", "place", "pixels")
    }
    assert facts["dates"].value == ("2015-08-01", "2021-01-01")
    assert facts["size"].value == pytest.approx(100, rel=0.01)
    assert facts["resolution"].value == pytest.approx(10, rel=0.01)
    assert "Sentinel-2" in facts["satellite"].text
    assert facts["pixels"].value == 10_000
    assert run(forest, Fact(of="size", unit="km2")).value == pytest.approx(1, rel=0.01)
    assert run(forest.drop_attrs(deep=False), Fact(of="satellite")).abstained


@pytest.mark.parametrize("dates", [1, 2])
def test_water_is_told_from_one_date(make_cube, dates):
    cube = make_cube(dates=dates, height=20, width=20, bands=("green", "red", "nir", "swir16"), clouds=0.0)
    cube["clouds"][:] = False
    lake = np.zeros((20, 20), bool)
    lake[4:12, 5:15] = True
    for name, water, land in (("green", 0.06, 0.08), ("red", 0.05, 0.06), ("nir", 0.03, 0.35), ("swir16", 0.01, 0.2)):
        cube[name].values[:] = np.where(lake, water, land)
    answer = run(cube, AreaOf(Scope(), "water"))
    assert answer.value == pytest.approx(0.8)
    assert ("one date" in answer.text) is (dates == 1)
    assert run(cube, AreaOf(Scope(), "forest")).abstained
    snowy = cube.copy()
    for name, value in (("green", 0.7), ("red", 0.7), ("nir", 0.6), ("swir16", 0.05)):
        snowy[name] = xr.full_like(cube[name], value)
    assert run(snowy, Presence(Scope(), "water")).abstained
