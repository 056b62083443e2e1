"""Grade ``eow.ask`` on questions written by hand: ``python -m benchmarks.questions [--set NAME] [--show N]``.

Sets are ``dev`` and ``test``; ``own`` and ``more``, by the author of the readers; and ``fresh``, ``fresh2`` and
``fresh3``, written later by people who had no access to the parser, partly on other cubes. Reference answers are computed by
``benchmarks.question_truth``. ``EOW_DATA`` names the folder of data sets; without it the cubes that need it are skipped.

An expectation is one of

- ``number``: ``value_by`` (a reference), ``unit``, ``tolerance`` (in that unit), ``also`` (other references that are right);
- ``yes-no``: ``value_by`` gives a truth value; ``words`` are searched for if the text does not begin with yes or no,
  ``absence`` marks questions that ask whether something is absent;
- ``date``: ``value_by`` gives a day or several, ``tolerance`` in days; ``month`` and ``year`` likewise, exactly;
- ``choice``: ``value_by`` gives a key of ``among``, whose values are the words for it;
- ``text``: of each group in ``needs`` one word must be in the text;
- ``any``: one of the expectations in ``of``;
- ``refuse``: the answer must abstain; ``names`` are words of which the reason should have one (reported, not required);
- ``refuse-or``: abstaining and the expectation in ``or`` are both right.

Tolerances cover all sensible definitions: the mean over pixels or over dates, and the median where no
statistic is named; 5 to 10 % of the scene for land cover; 45 days for events of simulated scenes, whose clear dates
are far apart; for a forecast the range of earlier years.
"""

from __future__ import annotations

import argparse
import calendar
import contextlib
import json
import re
import time
import warnings
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks import question_truth

HERE = Path(__file__).parent
FILES = {
    "dev": "questions_dev.json",
    "test": "questions.json",
    "own": "questions_own.json",
    "more": "questions_more.json",
    "fresh": "questions_fresh.json",
    "fresh2": "questions_fresh2.json",
    "fresh3": "questions_fresh3.json",
}
Outcome = Literal["correct", "wrong", "refused"]
SECONDS = 1.0
#: Targets in percent: answerable that are right (at least) and wrong (at most), unanswerable that are refused (at least).
RIGHT, WRONG, REFUSED = 90.0, 2.0, 97.0
#: Unit: what it measures, and how many of the smallest unit of that it holds.
UNITS: dict[str, tuple[str, float]] = {
    "ha": ("area", 1e4), "hectares": ("area", 1e4), "km2": ("area", 1e6), "km²": ("area", 1e6), "m2": ("area", 1.0),
    "m²": ("area", 1.0), "m": ("length", 1.0), "metres": ("length", 1.0), "km": ("length", 1e3), "%": ("share", 1.0),
    "percent": ("share", 1.0), "percentage points": ("share", 1.0),
    "days": ("time", 1.0), "d": ("time", 1.0), "day": ("time", 1.0), "years": ("time", 365.25),
    "year": ("time", 365.25), "a": ("time", 365.25),
}  # fmt: skip
MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
NUMBER = r"[-−+]?\d+(?:[ \u202f,]\d{3})*(?:\.\d+)?(?:e-?\d+)?"
ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
SPELT = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({'|'.join(MONTHS)}),? (\d{{4}})\b|\b({'|'.join(MONTHS)}) (\d{{1,2}}),? (\d{{4}})\b",
    re.I,
)


@dataclass(frozen=True)
class Graded:
    """A question with its answer and grade."""

    question: Mapping[str, Any]
    outcome: Outcome
    seconds: float
    truth: Any
    answer: Any

    @property
    def answerable(self) -> bool:
        """Whether the question has an answer (or may be refused or answered)."""
        return bool(self.question["expect"]["kind"] != "refuse")


