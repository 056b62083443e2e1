"""What a notebook shows of a value: its facts as text that is escaped, without scripts; and when answers are equal."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.ask.answer import Evidence
from eowidgets.analysis.ask.interval import Interval
from eowidgets.cube.area import Area
from eowidgets.cube.facts_table import facts_table
from eowidgets.engine.estimate import Estimate

ATTACK = "<script>alert('x')</script><img src=x onerror=alert(1)>"


def evidence(seen=1):
    masks = {"forest": xr.DataArray(np.full((2, 2), seen, "uint8"), dims=("y", "x"))}
    return Evidence(
        masks, dates=("2019-07-06",), series=xr.DataArray([1.0, np.nan], dims="time"), points=((24.0, 45.0),)
    )


def answer(**changed):
    given = {
        "value": 3.5,
        "unit": "ha",
        "confidence": 0.9,
        "evidence": evidence(),
        "interval": Interval("3.5", 3.0, 4.0, "ha", ""),
        "code": f"answer = 3.5  # {ATTACK}",
    }
    return eow.Answer(ATTACK, f"3.5 ha {ATTACK}", **(given | changed))


def job():
    made = eow.Job(ATTACK, lambda job: xr.Dataset())
    made.execute()
    return made


def record():
    return eow.Record({"call": "run", "model": {"name": ATTACK, "params": {ATTACK: ATTACK}}, "title": ATTACK})


VALUES = {
    "Area": lambda: Area.of((24.0, 45.0, 24.2, 45.1), name=ATTACK),
    "Card": lambda: eow.Card(title=ATTACK, licence=ATTACK, paper=ATTACK, limits=ATTACK, scores={ATTACK: 1.5}),
    "Job": job,
    "Answer": answer,
    "Estimate": lambda: Estimate(2.0, 10**6, 10**5, 10_000, 12, 10**4, 4, 1.0),
    "Record": record,
}


class Tags(HTMLParser):
    """Collect tags and their attributes, and whether every tag is closed."""

    def __init__(self):
        super().__init__()
        self.seen, self.open, self.attributes = set(), [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", VALUES)
def test_html_is_escaped_closed_and_without_scripts(name):
    value = VALUES[name]()
    tags = Tags()
    tags.feed(value._repr_html_())
    assert not tags.open
    assert tags.seen <= {"p", "b", "table", "tr", "th", "td", "svg", "path", "details", "summary", "pre"}
    assert not [a for a in tags.attributes if a.startswith("on") or a in ("href", "src", "style")]
    assert value._repr_html_() == value._repr_html_()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Area", ["hectares", "24.00000° to 24.20000°", "<svg"]),
        ("Card", ["licence", "1.5"]),
        ("Job", ["done"]),
        ("Answer", ["3.5 ha", "3.0 to 4.0 ha", "2019-07-06", "0.90", "forest"]),
        ("Estimate", ["10,000", "12", "4 workers"]),
        ("Record", ["Record of eow.run"]),
    ],
)
def test_facts_are_shown(name, words):
    html = VALUES[name]()._repr_html_()
    assert [w for w in words if w not in html] == []


def test_long_text_is_cut_and_nothing_is_no_row():
    html = facts_table("x" * 1000, {"a": None, "b": "", "c": "y" * 1000})
    assert html.count("<tr>") == 1 and len(html) < 1000


def test_outlines_have_holes_and_few_corners():
    from shapely.geometry import Point

    ring = Area.of(Point(24, 45).buffer(0.1, 500).difference(Point(24, 45).buffer(0.05, 500)))
    html = ring._repr_html_()
    assert html.count("M") >= 2 and len(html) < 6000


def test_answers_are_equal_by_value_kind_and_evidence():
    one, other = answer(), replace(answer(), question="Another?", text="Other words", code="", provenance="{}")
    assert one == other and hash(one) == hash(other) and len({one, other}) == 1
    assert answer(value=float("nan")) == answer(value=float("nan"))
    assert answer(value={"a": [1, float("nan")]}) == answer(value={"a": [1, float("nan")]})


@pytest.mark.parametrize(
    "changed", [{"value": 3.0}, {"unit": "%"}, {"abstained": True}, {"evidence": evidence(2)}, {"value": True}]
)
def test_answers_differ_by_value_unit_and_evidence(changed):
    assert answer() != answer(**changed)


def test_an_answer_equals_nothing_else():
    assert answer() != 3.5 and evidence() != 3
    assert answer().kind == "none"


def test_answers_of_a_cube_are_equal(romania):
    first, second = (eow.ask(romania, "How many images do we have?") for _ in range(2))
    assert first == second and first.kind == "count"
