"""Reading STAC documents: patient for ten seconds, and plain about what came instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from eowidgets.errors import InputError, SourceError

#: A static catalogue may be a tree of any size; a person who wants more than this names a collection or a bbox.
MAX_ITEMS = 10_000
MAX_BYTES = 200_000_000


def read_json(href: str, timeout: float) -> dict[str, Any]:
    """Read one JSON document from a path or an http(s) address.

    Raises
    ------
    SourceError
        If the server answers with an error, something else than JSON, or not at all.
    """
    text = _fetch(href, timeout) if is_url(href) else _file(href)
    if not text.strip():
        raise SourceError(f"{_short(href)} is empty: check the address.")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        kind = "an HTML page" if text.lstrip()[:1] == "<" else "something else"
        raise SourceError(f"{_short(href)} is {kind}, not STAC: check the address.") from None
    if not isinstance(found, dict) or "type" not in found:
        raise SourceError(f"{_short(href)} is JSON but not STAC: it has no 'type'.")
    return found


def is_url(href: Any) -> bool:
    """Whether a source is an http(s) address."""
    return isinstance(href, str) and href.split("://")[0].lower() in ("http", "https")


def items_below(document: dict[str, Any], href: str, timeout: float) -> Iterator[tuple[dict[str, Any], str]]:
    """Every item of a static catalogue, collection or item collection, with its own address; links are followed once."""
    seen: set[str] = set()
    queue = [(document, href)]
    count = 0
    while queue:
        node, where = queue.pop(0)
        if node.get("type") == "FeatureCollection":
            queue = [(f, where) for f in node.get("features", [])] + queue
        elif node.get("type") == "Feature":
            count += 1
            if count > MAX_ITEMS:
                raise InputError(f"The catalogue has more than {MAX_ITEMS} items: open one of its collections.")
            yield node, where
        elif node.get("type") in ("Catalog", "Collection"):
            for link in node.get("links", []):
                target = (
                    urljoin(where, link["href"])
                    if is_url(where)
                    else str((Path(where).parent / link["href"]).resolve())
                )
                if link.get("rel") in ("item", "child") and target not in seen:
                    seen.add(target)
                    queue.append((read_json(target, timeout), target))
        else:
            raise SourceError(f"{_short(where)} is not STAC: its type is {str(node.get('type'))[:40]!r}.")


def _fetch(href: str, timeout: float) -> str:
    request = Request(href, headers={"Accept": "application/json, application/geo+json"})  # noqa: S310  (http only)
    try:
        with urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return _body(answer, href, timeout)
    except HTTPError as error:
        mend = "check the address" if error.code in (404, 410) else "try again later, or ask who runs it"
        if error.code in (401, 403):
            mend = "it wants a login: pass signer= or use a public catalogue"
        raise SourceError(f"{_short(href)} answered {error.code} ({error.reason}): {mend}.") from None
    except TimeoutError:
        raise SourceError(_silent(href, timeout)) from None
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise SourceError(_silent(href, timeout)) from None
        raise SourceError(
            f"{_short(href)} cannot be reached ({error.reason}): check the address and the network."
        ) from None
    except SourceError:
        raise
    except (OSError, ValueError, HTTPException) as error:
        raise SourceError(f"{_short(href)} cannot be read ({type(error).__name__}): check the address.") from None


def _body(answer: Any, href: str, timeout: float) -> str:
    # The timeout of a socket starts anew with every byte: a server that drips would never be left, nor one that floods.
    end, parts, size = monotonic() + 6 * timeout, [], 0
    while part := answer.read1(1 << 20):
        parts.append(part)
        size += len(part)
        if monotonic() > end:
            raise TimeoutError
        if size > MAX_BYTES:
            raise SourceError(f"{_short(href)} is larger than {MAX_BYTES / 1e6:g} MB, too large for a STAC document.")
    return b"".join(parts).decode("utf-8", errors="replace")


def _silent(href: str, timeout: float) -> str:
    return f"{_short(href)} did not answer within {timeout:g} s: try again later, or wait longer with timeout=."


def _file(href: str) -> str:
    try:
        return Path(href).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SourceError(f"There is no file {href!r}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{href!r} cannot be read ({type(error).__name__}).") from None


def _short(href: str) -> str:
    return repr(href if len(href) <= 120 else href[:117] + "...")
