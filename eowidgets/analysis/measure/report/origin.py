"""Method and sources of a result as text, from its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Citation of the software.
SOFTWARE = "eowidgets {version}: an interactive Jupyter environment for satellite time series"
#: Arguments without effect on the result, which a report omits.
_SILENT = ("seed", "progress", "device", "memory", "client", "out")


def method(notes: Mapping[str, Any]) -> dict[str, str]:
    """Describe the method: data, dates, area, model, parameters and versions.

    Parameters
    ----------
    notes : mapping
        A provenance; missing entries are omitted.
    """
    whole = notes.get("whole") or notes
    source = whole.get("input") or {}
    dates = [str(d)[:10] for d in whole.get("dates") or ()]
    card = notes.get("card") or {}
    found = {
        "Data": _data(source),
        "Dates": f"{len(dates)} images from {dates[0]} to {dates[-1]}" if dates else "",
        "Area": _area(notes.get("area") or (notes.get("arguments") or {}).get("area")),
        "Method": _model(notes, card),
        "Parameters": _parameters(notes),
        "Training": _taught(notes),
        "Test on this cube": _choice(notes),
        "Limits": str(card.get("limits") or ""),
        "Software": _versions(notes),
    }
    return {term: words for term, words in found.items() if words}


def citations(notes: Mapping[str, Any], attrs: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return the sources of data, method and software.

    Parameters
    ----------
    notes : mapping
        A provenance.
    attrs : mapping
        Attributes of the cube or the result, with ``attribution`` or ``source``.
    """
    card = notes.get("card") or {}
    paper = " ".join(filter(None, (str(card.get("paper") or "").strip(), str(card.get("url") or "").strip())))
    data = attrs.get("attribution") or attrs.get("source") or (notes.get("input") or {}).get("source")
    version = (notes.get("versions") or {}).get("eowidgets")
    software = SOFTWARE.format(version=version or "").replace(" :", ":")
    return tuple(filter(None, (str(data or "").strip(), paper, software)))


def _data(source: Mapping[str, Any]) -> str:
    words = [str(source.get("title") or source.get("opened") or "").strip()]
    shape, transform = source.get("shape"), source.get("transform")
    if isinstance(shape, list | tuple) and len(shape) == 2:
        words.append(f"{shape[0]} × {shape[1]} pixels")
    if isinstance(transform, list | tuple) and transform and "[" in str(source.get("crs", "")):
        unit = "°" if str(source["crs"]).startswith("GEOGC") else " m"
        words.append(f"of {abs(transform[0]):.3g}{unit}")
    if source.get("bands"):
        words.append(f"bands {', '.join(map(str, source['bands']))}")
    return ", ".join(filter(None, words)).replace("pixels, of", "pixels of")


def _area(area: Any) -> str:
    if not isinstance(area, Mapping):
        return "the whole cube" if area is None else str(area)
    from eowidgets.cube.area import Area

    west, south, east, north = Area.of(area).geometry.bounds
    return f"an area of {Area.of(area).hectares:.1f} ha within {west:.4f}° to {east:.4f}° E, {south:.4f}° to {north:.4f}° N"


def _model(notes: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    name = notes.get("model")
    if not name:
        return f"eow.{notes['call']}" if notes.get("call") else ""
    words = f"{card['title']} ({name})" if card.get("title") else str(name)
    return ". ".join(filter(None, (words, str(card.get("summary") or "").rstrip("."))))


def _parameters(notes: Mapping[str, Any]) -> str:
    asked = {k: v for k, v in (notes.get("arguments") or {}).items() if k not in _SILENT and _is_given(v)}
    found = {**asked, **(notes.get("parameters") or {})}
    return "; ".join(f"{k} = {_short(v)}" for k, v in found.items() if k not in ("area", "question") and _is_given(v))


def _is_given(value: Any) -> bool:
    return value is not None and value != {} and value != []


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _taught(notes: Mapping[str, Any]) -> str:
    taught = (notes.get("settings") or {}).get("taught") or {}
    return f"taught with {taught['labels']} labels of the user" if taught.get("labels") else ""


def _choice(notes: Mapping[str, Any]) -> str:
    from eowidgets.contract.choice import Choice

    try:
        return Choice.from_dict(notes["choice"]).sentence
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""


def _versions(notes: Mapping[str, Any]) -> str:
    found = notes.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in found.items() if version)
