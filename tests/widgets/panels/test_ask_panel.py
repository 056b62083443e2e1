import json
import threading

import nbformat
import pytest

import eowidgets as eow
from eowidgets.analysis.ask import ask, run
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.language import AreaOf, Extreme, Scope
from eowidgets.errors import InputError, SourceError
from eowidgets.widgets.base import esm
from eowidgets.widgets.panels.ask_panel import AskPanel, plain_markdown


@pytest.fixture
def panel(romania, tmp_path):
    viewer = eow.TimeViewer(romania)
    made = AskPanel(romania, viewer=viewer, feedback=tmp_path / "thumbs.jsonl")
    yield made
    made.close()
    viewer.close()


def known(cube, question, **_):
    """A brain that knows one answer: panels are tested here, not parsers."""
    return run(cube, AreaOf(Scope("2019-01-01", "2019-12-31"), "forest"), question)


def test_answers_come_in_the_order_of_the_questions(panel, romania):
    futures = [panel.ask(q) for q in ("How many images are there?", "How many images in 2019?", "")]
    answers = [f.result(60) for f in futures]
    assert panel.answers == answers
    assert [t["question"] for t in panel.turns] == [a.question for a in answers]
    assert [t["state"] for t in panel.turns] == ["done", "done", "refused"]
    assert answers[0].value == ask(romania, "How many images are there?").value == 140
    json.dumps(panel.turns)


def test_asking_does_not_wait(romania):
    go = threading.Event()

    def slow(cube, question, **_):
        assert go.wait(30)
        return Answer(question, "Done.")

    panel = AskPanel(romania, brain=slow)
    try:
        future = panel.ask("anything")
        assert panel.turns[0]["state"] == "waiting"
        assert not future.over
        go.set()
        assert future.result(30).text == "Done."
    finally:
        go.set()
        panel.close()


def test_the_area_and_the_dialogue_go_with_the_question(romania):
    seen = []

    def brain(cube, question, *, area, history, layers):
        seen.append((area, len(history), list(layers)))
        return known(cube, question)

    panel = AskPanel(romania, brain=brain, layers={"plots": {"type": "FeatureCollection", "features": []}})
    try:
        panel.ask("one").result(60)
        panel.area = (22.146, 45.201, 22.150, 45.204)
        panel.ask("two").result(60)
        assert seen[0] == (None, 0, ["plots"])
        assert seen[1][0]["type"] == "Polygon"
        assert seen[1][1:] == (1, ["plots"])
        assert panel.place
        panel.suggesting.result(60)
        assert any("drawn area" in s for s in panel.suggestions)
    finally:
        panel.close()


def test_who_answers_is_chosen_openly(romania, monkeypatch):
    from eowidgets.widgets.panels import ask_panel

    seen = []

    def brain(cube, question, **given):
        seen.append(given.get("brain", "grounded"))
        return Answer(question, "Done.")

    monkeypatch.setattr(ask_panel, "ask", brain)
    panel = AskPanel(romania)
    try:
        assert panel.who == "grounded"
        panel.ask("one").result(60)
        panel.who = "neural"
        panel.ask("two").result(60)
        assert seen == ["grounded", "neural"]
    finally:
        panel.close()
    own = AskPanel(romania, brain=known)
    assert own.who == ""  # the choice is not shown
    own.close()
    with pytest.raises(InputError, match="brain"):
        AskPanel(romania, brain="gut")


def test_an_uncertain_answer_looks_different(romania):
    from dataclasses import replace

    sure = {"one": 0.9, "two": 0.3}
    panel = AskPanel(
        romania, brain=lambda cube, question, **_: replace(known(cube, question), confidence=sure[question])
    )
    try:
        panel.ask("one").result(60)
        panel.ask("two").result(60)
        assert [t["uncertain"] for t in panel.turns] == [False, True]
    finally:
        panel.close()
    assert "eow-ask-uncertain" in str(esm("panels/ask_panel"))
    assert ".eow-ask-uncertain" in str(AskPanel._css)


def test_a_plan_is_shown_while_it_runs(romania):
    seen = []

    def planner(cube, question, *, show, **_):
        show("Plan: measure the area of forest.")
        seen.append(dict(panel.turns[0]))
        return known(cube, question)

    panel = AskPanel(romania, brain=planner)
    try:
        panel.ask("How much?").result(60)
        assert seen[0]["text"] == "Plan: measure the area of forest."
        assert seen[0]["state"] == "waiting"
    finally:
        panel.close()


def test_chips_are_tried_before_they_are_offered(romania):
    panel = AskPanel(romania)
    try:
        found = panel.suggesting.result(120)
        assert found == panel.suggestions
        assert found
        assert not any(ask(romania, q).abstained for q in found)
    finally:
        panel.close()


