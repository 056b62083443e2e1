"""Fields for values without a widget in ipywidgets: tuples and other values as text, and values that may be None."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable
from typing import Any, get_args, get_origin

import ipywidgets
import traitlets

from eowidgets.contract.params import rule_of
from eowidgets.contract.plain import plain
from eowidgets.rules import Rule, Unfit
from eowidgets.system import parsing


class ParsedText(ipywidgets.VBox):
    """A text field whose ``value`` is the parsed text, or the text itself if it cannot be parsed.

    Parameters
    ----------
    value : Any
    parse : callable
        Returns the value of a text, or the text where it is invalid.
    show : callable
        Returns the text of a value.
    **common
        Description, tooltip, style and layout of the text field.
    """

    value: Any = traitlets.Any()
    disabled: Any = traitlets.Bool(False)

    def __init__(self, value: Any, parse: Callable[[str], Any], show: Callable[[Any], str], **common: Any) -> None:
        self._parse, self._show_value = parse, show
        self._text = ipywidgets.Text(value=show(value), continuous_update=False, **common)
        super().__init__([self._text], value=value)
        self.add_class("eow-field")
        self.observe(self._take_value, names="value")
        self._text.observe(self._take_text, names="value")
        traitlets.link((self, "disabled"), (self._text, "disabled"))

    def _take_text(self, change: Any) -> None:
        self.value = self._parse(change["new"])

    def _take_value(self, change: Any) -> None:
        value = change["new"]
        if self._parse(self._text.value) != value:
            self._text.value = value if isinstance(value, str) else self._show_value(value)


class OptionalField(ipywidgets.HBox):
    """A field with a check box in front of it; its ``value`` is None while the box is not checked.

    Parameters
    ----------
    field : widget
        Has the traits ``value`` and ``disabled``.
    value : Any
    """

    value: Any = traitlets.Any(allow_none=True)

    def __init__(self, field: Any, value: Any) -> None:
        self._field = field
        hint = f"Not checked: {field.description or 'the parameter'} is None" if hasattr(field, "description") else ""
        layout = ipywidgets.Layout(width="auto")
        self._is_set = ipywidgets.Checkbox(
            value is not None, description="set", indent=False, tooltip=hint, layout=layout
        )
        field.disabled = value is None
        super().__init__([field, self._is_set], value=value)
        self.add_class("eow-optional")
        self.observe(self._take_value, names="value")
        for part in (field, self._is_set):
            part.observe(self._take_parts, names="value")

    def _take_parts(self, _: Any) -> None:
        self._field.disabled = not self._is_set.value
        self.value = self._field.value if self._is_set.value else None

    def _take_value(self, change: Any) -> None:
        value = change["new"]
        if value is not None:
            self._field.value = value
        self._is_set.value = value is not None


def format_value(value: Any) -> str:
    """Return the text of a value: the elements of a tuple with commas between them.

    Examples
    --------
    >>> format_value((1, 2.5)), format_value(("red", "a, b"))
    ('1, 2.5', 'red, "a, b"')
    """
    value = plain(value)
    if not isinstance(value, tuple | list):
        return "" if value is None else str(value)
    if any(isinstance(v, tuple | list) for v in value):
        return repr(value)
    return ", ".join(_quoted(str(v)) for v in value)


def _quoted(text: str) -> str:
    bare = text and text == text.strip() and not set(text) & set(',"\n\r')
    return text if bare else '"' + text.replace('"', '""') + '"'


def parse_value(annotation: Any, whole: Rule, text: str) -> Any:
    """Return the parsed value of a text, or the text if it cannot be parsed.

    Parameters
    ----------
    annotation : type or type expression
    whole : Rule
        Rule of the annotation.
    text : str
        One value, or the elements of a tuple with commas between them.
    """
    if get_origin(annotation) is not tuple:
        return _fitting(whole, [_literal(text), text], text)
    items = next(csv.reader([text.strip()], skipinitialspace=True), [])
    kinds = get_args(annotation)
    kinds = (kinds[0],) * len(items) if kinds[-1] is Ellipsis else kinds
    if len(items) == len(kinds):
        # An element is compared by type only: bounds are those of the whole.
        found = tuple(_element(kind, item) for kind, item in zip(kinds, items, strict=True))
        return _fitting(whole, [found, _literal(text)], text)
    return _fitting(whole, [_literal(text), tuple(items)], text)


def _element(kind: Any, item: str) -> Any:
    literal = _literal(item)
    return item if isinstance(literal, str) else _fitting(rule_of(kind, {}), [literal], item)


def _fitting(one: Rule, candidates: list[Any], text: str) -> Any:
    for candidate in candidates:
        try:
            return one.take(candidate)
        except Unfit:
            continue
    return text


def _literal(text: str) -> Any:
    """Return the Python literal of a text, or the text."""
    try:
        return parsing(lambda: ast.literal_eval(text.strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