def truth_of(expect: Mapping[str, Any], case: question_truth.Case) -> Any:
    """Compute the reference answer: for numbers and dates a list of values, all of which are correct."""
    kind = expect["kind"]
    if kind in ("refuse", "text"):
        return None
    if kind == "refuse-or":
        return truth_of(expect["or"], case)
    if kind == "any":
        return [truth_of(e, case) for e in expect["of"]]
    found = [question_truth.evaluate(case, what) for what in (expect["value_by"], *expect.get("also", ()))]
    return [v for value in found for v in (value if isinstance(value, list) else [value])]


def grade(expect: Mapping[str, Any], answer: Any, truth: Any) -> Outcome:
    """Return whether an answer is correct, wrong or refused.

    Parameters
    ----------
    expect : mapping
        See the module.
    answer : Answer
        Its ``value``, ``unit``, ``text`` and ``abstained`` are read.
    truth
        What :func:`truth_of` returns.
    """
    if expect["kind"] == "refuse":
        return "refused" if answer.abstained else "wrong"
    if expect["kind"] == "refuse-or":
        return "correct" if answer.abstained else grade(expect["or"], answer, truth)
    if answer.abstained:
        return "refused"
    if expect["kind"] == "any":
        several = [grade(e, answer, t) for e, t in zip(expect["of"], truth, strict=True)]
        return "correct" if "correct" in several else "wrong"
    return "correct" if _right(expect, answer, truth) else "wrong"


def _right(expect: Mapping[str, Any], answer: Any, truth: Any) -> bool:
    kind = expect["kind"]
    if kind == "text":
        said = f"{answer.text} {answer.value}".lower()
        return all(any(word in said for word in group) for group in expect["needs"])
    if kind == "number":
        given = number(answer, expect["unit"])
        return given is not None and any(abs(given - t) <= expect["tolerance"] + 1e-9 for t in truth)
    if kind == "yes-no":
        return yes_or_no(answer, expect.get("words"), absence=expect.get("absence", False)) is bool(truth[0])
    if kind == "date":
        day = date(answer)
        if day is None:
            return False
        apart = [abs((day - np.datetime64(t)).astype(int)) for t in truth]
        return min(apart) <= expect["tolerance"]
    if kind == "month":
        return month(answer) in truth
    if kind == "year":
        return year(answer) in truth
    if kind == "choice":
        return choice(answer, expect["among"]) in truth
    raise KeyError(f"{kind!r} is not a kind of expectation.")


def number(answer: Any, unit: str) -> float | None:
    """Return the number that an answer gives, in a unit; None if no number has a unit that can be converted.

    The value counts; if it is not a number or is of another quantity, the first number in the text before such a unit.
    """
    wanted = UNITS.get(unit)
    value = answer.value
    if isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_):
        has = UNITS.get(str(answer.unit).strip())
        if wanted is None and has is None:
            return float(value)
        # Steps between images and years are often given as bare numbers.
        if wanted is not None and has is None and not answer.unit and wanted[0] in ("time", "length"):
            return float(value)
        if wanted is not None and has is not None and has[0] == wanted[0]:
            return float(value) * has[1] / wanted[1]
        if wanted is not None and wanted[0] == "share" and not answer.unit and 0 <= value <= 1:
            return 100.0 * float(value)
    elif wanted is None:
        bare = SPELT.sub(" ", ISO.sub(" ", answer.text))
        found = re.search(rf"(?<![\w.]){NUMBER}(?![\w%])", bare)
        return _float(found[0]) if found else None
    if wanted is None:
        return None
    for found in re.finditer(
        rf"({NUMBER})\s*({'|'.join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))})(?!\w)", answer.text
    ):
        has = UNITS[found[2]]
        if has[0] == wanted[0]:
            return _float(found[1]) * has[1] / wanted[1]
    return None


def _float(text: str) -> float:
    return float(re.sub(r"[ \u202f,]", "", text).replace("−", "-"))


