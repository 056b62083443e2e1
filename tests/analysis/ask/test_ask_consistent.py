"""No sentence against its own numbers: claims, what is caught, and every program over invented cubes."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eowidgets.analysis.ask import ahead, built, run, words
from eowidgets.analysis.ask import burnt as burning
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import NONE, PREFIX, UNCERTAIN, Claim, checked, contradictions, marked
from eowidgets.analysis.ask.language import (
    FACTS,
    AreaOf,
    Change,
    Compare,
    Count,
    Describe,
    Event,
    Extent,
    Extreme,
    Fact,
    Locate,
    Outlook,
    Presence,
    Rank,
    Scope,
    Season,
    Settlement,
    Share,
    Statistic,
    Threshold,
    Trend,
    When,
)

NUMBERS = st.floats(-5, 5, allow_nan=False).map(lambda v: round(v, 2))
RELATIONS = st.sampled_from([">", ">=", "<", "<="])


@given(NUMBERS, NUMBERS, RELATIONS, st.booleans())
def test_a_sentence_made_from_its_claim_passes_and_its_contrary_does_not(a, b, relation, negated):
    claim = Claim(a, b, relation, negated, shown=(f"{a:.2f}",))
    said = f"{claim.opening}: the mean is {a:.2f}."
    assert contradictions(said, claim.holds, "", claim) == []
    other = "No" if claim.holds else "Yes"
    wrong = f"{other}: the mean is {a:.2f}."
    assert contradictions(wrong, not claim.holds, "", claim)
    put_right = checked(Answer("?", wrong, not claim.holds, confidence=0.9), claim)
    assert (put_right.text, put_right.value) == (said, claim.holds)


@pytest.mark.parametrize(
    ("text", "value", "unit", "claim"),
    [
        ("Yes: mean NDVI went from 0.76 to 0.68.", True, "", Claim(-0.08, 0.02, ">", shown=("0.76", "0.68"))),
        ("Yes: cloud on 1 of 1 date.", True, "", Claim(1, 0, ">", negated=True)),
        ("Mean NDVI went from 0.76 to 0.68 (+0.08).", -0.08, "NDVI", None),
        ("Forest covers 3.2 ha.", 3.2, "km2", None),
        ("Forest covers 3.2 ha.", 4.2, "ha", None),
        ("Forest covers 120 %.", 120.0, "%", None),
        ("NDVI is rising: -0.01 NDVI a year (95 % interval -0.02 to -0.005).", -0.01, "NDVI a year", None),
        ("NDVI is rising: +0.01 NDVI a year (95 % interval -0.02 to +0.03).", 0.01, "NDVI a year", None),
        ("3.2 ha (3.5 to 4.0 ha) of forest was lost.", 3.2, "ha", Claim(3.2, shown=("3.2 ha",), interval=(3.5, 4.0))),
        ("The mean of NDVI is 0.50.", 0.4, "NDVI", Claim(0.4, shown=("0.40",))),
        ("No cloud: cloud on 3 of 2 dates.", False, "", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_seen(text, value, unit, claim):
    assert contradictions(text, value, unit, claim)
    given_back = checked(Answer("?", text, value, unit, confidence=0.9), claim)
    assert given_back.abstained or contradictions(given_back.text, given_back.value, given_back.unit, claim) == []


def test_low_confidence_reads_differently_and_very_low_is_refused():
    answer = Answer("?", "Yes: it is.", True, confidence=UNCERTAIN)
    assert marked(answer) is answer
    low = marked(replace(answer, confidence=UNCERTAIN - 0.01))
    assert low.text == f"{PREFIX}Yes: it is."
    assert low.uncertain
    assert marked(low) is low
    assert marked(replace(answer, confidence=NONE - 0.01)).abstained


# --- every program over invented cubes ----------------------------------------------------------------------------

YEAR, BEFORE = Scope("2021-01-01", "2021-12-31"), Scope("2020-01-01", "2020-12-31")
BOTH = Scope("2020-01-01", "2021-12-31")
RELATION = st.sampled_from(["above", "at least", "below", "at most"])
COVER = st.sampled_from(["forest", "field", "water", "bare", "built-up", "vegetation"])
PROGRAMS = st.one_of(
    st.builds(Presence, st.just(YEAR), st.one_of(COVER, st.sampled_from(["cloud", "snow"])), st.booleans()),
    st.builds(Share, st.just(YEAR), st.one_of(COVER, st.sampled_from(["cloud", "snow"])), st.booleans()),
    st.builds(
        Compare, st.just(YEAR), st.sampled_from(["NDVI", "forest", "image", "cloud", "nir"]), st.just(""),
        st.sampled_from(["more", "less", "which", "which less"]), st.just(BEFORE),
    ),
    st.builds(
        Threshold, st.just(YEAR), COVER, st.sampled_from(["share", "area", "count"]), RELATION,
        st.floats(0, 100).map(lambda v: round(v, 1)), st.just("%"),
    ).map(lambda p: replace(p, unit={"share": "%", "area": "ha", "count": ""}[p.measure])),
    st.builds(
        Threshold, st.just(BOTH), st.just("NDVI"), st.sampled_from(["mean", "any date"]), RELATION, st.floats(-1, 1), st.just(""),
    ),
    st.builds(
        Threshold, st.just(BOTH), st.just("forest"), st.sampled_from(["loss", "gain"]), RELATION, st.floats(0, 50),
        st.sampled_from(["%", "ha"]),
    ),
    st.builds(Extent, st.just(YEAR), st.just("NDVI"), RELATION, st.floats(-1, 1), st.sampled_from(["%", "ha"])),
    st.builds(
        Rank, st.just(BOTH), st.sampled_from(["NDVI", "cloud", "image"]), st.sampled_from(["month", "year"]),
        st.sampled_from(["highest", "lowest"]),
    ),
    st.builds(
        Change, st.just(BOTH), st.sampled_from(["forest", "field", "NDVI"]), st.sampled_from(["whether", "amount"]),
        st.sampled_from(["", "loss", "gain"]),
    ),
    st.builds(Change, st.just(BOTH), st.just(""), st.sampled_from(["what", "whether"])),
    st.builds(Trend, st.just(BOTH), st.sampled_from(["NDVI", "cloud"])),
    st.builds(
        Season, st.sampled_from([YEAR, Scope()]), st.just("NDVI"), st.sampled_from(["start", "peak", "end", "length"]),
    ),
    st.builds(
        Season, st.just(YEAR), st.just("NDVI"), st.sampled_from(["start", "peak", "end"]), st.sampled_from(["earlier", "later"]),
        st.just(BEFORE),
    ),
    st.builds(Season, st.just(YEAR), st.just("NDVI"), st.just("length"), st.sampled_from(["longer", "shorter"]), st.just(BEFORE)),
    st.builds(Statistic, st.just(YEAR), st.sampled_from(["NDVI", "nir"])),
    st.builds(When, st.just(YEAR), st.sampled_from(["NDVI", "cloud"]), st.sampled_from(["peak", "low"])),
    st.builds(When, st.just(BOTH), COVER, st.just("change"), st.sampled_from(["", "gain"])),
    st.builds(
        Locate, st.just(YEAR), st.one_of(COVER, st.sampled_from(["cloud", "forest loss", "change"])),
        st.sampled_from(["grid", "polygon", "nearest"]),
    ).map(lambda p: replace(p, scope=YEAR if " " not in p.of and p.of != "change" else BOTH)),
    st.builds(Describe, st.just(YEAR)),
    st.builds(Count, st.just(YEAR), st.one_of(COVER, st.sampled_from(["image", "clear image", "cloud dates"]))),
    st.builds(AreaOf, st.just(YEAR), COVER, st.sampled_from(["ha", "km2", "m2"])),
    st.builds(
        Extreme, st.just(YEAR), st.just("NDVI"), st.sampled_from(["highest", "lowest"]), st.sampled_from(["value", "place"])
    ),
    st.builds(Event, st.just(BOTH), st.sampled_from(["fire", "storm", "flood"])),
    st.builds(Settlement, st.just(YEAR)),
    st.builds(Fact, st.just(Scope()), st.sampled_from(FACTS)),
)  # fmt: skip


@pytest.fixture(scope="module")
def invented():
    """Two years of 16 × 16 pixels: a course of the year, a level for each pixel, and a part that changes."""
    import pandas as pd

    def make(seed):
        rng = np.random.default_rng(seed)
        times = pd.date_range("2020-01-05", "2021-12-28", freq="21D")
        wave = 0.5 - 0.5 * np.cos(2 * np.pi * (times.dayofyear.values - 15) / 365)
        shape = (len(times), 16, 16)
        lush = rng.choice([0.1, 0.5, 1.0], (4, 4)).repeat(4, 0).repeat(4, 1)[None] * np.ones(shape)
        turned = rng.random((16, 16)) < rng.random()
        lush[len(times) // 2 :, turned] *= rng.random()
        green = wave[:, None, None] * lush
        noise = lambda: rng.normal(0, 0.004, shape)  # noqa: E731
        bands = {
            "blue": 0.04 + noise(), "green": 0.09 - 0.05 * green + noise(), "red": 0.12 - 0.1 * green + noise(),
            "nir": 0.15 + 0.3 * green + noise(), "swir16": 0.25 - 0.12 * green + noise(),
        }  # fmt: skip
        clouds = rng.random(shape) < rng.random((len(times), 1, 1)) ** 4
        data = {n: (("time", "y", "x"), np.clip(v, 0.001, 1).astype("float32")) for n, v in bands.items()}
        data["clouds"] = (("time", "y", "x"), clouds)
        coords = {
            "time": times.values.astype("datetime64[ns]"),
            "y": 5e6 - 10 * np.arange(16.0),
            "x": 5e5 + 10 * np.arange(16.0),
        }
        return xr.Dataset(data, coords).rio.write_crs("EPSG:32635")

    return [make(seed) for seed in range(3)]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=PROGRAMS, which=st.integers(0, 2))
def test_no_answer_contradicts_its_numbers(invented, program, which):
    answer = run(invented[which], program)
    assert answer.text.rstrip().endswith((".", "?"))
    if answer.abstained:
        assert answer.value is None
        return
    _agrees(answer)


def _agrees(answer):
    """Read the sentence without the functions that made it."""
    text = answer.text.removeprefix(PREFIX)
    opening = re.match(r"(Yes|No)\b", text)
    if isinstance(answer.value, bool):
        assert opening, text
        assert (opening[1] == "Yes") is answer.value, text
    program = answer.program
    if program.kind in ("locate", "describe", "count", "extreme", "settlement"):
        _says_its_value(answer, text)
    if program.kind == "season":
        _season_agrees(answer, text)
    went = re.search(r"went from (-?[\d.]+)[^(]*? to (-?[\d.]+)", text)
    if went and getattr(program, "ask", "") == "whether" and program.of == "NDVI":
        step = float(went[2]) - float(went[1])
        if program.direction and abs(abs(step) - 0.02) > 0.011:
            assert answer.value is ((step > 0.02) if program.direction == "gain" else (step < -0.02)), text
    limit = re.search(
        r"(-?\d[\d,]*(?:\.\d+)?)(?: %| ha)?, and the limit in the question is (-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)", text
    )
    if limit:
        a, b = (float(v.replace(",", "")) for v in limit.groups())
        if a != b:
            above = program.relation in ("above", "at least")
            assert answer.value is ((a > b) if above else (a < b)), text
    days = re.search(r"on (\d+) of (\d+) dates?", text)
    if days:
        assert int(days[1]) <= int(days[2])
    if days and program.kind == "presence":
        assert answer.value is ((int(days[1]) > 0) is not program.negated), text
    if program.kind == "compare" and program.relation in ("more", "less") and program.of != "image":
        a, b = (float(v) for v in re.findall(r"(-?\d+\.?\d*)(?= %| in 20| from 20)", text)[:2])
        if a != b:
            assert answer.value is ((a > b) is (program.relation == "more")), text
    between = re.search(r"([\d.]+) ha \(([\d.]+) to ([\d.]+) ha\)", text)
    if between:
        size, low, high = map(float, between.groups())
        assert low <= size + 0.05
        assert size <= high + 0.05


def _season_agrees(answer, text):
    """Dates and lengths stand in the sentence as the value has them; yes and no follow from the two that are printed."""
    program, value = answer.program, answer.value
    if not program.relation:
        for one in value.values() if isinstance(value, dict) else [value]:
            assert (f"{one:.0f} days" if program.ask == "length" else one) in text
        return
    days = int(re.search(r"(\d+) days (?:earlier|later|shorter|longer)\.", text)[1])
    if program.ask == "length":
        one, two = map(int, re.search(r"is (\d+) days.* and (\d+) days", text).groups())
        assert abs(abs(one - two) - days) <= 1
    else:
        one, two = (
            np.datetime64(d) - np.datetime64(d[:4]) for d in re.search(r"is (\S+) .* and (\S+) ", text).groups()
        )
        assert abs(int((one - two).astype(int))) in (days, 365 - days, 366 - days)
        if abs(int((one - two).astype(int))) > 180:
            one, two = two, one
    assert value is ((one < two) is (program.relation in ("earlier", "shorter"))), text


def _says_its_value(answer, text):
    """Places, counts, names and shares stand in the sentence as the value has them."""
    value, program = answer.value, answer.program
    if value == "nowhere":
        assert "There is no " in text, text
    elif program.kind == "locate" and program.how == "polygon":
        assert re.search(rf"\b{value} polygons?\b", text), text
    elif program.kind == "locate" and program.how == "nearest":
        assert ("The middle of the place lies in" in text) is (value == 0.0), text
    elif program.kind == "locate":
        assert value in text or "spread over all of it" in text, text
    elif program.kind == "describe":
        assert sum(value.values()) <= 100.5
        for name, percent in re.findall(
            r"(forest|water|bare ground|built-up land|field or grass) (\d+(?:\.\d)?) %", text
        ):
            key = {"bare ground": "bare", "built-up land": "built-up", "field or grass": "field"}.get(name, name)
            assert abs(value[key] - float(percent)) <= 0.55, text
    elif program.kind == "count":
        assert re.search(rf"\b{value}\b", text), text
    elif program.kind == "extreme" and program.ask == "value":
        assert f"{value:.2f}" in text, text
    elif isinstance(value, str):
        assert value in text, text


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    mean=st.floats(-0.2, 0.95),
    half=st.floats(0.01, 0.3),
    level=st.floats(-0.2, 0.95),
    asked=st.sampled_from(["value", "more", "less"]),
)
def test_a_forecast_does_not_contradict_its_numbers(invented, monkeypatch, mean, half, level, asked):
    series = xr.DataArray([mean], {"time": np.array(["2022-07-01"], "datetime64[ns]")}, ("time",))
    coming = {"mean": mean, "low": mean - half, "high": mean + half, "held": 0.8, "series": series, "notes": ""}
    monkeypatch.setattr(ahead, "forecast_mean", lambda *a, **k: coming)
    monkeypatch.setattr(ahead, "year_before", lambda *a, **k: level)
    answer = run(invented[0], Outlook(Scope("2022-07-01", "2022-07-31"), "NDVI", asked))
    if answer.abstained:
        assert answer.value is None
        return
    text = answer.text.removeprefix(PREFIX)
    said, low, high = (
        float(v) for v in re.search(r"to be (-?[\d.]+) \(80 % interval (-?[\d.]+) to (-?[\d.]+)\)", text).groups()
    )
    assert low <= said <= high
    if asked == "value":
        assert abs(answer.value - said) <= 0.0051
        return
    before = float(re.search(r"against (-?[\d.]+) in", text)[1])
    assert text.startswith("Yes" if answer.value else "No")
    if said != before:
        assert answer.value is ((said > before) is (asked == "more")), text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(burnt=st.integers(0, 256), fell=st.integers(0, 256), fall=st.floats(0.27, 1.2))
def test_a_fire_does_not_contradict_its_numbers(invented, monkeypatch, burnt, fell, fall):
    def mask(count):
        out = np.zeros(256, bool)
        out[:count] = True
        return out.reshape(16, 16)

    signs = {"burnt": mask(min(burnt, fell)), "fell": mask(fell), "fall": fall, "date": "2020-07-01"}
    monkeypatch.setattr(burning, "burn_signs", lambda *a, **k: signs)
    answer = run(invented[0], Event(BOTH, "fire"))
    assert answer.abstained is bool(fell and not burnt)
    if not answer.abstained:
        assert answer.text.startswith("Yes" if answer.value else "No")
        assert answer.value is bool(min(burnt, fell))
        assert (f"{words.hectares(0.01 * min(burnt, fell))}" in answer.text) is answer.value


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_two_sharp_pictures_do_not_contradict_their_numbers(monkeypatch, data):
    """The map is invented, so that every size and kind of change comes up."""
    size = 32
    classes = np.zeros((size, size), np.uint8)
    for kind in data.draw(st.lists(st.sampled_from([1, 2]), max_size=3)):
        row, column, side = (
            data.draw(st.integers(0, size - 9)),
            data.draw(st.integers(0, size - 9)),
            data.draw(st.integers(1, 8)),
        )
        classes[row : row + side, column : column + side] = kind
    coords = {"y": 5e6 - np.arange(float(size)), "x": 5e5 + np.arange(float(size))}
    times = np.array(["2020-06-01", "2022-06-01"], "datetime64[ns]")
    bands = {n: (("time", "y", "x"), np.full((2, size, size), 0.2, "float32")) for n in ("red", "green", "blue")}
    cube = xr.Dataset(bands, {"time": times, **coords}).rio.write_crs("EPSG:32635")
    told = SimpleNamespace(
        text="a building has appeared" if classes.any() else "nothing has changed", changed=bool(classes.any()), agrees=True,
        kind=xr.DataArray(classes, coords, ("y", "x")), dates=("2020-06-01", "2022-06-01"),
    )  # fmt: skip
    monkeypatch.setattr(built, "describe_pair", lambda *a, **k: told)
    monkeypatch.setattr(built, "answers", lambda *a: True)
    for program in (
        Change(ask="what"),
        Change(ask="whether"),
        Change(ask="amount"),
        Change(ask="cause"),
        Count(of="change"),
        Locate(of="change"),
    ):
        answer = run(cube, program)
        text = answer.text.removeprefix(PREFIX)
        written = re.findall(r"([\d.,]+) m² of (?:buildings|roads)", text)
        assert bool(written) is bool(classes.any()), text
        if written:
            house, road = (float(v.replace(",", "")) for v in written)
            assert house == pytest.approx((classes == 2).sum(), rel=0.06)
            assert road == pytest.approx((classes == 1).sum(), rel=0.06)
        if getattr(program, "ask", "") == "whether":
            assert text.startswith("Yes" if answer.value else "No")
            assert answer.value is bool((classes > 0).sum() > 40)
            assert ("noise along edges" in text) is bool(classes.any() and not answer.value)
        if program.kind == "count":
            assert text.startswith(f"{answer.value} building")
        if program.kind == "locate":
            assert (answer.value == "nowhere") is (not classes.any())
            assert answer.value in text or answer.value == "nowhere" or "spread" in text
