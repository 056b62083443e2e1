"""How a widget's JavaScript is put together: small modules in ``js/``, one text for the browser, no bundler.

Every module is a plain ES module with imports of the form ``import { a, b } from "./name.js";`` and exports in
front of declarations. An anywidget is one module that cannot import its neighbours, so the modules it needs are
written one after the other, in the order of their imports, without those lines. Names at the top of a module must
therefore be unique among the modules of a widget; a test holds that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import traitlets

from eowidgets.cube.area import Area

HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@lru_cache
def esm(entry: str) -> str:
    """The ES module of a widget: ``<entry>.js`` beside this file and what it imports from ``js/``."""
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
    """Mixin before a widget class: where widgets are not shown (a test, a page on the web), its repr is."""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"] = repr(self)
        return bundle


class AreaTrait(traitlets.TraitType[Any, Any]):
    """A GeoJSON geometry in degrees, or None; may be set to anything that ``eow.Area.of`` takes."""

    info_text = "an area"
    default_value = None
    allow_none = True

    def validate(self, _: Any, value: Any) -> Any:
        """Turn it into GeoJSON; what is no area is refused in one sentence."""
        return None if value is None else Area.of(value).geojson


@lru_cache
def css(*names: str) -> str:
    """Style sheets beside this file, one after the other."""
    return "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in names)
