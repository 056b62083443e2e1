"""Old names and old calls work with one warning that names the new one and the release of the end."""

from __future__ import annotations

import inspect
import warnings

import pytest

import eowidgets as eow
from eowidgets.arguments import checked
from eowidgets.deprecation import keyword_only, renamed, renamed_arguments, warn_deprecated
from eowidgets.errors import InputError


@keyword_only("area", "dates", ends="0.3")
@checked
def ask(cube: str, question: str = "?", *, area: str = "all", dates: str = "all") -> tuple[str, ...]:
    return cube, question, area, dates


@keyword_only("area", ends="0.3")
@checked
class Panel:
    def __init__(self, cube: str, *, area: str = "all") -> None:
        self.asked = cube, area


def one_warning(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = call()
    (only,) = caught
    assert only.category is DeprecationWarning and only.filename == __file__
    return found, str(only.message)


def test_positions_of_an_earlier_signature_work_with_one_warning():
    found, message = one_warning(lambda: ask("cube", "how?", "field", "2019"))
    assert found == ("cube", "how?", "field", "2019")
    assert message == (
        "area and dates of ask by position is deprecated and ends with release 0.3: use area=..., dates=...."
    )
    found, _ = one_warning(lambda: Panel("cube", "field").asked)
    assert found == ("cube", "field")


def test_keywords_do_not_warn_and_the_signature_is_the_present_one():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ask("cube", area="field") == ("cube", "?", "field", "all")
        assert Panel("cube", area="field").asked == ("cube", "field")
    assert inspect.signature(ask).parameters["area"].kind is inspect.Parameter.KEYWORD_ONLY


def test_what_fits_neither_signature_is_one_sentence():
    with pytest.raises(InputError, match="area of ask is given twice"):
        ask("cube", "how?", "field", area="other")
    with pytest.raises(InputError, match="takes 2 arguments by position, not 5"):
        ask("cube", "how?", "field", "2019", "more")
    with pytest.warns(DeprecationWarning), pytest.raises(InputError, match="area of ask is 3"):
        ask("cube", "how?", 3)


def test_an_argument_has_two_names_for_a_release():
    @renamed_arguments(ends="0.3", bbox="area")
    def clip(area):
        return area

    found, message = one_warning(lambda: clip(bbox=1))
    assert found == 1 and message == ("The argument bbox of clip is deprecated and ends with release 0.3: use area.")
    with pytest.raises(InputError, match="area of clip is given twice"):
        clip(bbox=1, area=2)


def test_a_function_has_two_names_for_a_release():
    old = renamed("eow.models", ask, "eow.list_models", ends="0.3")
    found, message = one_warning(lambda: old("cube"))
    assert found[0] == "cube" and old.__name__ == "models"
    assert message == "eow.models is deprecated and ends with release 0.3: use eow.list_models."


def test_the_warning_is_at_the_line_of_the_caller():
    one_warning(lambda: warn_deprecated("a", "b", ends="9"))


@pytest.mark.parametrize("old", ["Inputs", "WindowSpec", "Output"])
def test_names_of_the_first_release_say_when_they_end(old):
    _, message = one_warning(lambda: getattr(eow, old)(**({"name": "mean"} if old == "Output" else {})))
    assert message.startswith(f"eow.{old} is deprecated and ends with release 0.3: use eow.")
