"""Python source is parsed in one place, which survives a defect of Python 3.11 with threads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import eowidgets
from eowidgets.system import parsing

PACKAGE = Path(eowidgets.__file__).parent


def test_every_parse_is_guarded():
    calls = re.compile(r"(?<!parsing\(lambda: )ast\.(?:parse|literal_eval)\(")
    found = [f"{p.relative_to(PACKAGE)}: {m[0]}" for p in PACKAGE.rglob("*.py") for m in calls.finditer(p.read_text())]
    assert not found


def test_a_system_error_of_the_parser_is_tried_again():
    attempts = []

    def work():
        attempts.append(1)
        if len(attempts) < 3:
            raise SystemError("AST constructor recursion depth mismatch (before=66, after=85)")
        return "tree"

    assert parsing(work) == "tree"
    assert len(attempts) == 3


def test_other_errors_are_raised_at_once():
    attempts = []

    def work():
        attempts.append(1)
        raise SyntaxError("no")

    with pytest.raises(SyntaxError):
        parsing(work)
    assert len(attempts) == 1
