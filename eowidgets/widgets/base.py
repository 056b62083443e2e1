"""Assembly of a widget's JavaScript: small modules in ``js/`` become one text for the browser, without a bundler.

Every module is a plain ES module with imports of the form ``import { a, b } from "./name.js";`` and exports in
front of declarations. An anywidget is one module that cannot import its neighbours, so the modules it needs are
joined, in the order of their imports, without those lines. Names at the top of a module must
therefore be unique among the modules of a widget; a test checks this.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import traitlets

from eowidgets.cube.area import Area
from eowidgets.errors import shown

HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@lru_cache
def esm(entry: str) -> str:
    """Return the ES module of a widget: ``<folder>/<entry>.js`` with what it imports from ``js/``."""
    order: list[str] = []
    _visit(HERE / f"{entry}.js", order)
    return "\n".join(order)


def _visit(path: Path, order: list[str], seen: set[str] | None = None) -> None:
    seen = set() if seen is None else seen
    text = path.read_text(encoding="utf-8")
    for name in _IMPORT.findall(text):
        if name not in seen:
            seen.add(name)
            _visit(HERE / "js" / f"{name}.js", order, seen)
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    order.append(f"// --- {path.name}\n{body}")


class ReadableRepr:
    """Mixin before a widget class: where widgets cannot be displayed (tests, static pages), the repr is shown."""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"] = repr(self)
        return bundle


class PlainErrors(traitlets.HasTraits):
    """Mixin before a widget class: a trait that refuses a value raises one short sentence."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a value that a trait cannot take is quoted with at most 80 characters."""
        try:
            super().__setattr__(name, value)
        except Exception as error:
            trait = self.traits().get(name)
            if trait is None or not (isinstance(error, traitlets.TraitError) or _fails(repr, value)):
                raise
            what = f"{name} of {type(self).__name__} is {shown(value)}"
            raise traitlets.TraitError(f"{what}: give {trait.info()}.") from error


def _fails(call: Callable[[Any], Any], value: Any) -> bool:
    try:
        call(value)
    except Exception:  # noqa: BLE001  (a repr is code of its class, which may raise anything)
        return True
    return False


class ChoiceTrait(traitlets.Enum):
    """A text out of several; unlike the one of traitlets it also refuses an array in one sentence."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse values that are not text before they are compared."""
        if not isinstance(value, str):
            self.error(obj, value)
        return super().validate(obj, value)


class AreaTrait(traitlets.TraitType[Any, Any]):
    """A GeoJSON geometry in degrees, or None; may be set to anything that ``eow.Area.of`` takes."""

    info_text = "an area"
    default_value = None
    allow_none = True

    def validate(self, _: Any, value: Any) -> Any:
        """Convert the value to GeoJSON; refuse values that are not an area in one sentence."""
        return None if value is None else Area.of(value).geojson


class PlacesTrait(traitlets.TraitType[Any, Any]):
    """A GeoDataFrame, or None; geopandas is not imported for the check."""

    info_text = "a GeoDataFrame"
    default_value = None
    allow_none = True

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse values without geometries and CRS."""
        if not (hasattr(value, "to_crs") and hasattr(value, "geometry")):
            self.error(obj, value)
        return value


@lru_cache
def css(*names: str) -> str:
    """Return style sheets of this folder as one text."""
    return "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in names)