def test_what_goes_wrong_is_seen(romania):
    def broken(cube, question, **_):
        if question == "refuse":
            raise InputError("That area is none.")
        raise ZeroDivisionError

    panel = AskPanel(romania, brain=broken)
    try:
        assert panel.ask("refuse").result(60).reason == "That area is none."
        assert "ZeroDivisionError" in panel.ask("x").result(60).reason
        assert "Traceback" in panel.turns[1]["details"]
        assert [t["state"] for t in panel.turns] == ["refused", "refused"]
    finally:
        panel.close()


def test_evidence_lights_up_and_goes_out(panel):
    panel.brain = known
    panel.ask("x").result(60)
    panel.light(0)
    assert [k["key"] for k in panel.viewer.layers] == ["evidence"]
    shown = panel.viewer.sources["evidence"].cube["evidence"]
    assert int((shown == 1).sum()) == pytest.approx(panel.answers[0].value * 100)
    panel.light(-1)
    assert panel.viewer.layers == []
    assert panel.lit == -1


def test_a_place_is_pinned_while_it_is_lit(panel):
    panel.brain = lambda cube, question, **_: run(cube, Extreme(Scope(), "NDVI", "lowest", "place"), question)
    panel.viewer.pins = [{"lon": 22.15, "lat": 45.203}]
    panel.ask("x").result(60)
    panel.light(0)
    assert len(panel.viewer.pins) == 2
    panel.light(-1)
    assert len(panel.viewer.pins) == 1


def test_evidence_on_a_map(romania):
    area_map = eow.AreaMap(romania)
    panel = AskPanel(romania, map=area_map, brain=known)
    try:
        panel.ask("x").result(60)
        panel.light(0)
        assert area_map.image("evidence") is not None
        panel.light(-1)
        assert area_map.image("evidence") is None
    finally:
        panel.close()
        area_map.close()


def test_thumbs_are_lines_of_json(panel):
    panel.brain = known
    text = 'How "much"\nforest?'
    panel.ask(text).result(60)
    panel.grade(0, True)
    panel.grade(0, False)
    lines = [json.loads(line) for line in panel.feedback.read_text().splitlines()]
    assert [line["good"] for line in lines] == [True, False]
    assert lines[0]["question"] == text
    assert lines[0]["value"] == panel.answers[0].value
    assert lines[0]["program"]["kind"] == "area"
    assert panel.turns[0]["thumb"] == -1


def test_a_file_that_cannot_be_written(romania, tmp_path):
    panel = AskPanel(romania, brain=known, feedback=tmp_path / "no" / "such" / "folder.jsonl")
    try:
        panel.ask("x").result(60)
        with pytest.raises(SourceError, match="could not be written"):
            panel.grade(0, True)
        panel._hear(None, {"type": "thumb", "turn": 0, "good": True}, [])
        assert "could not be written" in panel.error
    finally:
        panel.close()


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"type": "light", "turn": 7, "on": True},
        {"type": "thumb"},
        {"type": "light", "turn": "x", "on": True},
        {"type": "export"},
    ],
)
def test_messages_that_make_no_sense(panel, content):
    panel._hear(None, content, [])
    assert panel.turns == []
    assert panel.error or content in (None, [])


def test_the_dialogue_as_a_notebook(panel, tmp_path):
    panel.brain = known
    panel.ask("<img src=x onerror=alert(1)> **How much** [forest](http://example.org) `is` there? $x^2$").result(60)
    book = nbformat.read(panel.to_notebook(tmp_path / "q.ipynb"), as_version=4)
    words = next(c.source for c in book.cells if "forest" in c.source and c.cell_type == "markdown")
    assert "\\<img" in words
    assert "\\[forest\\]\\(" in words
    code = next(c.source for c in book.cells if c.cell_type == "code")
    exec(compile(code, "cell", "exec"), scope := {})
    assert scope["answer"] == panel.answers[0].value


def test_nothing_to_export(panel):
    with pytest.raises(InputError, match="ask something first"):
        panel.to_notebook()


def test_plain_markdown_has_no_markup_left():
    assert plain_markdown("# a\n<b>*c*</b>") == "\\# a \\<b\\>\\*c\\*\\</b\\>"


def test_texts_are_set_as_text():
    source = esm("panels/ask_panel")
    assert "innerHTML" not in source
    assert "insertAdjacentHTML" not in source
    assert "outerHTML" not in source


def test_what_is_no_cube(romania):
    with pytest.raises(InputError, match="no dimension 'time'"):
        AskPanel(romania.isel(time=0))


def test_repr_is_stable(panel):
    assert repr(panel) == "AskPanel: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, no question yet"
    panel.brain = known
    panel.ask("x").result(60)
    assert repr(panel).endswith("1 answer")
