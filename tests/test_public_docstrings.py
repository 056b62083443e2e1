"""The docstrings of the public API are complete, and the examples in them run."""

from __future__ import annotations

import doctest
import sys
import warnings
from collections import defaultdict
from importlib import import_module

import check_public_docstrings as tool
import pytest

from eowidgets.contract import registry

ENTRIES = list(tool.entries())
MODULES: dict[str, list[tool.Entry]] = defaultdict(list)
for _entry in ENTRIES:
    MODULES[_entry.target.fget.__module__ if isinstance(_entry.target, property) else _entry.target.__module__].append(
        _entry
    )


@pytest.fixture(autouse=True)
def _as_before(tmp_path, monkeypatch):
    """Run examples in an empty folder, and forget what they register."""
    monkeypatch.chdir(tmp_path)
    registry.model_classes()
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_examples_run(module):
    names = vars(import_module(module))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    finder = doctest.DocTestFinder(recurse=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for entry in MODULES[module]:
            for test in finder.find(entry.target, entry.name, module=False, globs=dict(names)):
                runner.run(test)
    assert runner.failures == 0


def test_docstrings_are_complete(capsys):
    pytest.importorskip("numpydoc", reason="numpydoc is part of the dev extra")
    wrong = [f"{entry.name}: {problem}" for entry in ENTRIES for problem in tool.problems(entry)]
    assert wrong == []


def test_most_callables_have_an_example():
    called = [e for e in ENTRIES if e.is_callable]
    assert sum(e.has_example for e in called) >= tool.SHARE * len(called)


def test_a_poor_docstring_is_reported():
    pytest.importorskip("numpydoc", reason="numpydoc is part of the dev extra")

    def area(width: float, height: float) -> float:
        """Computes an area."""
        return width * height

    found = " ".join(tool.problems(tool.Entry("area", area)))
    assert all(code in found for code in ("PR01", "RT01", "SS05")) and "height" in found


def test_without_numpydoc_the_tool_says_that_it_checked_nothing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "numpydoc", None)
    assert tool.main([]) == 0
    assert "SKIPPED" in capsys.readouterr().out
