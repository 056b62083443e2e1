"""What happened, and what the cause looks like; over a series, and between two sharp pictures."""

import numpy as np
import pytest

from eowidgets.analysis.ask import ask, cause, run
from eowidgets.analysis.ask.built import answers, describe_pair
from eowidgets.analysis.ask.language import Change, Count, Locate, Scope, Share, from_json, to_json
from eowidgets.analysis.ask.parser import parse
from eowidgets.analysis.ask.screen import screened
from eowidgets.analysis.ask.season import compare_years
from eowidgets.analysis.ask.timetools import changed_mask, two_years
from eowidgets.simulate.pairs import simulate_pair

SPAN = ("2015-08-01", "2021-01-01")
YEARS = Scope("2017-01-01", "2019-12-31")
SINCE = Scope(start="2017-01-01")


@pytest.mark.parametrize(
    ("question", "program"),
    [
        ("what happened between 2017 and 2019?", Change(YEARS)),
        ("Detect changes between 2017 and 2019", Change(YEARS)),
        ("Show me all changes since 2017", Change(SINCE)),
        ("Describe the forest change since 2017", Change(SINCE, "forest")),
        ("how many hectares were cleared and where", Change(Scope(), "forest", "amount", "loss")),
        ("Where was land cleared since 2017?", Locate(SINCE, "forest loss")),
        ("How many places changed since 2017?", Count(SINCE, "change")),
        ("How many patches were cut down in the north?", Count(Scope(place="north"), "forest loss")),
        ("How many buildings were built since 2017?", Count(SINCE, "built-up gain")),
        ("How many houses were removed?", Count(Scope(), "built-up loss")),
        ("what caused the change", Change(Scope(), "", "cause")),
        ("What caused the loss of forest in the north since 2017?", Change(
            Scope(start="2017-01-01", place="north"), "forest", "cause", "loss")),
        ("Why did the forest disappear?", Change(Scope(), "forest", "cause", "loss")),
        ("What is the reason for the deforestation?", Change(Scope(), "forest", "cause", "loss")),
    ],
)  # fmt: skip
def test_events_are_read(question, program):
    found = parse(question, *SPAN)
    assert found.program == program, found
    assert from_json(to_json(program)) == program


def test_it_points_to_the_change_before():
    before = Locate(SINCE, "forest loss")
    assert parse("What caused it?", *SPAN, before=before).program == Change(SINCE, "forest", "cause", "loss")
    assert parse("What caused it?", *SPAN, before=Share(SINCE, "forest")).program is None


@pytest.mark.parametrize(
    "question",
    [
        "Why was the forest cut?",
        "Who cut the trees?",
        "What caused the war?",
        "Why did people change the field?",
        "What is the reason for the price of the land?",
        "What caused it?",
        "Why has NDVI dropped?",
    ],
)
def test_motives_and_other_causes_are_refused(question, romania):
    answer = ask(romania, question)
    assert answer.abstained and answer.program is None


def test_logging_looks_like_felling_in_patches(romania):
    answer = ask(romania, "What caused the loss of forest since 2017?")
    assert answer.value == "felling in patches"
    assert "not its reason" in answer.text and " patches" in answer.text
    exec(compile(answer.code, "cell", "exec"), scope := {})
    assert scope["answer"] == answer.value
    cube = screened(romania)
    states = compare_years(cube, *two_years(cube, "2017-01-01"), np.ones((100, 100), bool))
    marked = next(iter(answer.evidence.masks.values())).values == 1
    assert marked.any() and changed_mask(states["before"], states["after"], "forest", "field")[marked].all()
    assert answer.confidence < 0.6


def test_where_nothing_changed_there_is_no_cause(romania):
    answer = run(romania, Change(Scope(), "water", "cause", "loss"))
    assert answer.abstained and "no cause to look for" in answer.reason


