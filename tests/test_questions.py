"""The grader of the questions about images, with invented answers; the questions themselves are not asked here."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from eowidgets.analysis.ask.answer import Answer

ROOT = Path(__file__).parents[1]
if not (ROOT / "benchmarks/questions.py").exists():
    pytest.skip("The source distribution has no benchmarks.", allow_module_level=True)
sys.path.insert(0, str(ROOT))
from benchmarks import question_truth, questions  # noqa: E402

sys.path.remove(str(ROOT))


def answered(text="", value=None, unit=""):
    return Answer("?", text, value=value, unit=unit)


REFUSED = Answer("?", "Heights cannot be told.", abstained=True, reason="Heights cannot be told.")
AREA = {"kind": "number", "unit": "ha", "tolerance": 1.0}
YES = {"kind": "yes-no"}
DAY = {"kind": "date", "tolerance": 2}
SIDE = {"kind": "choice", "among": {"north": ["north", "upper"], "north-west": ["north-west"], "south": ["south"]}}


@pytest.mark.parametrize(
    ("expect", "answer", "truth", "outcome"),
    [
        (AREA, answered(value=10.5, unit="ha"), [10.0], "correct"),
        (AREA, answered(value=0.105, unit="km²"), [10.0], "correct"),
        (AREA, answered(value=11.5, unit="ha"), [10.0], "wrong"),
        (AREA, answered(value=11.5, unit="ha"), [10.0, 12.0], "correct"),
        (AREA, answered(value=10.0, unit="%"), [10.0], "wrong"),
        (AREA, answered(value=10.0), [10.0], "wrong"),
        (AREA, answered("35 % of it: 10.2 ha.", value=35.0, unit="%"), [10.0], "correct"),
        (AREA, answered("In 2018: 1,010 ha.", value={"a": 1}), [1010.0], "correct"),
        (AREA, answered(value=True), [1.0], "wrong"),
        (AREA, REFUSED, [10.0], "refused"),
        ({**AREA, "unit": "%"}, answered(value=0.4), [40.0], "correct"),
        ({**AREA, "unit": ""}, answered("On 2018-07-01 there were 12 of them.", value="12 images"), [12.0], "correct"),
        ({**AREA, "unit": ""}, answered(value=40.0, unit="%"), [40.0], "wrong"),
        ({**AREA, "unit": "days"}, answered(value=16), [16.0], "correct"),
        (YES, answered("Yes, 3 % of it.", value=3.0), [True], "correct"),
        (YES, answered("No: there is none.", value=True), [True], "wrong"),
        (YES, answered("No cloud on any of 7 dates.", value=False), [False], "correct"),
        ({**YES, "absence": True}, answered("No cloud on any of 7 dates.", value=False), [True], "correct"),
        ({**YES, "absence": True}, answered("No: 40 % was cloudy.", value=False), [True], "wrong"),
        ({**YES, "absence": True}, answered("Cloud on 3 of 7 dates.", value=True), [False], "correct"),
        (YES, answered("There is some.", value=np.bool_(True)), [True], "correct"),
        (YES, answered("There is some.", value=3.0), [True], "wrong"),
        (
            {**YES, "words": {"yes": ["rising"], "no": ["not", "falling"]}},
            answered("It is not rising.", 0.1),
            [False],
            "correct",
        ),
        (
            {**YES, "words": {"yes": ["rising"], "no": ["not", "falling"]}},
            answered("It is rising.", 0.1),
            [True],
            "correct",
        ),
        (DAY, answered(value="2018-07-03"), ["2018-07-01"], "correct"),
        (DAY, answered(value="2018-07-04"), ["2018-07-01"], "wrong"),
        (DAY, answered("It was on 4 July 2018, not on 2018-07-01."), ["2018-07-01"], "wrong"),
        (DAY, answered("It was on July 2, 2018."), ["2017-01-01", "2018-07-01"], "correct"),
        (DAY, answered("In summer."), ["2018-07-01"], "wrong"),
        ({"kind": "month"}, answered(value="2018-07-04"), [7], "correct"),
        ({"kind": "month"}, answered("In June, 0.8."), [7], "wrong"),
        ({"kind": "year"}, answered("In 2018 it was 0.8, in 2017 0.7."), [2018], "correct"),
        ({"kind": "year"}, answered(value=2017), [2018], "wrong"),
        (SIDE, answered("The North-West, 0.7; north 0.5."), ["north-west"], "correct"),
        (SIDE, answered("The south: 0.7 against 0.6 in the north.", value="south"), ["north"], "wrong"),
        (SIDE, answered("The upper half."), ["north"], "correct"),
        (
            {"kind": "text", "needs": [["infrared", "nir"], ["red"]]},
            answered("Near infrared against red."),
            None,
            "correct",
        ),
        ({"kind": "text", "needs": [["infrared", "nir"], ["green"]]}, answered("Near infrared."), None, "wrong"),
        ({"kind": "refuse"}, REFUSED, None, "refused"),
        ({"kind": "refuse"}, answered(value=20.0, unit="m"), None, "wrong"),
        ({"kind": "refuse-or", "or": AREA}, REFUSED, [1.0], "correct"),
        ({"kind": "refuse-or", "or": AREA}, answered(value=5.0, unit="ha"), [1.0], "wrong"),
        (
            {"kind": "any", "of": [AREA, {**AREA, "unit": "%"}]},
            answered(value=40.0, unit="%"),
            [[9.0], [40.0]],
            "correct",
        ),
        ({"kind": "any", "of": [AREA, {**AREA, "unit": "%"}]}, REFUSED, [[9.0], [40.0]], "refused"),
    ],
)
def test_grades(expect, answer, truth, outcome):
    assert questions.grade(expect, answer, truth) == outcome


def test_the_report_counts_by_topic_and_compares_with_targets():
    def one(outcome, expect, answer):
        question = {"id": "x", "cube": "romania", "topic": "cover", "question": "?", "expect": expect}
        return questions.Graded(question, outcome, 0.1, [1.0], answer)

    heights = {"kind": "refuse", "names": "height"}
    lines = questions.report(
        [
            *[one("correct", AREA, answered()) for _ in range(3)],
            one("wrong", AREA, answered()),
            one("refused", heights, REFUSED),
        ]
    ).splitlines()
    assert any(line.split() == ["cover", "4", "3", "1", "0"] for line in lines)
    assert any(line.startswith("correct 75.0 %") and line.endswith("not met") for line in lines)
    assert any(line.startswith("wrong 25.0 %") and line.endswith("not met") for line in lines)
    assert any(line.startswith("refused 100.0 %") and line.endswith(": met") for line in lines)
    assert any("in 1 of 1" in line for line in lines)


def test_references_of_a_small_cube():
    days = np.array(["2018-01-05", "2018-07-05", "2019-07-05"], "datetime64[ns]")
    dims, shape = ("time", "y", "x"), (3, 2, 2)
    red = np.full(shape, 0.1)
    nir = np.full(shape, 0.3)
    nir[1, 0] = 0.9  # greener in the north in July 2018
    clouds = np.zeros(shape, bool)
    clouds[2, 0, 0] = True
    cube = xr.Dataset(
        {"red": (dims, red), "nir": (dims, nir), "valid": (dims, np.ones(shape, bool)), "clouds": (dims, clouds)},
        coords={"time": days},
    )
    case = question_truth.Case(
        cube, np.array([[[0, 0], [0, 0]], [[1, 0], [0, 0]], [[1, 1], [0, 0]]], np.uint8), {"forest": 1}
    )
    found = {
        name: question_truth.evaluate(case, what)
        for name, what in {
            "july": ["band_mean", {"of": "NDVI", "when": "*-07", "place": "north"}],
            "january": ["band_mean", {"of": "NDVI", "when": "2018-01..2018-02"}],
            "cloud": ["cloud", {"when": "2019"}],
            "clear": ["images", {"cloud_below": 10}],
            "greenest": ["extreme_date", {"of": "NDVI"}],
            "forest": ["cover", {"of": "forest", "when": "2018"}],
        }.items()
    }
    # Two pixels of 0.8 and, under one cloud, one of 0.5.
    assert found == pytest.approx(
        {"july": 0.7, "january": 0.5, "cloud": 25.0, "clear": 2, "greenest": "2018-07-05", "forest": 25.0}
    )


def test_references_of_seasons_radar_and_years():
    days = np.array(["2018-03-01", "2018-03-11", "2018-03-21", "2018-12-21", "2019-02-01"], "datetime64[ns]")
    dims, shape = ("time", "y", "x"), (5, 1, 2)
    level = np.array([0.2, 0.4, 0.8, 0.3, 0.3])[:, None, None]
    clouds = np.zeros(shape, bool)
    clouds[3] = True
    cube = xr.Dataset(
        {
            "ndvi": (dims, np.broadcast_to(level, shape)),
            "vv": (dims, np.broadcast_to([-10.0, -20.0], shape)),
            "valid": (dims, np.ones(shape, bool)),
            "clouds": (dims, clouds),
        },
        coords={"time": days},
    )
    case = question_truth.Case(cube)
    found = {
        name: question_truth.evaluate(case, what)
        for name, what in {
            "start": ["season_start", {"of": "ndvi", "when": "2018"}],
            "winter": ["images", {"when": "*-12..*-02"}],
            "winter of 2019": ["images", {"when": "2019&*-12..*-02"}],
            "overcast": ["images", {"cloud_above": 50}],
            "cloudiest year": ["extreme_year", {"of": "cloud"}],
            "without images": ["empty_months", {"year": 2018}],
            "record": ["record_days"],
            "power": ["backscatter", {"of": "vv", "when": "2018-12", "stat": "power"}],
            "decibels": ["backscatter", {"of": "vv"}],
            "part": ["ratio", {"first": ["given", {"value": 1}], "second": ["given", {"value": 4}]}],
            "pixel": ["pixel_stat", {"of": "ndvi", "when": "2018-03"}],
            "high": ["date_high", {"of": "ndvi"}],
        }.items()
    }
    # Half of the rise from 0.2 to 0.8 lies a quarter of the way from the second date to the third: 2.5 days, to the even day.
    assert found.pop("start") == "2018-03-13"
    power = 10 * np.log10(np.mean([0.1, 0.01]))
    assert found == pytest.approx(
        {
            "winter": 2, "winter of 2019": 1, "overcast": 1, "cloudiest year": 2018, "without images": 10, "record": 337,
            "power": power, "decibels": -15, "part": 25, "pixel": 0.4666667, "high": 0.8,
        }
    )  # fmt: skip


def test_the_sets_are_well_formed_and_share_no_sentence():
    files = {n: json.loads((ROOT / "benchmarks" / f).read_text()) for n, f in questions.FILES.items()}
    counts = {n: (sum(q["expect"]["kind"] != "refuse" for q in of), len(of)) for n, of in files.items()}
    practice = {"own": (148, 197), "more": (73, 93)}
    blind = {"fresh": (84, 120), "fresh2": (42, 60), "fresh3": (84, 120)}
    assert counts == {"test": (140, 200), "dev": (70, 100), **blind, **practice}
    # The practice sets repeat a sentence and lean on the bundled cubes: only what they expect is checked.
    sets = {n: of for n, of in files.items() if n not in practice}
    every = [q["question"].lower() for of in sets.values() for q in of]
    assert len(set(every)) == len(every)
    practised = {q["question"].lower() for n in practice for q in files[n]}
    assert not practised & {q["question"].lower() for n in blind for q in files[n]}
    known = {q["cube"] for n in ("test", "dev") for q in sets[n]}
    for n in blind:
        assert len({q["cube"] for q in sets[n]}) >= 8
        assert len({q["cube"] for q in sets[n]} - known) >= 4
    for of in sets.values():
        assert sum(q["cube"] in ("romania", "bouconne") for q in of) <= len(of) / 3
    for q in (q for of in files.values() for q in of):
        _check(q["expect"])


def _check(expect):
    if expect["kind"] == "refuse":
        assert expect["names"]
        return
    for inner in [*expect.get("of", ()), *([expect["or"]] if "or" in expect else [])]:
        _check(inner)
    for what in [*([expect["value_by"]] if "value_by" in expect else []), *expect.get("also", ())]:
        assert what[0] in question_truth.REFERENCES
    if expect["kind"] == "number":
        assert expect["tolerance"] >= 0
        assert expect["unit"] in ("", "1/year", *questions.UNITS)
