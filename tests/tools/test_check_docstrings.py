from __future__ import annotations

from pathlib import Path

import pytest
from check_docstrings import VERBS, faults, main

MODULE = '''
"""The text of a module is not checked."""


class Series:
    """A class is a noun phrase."""

    @property
    def length(self):
        """The length."""

    @cached_property
    def mean(self):
        """The mean."""

    @length.setter
    def length(self, value):
        """The new length."""

    def {name}(self):
        """{text}"""

    def bare(self):
        pass
'''


def places(text, name="method"):
    return [(f.line, f.name, f.word) for f in faults(MODULE.format(name=name, text=text), Path("x.py"))]


@pytest.mark.parametrize("text", ["Return the mean.", "Read, then check.", "Draw."])
def test_a_verb_passes(text):
    assert places(text) == []


@pytest.mark.parametrize(
    "text", ["The mean.", "Whether it is lazy.", "Bytes of a pixel.", "Mean per year.", "Returns it.", "``a`` or b."]
)
def test_another_word_is_reported_with_its_place(text):
    assert places(text) == [(20, "method", text.split()[0])]


def test_functions_inside_functions_are_checked():
    source = 'def outer():\n    """Return it."""\n    async def inner():\n        """What it is."""\n'
    assert [str(f) for f in faults(source, Path("a.py"))] == [
        "a.py:3: the docstring of inner starts with 'What', not with a verb such as 'Return'"
    ]


def test_status_and_lines(tmp_path, capsys):
    (tmp_path / "good.py").write_text('def f():\n    """Return 1."""\n')
    assert main([str(tmp_path)]) == 0
    (tmp_path / "bad.py").write_text('def f():\n    """One."""\n')
    assert main([str(tmp_path)]) == 1
    assert f"{tmp_path / 'bad.py'}:1:" in capsys.readouterr().out


def test_nouns_are_not_in_the_list():
    assert not VERBS & {
        "The",
        "What",
        "Whether",
        "How",
        "Where",
        "Mean",
        "Number",
        "Size",
        "Bytes",
        "Pixels",
        "Dates",
        "Rows",
    }