def yes_or_no(answer: Any, words: Mapping[str, list[str]] | None = None, *, absence: bool = False) -> bool | None:
    """Return the truth value of an answer: its first word, else its value, else the words that stand for either.

    With ``absence`` the question asks whether something is absent ("Was it free of clouds?"): "No cloud on ..." means yes, and a
    value without a yes or no in the text is taken as presence.
    """
    first = re.match(r"\W*(yes|no)\b\s*([,;:.!–-]|$)?", answer.text, re.I)
    if first:
        yes = first[1].lower() == "yes"
        return not yes if absence and first[2] is None else yes
    if isinstance(answer.value, bool | np.bool_):
        return bool(answer.value) is not absence
    if isinstance(answer.value, str) and answer.value.lower() in ("yes", "no"):
        return answer.value.lower() == "yes"
    if words:
        text = answer.text.lower()
        # Negations ("not rising") contain words of both kinds: "no" is searched for first.
        for name in ("no", "yes"):
            if any(re.search(rf"\b{re.escape(w)}", text) for w in words[name]):
                return name == "yes"
    return None


def _days(text: str) -> list[np.datetime64]:
    found = [(m.start(), f"{m[1]}-{m[2]}-{m[3]}") for m in ISO.finditer(text)]
    for m in SPELT.finditer(text):
        day, name, of = (m[1], m[2], m[3]) if m[1] else (m[5], m[4], m[6])
        found.append((m.start(), f"{of}-{MONTHS[name.lower()]:02}-{int(day):02}"))
    return [np.datetime64(day) for _, day in sorted(found)]


def date(answer: Any) -> np.datetime64 | None:
    """Return the day that an answer gives: of its value, else the first of its text."""
    days = [*_days(str(answer.value)), *_days(answer.text)]
    return days[0] if days else None


def month(answer: Any) -> int | None:
    """Return the month that an answer gives, 1 to 12."""
    value = answer.value
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and 1 <= value <= 12:
        return int(value)
    for text in (str(value), answer.text):
        named = re.search(rf"\b({'|'.join(MONTHS)})\b", text, re.I)
        dated = re.search(r"\b\d{4}-(\d{2})\b", text)
        if named:
            return MONTHS[named[1].lower()]
        if dated:
            return int(dated[1])
    return None


def year(answer: Any) -> int | None:
    """Return the year that an answer gives."""
    for text in (str(answer.value), answer.text):
        found = re.search(r"\b(19|20)\d{2}\b", text)
        if found:
            return int(found[0])
    return None


def choice(answer: Any, among: Mapping[str, list[str]]) -> str | None:
    """Return which of several an answer gives: its value if that names one, else the first that the text names."""
    words = sorted(((w, key) for key, ws in among.items() for w in ws), key=lambda pair: -len(pair[0]))
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(w)}(?![\w-])" for w, _ in words), re.I)
    known = {w.lower(): key for w, key in words}
    for text in (answer.value if isinstance(answer.value, str) else "", answer.text):
        found = pattern.search(text)
        if found:
            return known[found[0].lower()]
    return None


def run(questions: list[Mapping[str, Any]]) -> tuple[list[Graded], list[str]]:
    """Ask each question; also return the skipped cubes with the reason."""
    import eowidgets as eow

    graded, left_out, asked = [], {}, set()
    for q in questions:
        name = q["cube"]
        if name in left_out:
            continue
        try:
            case = question_truth.case(name)
        except FileNotFoundError as problem:
            left_out[name] = str(problem)
            continue
        if name not in asked:  # loading happens once and does not count as time of a question
            asked.add(name)
            with contextlib.suppress(Exception):
                eow.ask(case.cube, "What is there?")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            truth = truth_of(q["expect"], case)
            began = time.perf_counter()
            try:
                answer = eow.ask(case.cube, q["question"], area=tuple(q["area"]) if "area" in q else None)
            except Exception as problem:  # noqa: BLE001  an error is a wrong answer, and the others are still asked
                answer = _Failed(f"{type(problem).__name__}: {problem}")
            took = time.perf_counter() - began
        graded.append(Graded(q, grade(q["expect"], answer, truth), took, truth, answer))
    return graded, [f"{name} is skipped: {why}" for name, why in left_out.items()]