def course(make_cube, kind):
    """Five years of a green place of which six patches turn brown: at different times, at once, or slowly."""
    cube = make_cube(dates=60, height=24, width=24, bands=("red", "nir"), clouds=0.0)
    cube = cube.assign_coords(time=np.datetime64("2015-01-01", "ns") + np.arange(60) * np.timedelta64(30, "D"))
    cube["clouds"][:] = False
    rng, mask = np.random.default_rng(3), np.zeros((24, 24), bool)
    level = np.full((60, 24, 24), 0.85)
    for i in range(6):
        y, x = 1 + 8 * (i // 3), 1 + 8 * (i % 3)
        mask[y : y + 4, x : x + 4] = True
        step = 12 + 7 * i if kind == "patches" else 33
        fall = np.arange(60) >= step if kind != "slowly" else np.linspace(0, 1, 60)
        level[:, y : y + 4, x : x + 4] -= 0.5 * fall[:, None, None]
    level += rng.normal(0, 0.02, level.shape)
    cube["nir"][:] = 0.3 * (1 + level)
    cube["red"][:] = 0.3 * (1 - level)
    return cube, mask


@pytest.mark.parametrize(
    ("kind", "expected"), [("patches", "felling in patches"), ("once", "one event"), ("slowly", "gradual loss")]
)
def test_signs_tell_steps_from_slopes(make_cube, kind, expected):
    cube, mask = course(make_cube, kind)
    found = cause.signs(cube, mask, ~mask)
    assert found["patches"] == 6 and found["hectares"] == pytest.approx(0.16)
    assert cause.looks_like("forest > field", found) == expected
    if kind == "once":
        assert abs(np.datetime64(found["date"]) - cube.time.values[33]) < np.timedelta64(31, "D")


def test_the_largest_transition_of_what_is_named():
    table = {"forest > field": 9.0, "field > forest": 3.0, "field > built-up": 2.0}
    assert cause.main_transition(table) == "forest > field"
    assert cause.main_transition(table, "field", "loss") == "field > forest"
    assert cause.main_transition(table, "built-up", "gain") == "field > built-up"
    assert cause.main_transition(table, "water") == ""


@pytest.fixture(scope="module")
def street():
    return simulate_pair(scenario="commerce", seed=1_000_007)


def test_two_sharp_pictures_are_told_by_the_networks(street):
    """Detect, count, where, how much, cause: all from one map, against the truth of the pair."""
    cube = street.cube().drop_vars("change")
    truth = street.change > 0
    asked = ("What changed?", "Did anything change?", "How many places changed?", "What caused the change?")
    what, whether, count, why = (ask(cube, q) for q in asked)
    where, size = run(cube, Locate(Scope(), "change")), run(cube, Change(Scope(), "built-up", "amount"))
    assert whether.value is True and why.value == "construction" and isinstance(what.value, str)
    assert count.value >= 1 and where.value in where.text
    marked = what.evidence.masks["new or gone"].values != 255
    assert size.value == pytest.approx(marked.sum() * 0.25 / 1e4)
    assert 0.5 < marked.sum() / truth.sum() < 2
    assert 2 * (marked & truth).sum() / (marked.sum() + truth.sum()) > 0.4
    assert what.evidence.polygons["features"]
    for answer in (what, whether, count, why, where, size):
        assert len(answer.evidence.dates) == 2 and answer.text.endswith(".")
        scope = {"cube": cube}
        exec(compile(answer.code, "cell", "exec"), scope)
        assert scope["answer"] == answer.value


def test_a_part_of_two_sharp_pictures(street):
    cube = street.cube().drop_vars("change")
    whole, half = run(cube, Change(Scope())), run(cube, Change(Scope(place="west")))
    shown = half.evidence.masks["new or gone"]
    assert shown.shape == whole.evidence.masks["new or gone"].shape
    assert (shown.values[:, shown.shape[1] // 2 :] == 255).all()


def test_networks_are_asked_only_about_change_on_sharp_pictures(make_cube, romania):
    rgb = ("red", "green", "blue")
    sharp = make_cube(dates=2, height=16, width=16, bands=rgb, resolution=0.5, clouds=0.0)
    assert answers(sharp, Change())
    assert not answers(sharp, Share()) and not answers(sharp, Change(of="forest"))
    assert not answers(romania, Change())
    assert not answers(make_cube(dates=2, height=16, width=16, bands=rgb, resolution=10.0), Change())
    sharp["valid"][1] = False
    refused = run(sharp, Change())
    assert refused.abstained
    assert "two dates" in refused.reason
    with pytest.raises(Exception, match="two dates"):
        describe_pair(sharp, np.ones((16, 16), bool))