@dataclass(frozen=True)
class _Failed:
    text: str
    value: Any = None
    unit: str = ""
    abstained: bool = False
    reason: str = ""


def report(graded: list[Graded]) -> str:
    """Return tables by kind, totals against targets, and times."""
    lines = []
    for answerable, head in ((True, "answerable"), (False, "unanswerable")):
        part = [g for g in graded if g.answerable is answerable]
        if not part:
            continue
        by_topic: dict[str, list[Graded]] = defaultdict(list)
        for g in part:
            by_topic[g.question["topic"]].append(g)
        names = ("correct", "wrong", "refused") if answerable else ("refused", "wrong")
        shown = names if answerable else ("refused", "answered")
        lines += [f"{head:24}" + "".join(f"{n:>10}" for n in ("questions", *shown))]
        for topic, of in [*sorted(by_topic.items()), ("all", part)]:
            counts = [sum(g.outcome == n for g in of) for n in names]
            lines.append(f"  {topic:22}{len(of):>10}" + "".join(f"{n:>10}" for n in counts))
        share = {n: 100 * sum(g.outcome == n for g in part) / len(part) for n in names}
        if answerable:
            lines.append(
                f"correct {share['correct']:.1f} % (target at least {RIGHT:.0f}): {_met(share['correct'] >= RIGHT)}"
            )
            lines.append(f"wrong {share['wrong']:.1f} % (target at most {WRONG:.0f}): {_met(share['wrong'] <= WRONG)}")
        else:
            lines.append(
                f"refused {share['refused']:.1f} % (target at least {REFUSED:.0f}): {_met(share['refused'] >= REFUSED)}"
            )
            refused = [g for g in part if g.outcome == "refused"]
            named = sum(bool(re.search(g.question["expect"]["names"], g.answer.reason, re.I)) for g in refused)
            lines.append(f"the reason names what cannot be answered in {named} of {len(refused)} (no target)")
        lines.append("")
    took = np.array([g.seconds for g in graded])
    lines.append(
        f"seconds: median {np.median(took):.2f}, 95 % within {np.quantile(took, 0.95):.2f}, longest {took.max():.2f}; "
        f"{(took > SECONDS).sum()} of {len(took)} above {SECONDS:.0f} (target none): {_met(bool((took <= SECONDS).all()))}"
    )
    return "\n".join(lines)


def _met(good: bool) -> str:
    return "met" if good else "not met"


def _shown(g: Graded) -> str:
    return (
        f"{g.outcome:8} {g.question['id']} [{g.question['cube']}] {g.question['question']}\n"
        f"         right: {g.truth if g.answerable else 'refuse'}; value {g.answer.value!r} {g.answer.unit}; "
        f"{g.answer.text[:200]}"
    )


def main() -> None:
    """Ask the questions of a set and print the report."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--set", choices=tuple(FILES), default="dev")
    given.add_argument("--show", type=int, default=0, help="number of incorrect answers to print")
    given.add_argument(
        "--truth", action="store_true", help="print every question with its computed truth, and ask nothing"
    )
    options = given.parse_args()
    questions = json.loads((HERE / FILES[options.set]).read_text())
    if options.truth:
        for q in questions:
            if q["expect"]["kind"] == "refuse":
                continue
            try:
                print(
                    q["id"], q["cube"], "|", q["question"], "|", truth_of(q["expect"], question_truth.case(q["cube"]))
                )
            except FileNotFoundError as problem:
                print(q["id"], problem)
        return
    graded, left_out = run(questions)
    for line in left_out:
        print(line)
    if not graded:
        return
    print(report(graded))
    bad = [g for g in graded if g.outcome != ("correct" if g.answerable else "refused")]
    # Nothing is tuned on the test set: its questions are shown only on request.
    for g in bad[: options.show]:
        print(_shown(g))


if __name__ == "__main__":
    main()
