"""Read STAC documents from files and servers, with a limit on time, size and redirects."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from eowidgets.cube.sources.stac.addresses import Origin, is_url, short
from eowidgets.errors import InputError, SourceError, shown
from eowidgets.system import check_plain

#: A static catalogue may be a tree of any size; a user who wants more than this names a collection or a bbox.
MAX_ITEMS = 10_000
MAX_BYTES = 200_000_000
Document = dict[str, Any]


def read_json(origin: Origin, timeout: float) -> Document:
    """Read the JSON document at ``origin.base``.

    Raises
    ------
    SourceError
        If the server returns an error, a redirect to another host, something other than STAC, or nothing.
    """
    href = origin.base
    text = _fetch(origin, timeout) if is_url(href) else _file(href)
    if not text.strip():
        raise SourceError(f"{short(href)} is empty: check the address.")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        raise SourceError(f"{short(href)} is {_kind(text)}, not STAC: check the address.") from None
    except RecursionError:
        raise SourceError(f"{short(href)} is JSON that is nested too deeply to be STAC.") from None
    if isinstance(found, list):
        raise SourceError(f"{short(href)} is a JSON list, not STAC: a list of items is a FeatureCollection.")
    if not isinstance(found, dict):
        raise SourceError(f"{short(href)} is JSON but not STAC: it is not an object.")
    if "type" not in found and "stac_version" in found:  # STAC before 1.0
        found["type"] = "Collection" if "extent" in found else "Catalog"
    if "type" not in found:
        raise SourceError(f"{short(href)} is JSON but not STAC: it has no 'type'.")
    return found


def _kind(text: str) -> str:
    start = text.lstrip().lower()
    if start.startswith("<?xml") and "<html" not in start[:500]:
        return "an XML document"
    if start[0] == "<":
        return "an HTML page"
    return "incomplete or damaged JSON" if start[0] in "{[" else "something else"


def links(document: Document, *relations: str) -> list[Document]:
    """Return the links of a document with one of these relations."""
    found = document.get("links")
    return [
        k
        for k in (found if isinstance(found, list) else [])
        if isinstance(k, dict) and k.get("rel") in relations and isinstance(k.get("href"), str)
    ]


def items_below(
    document: Document,
    origin: Origin,
    timeout: float,
    *,
    problems: list[str] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Document, Origin]]:
    """Yield every item of a static catalogue, collection or item collection; each document is read once.

    Asset descriptions of a collection (``item_assets``) are added to its items.

    Parameters
    ----------
    document : dict
    origin : Origin
    timeout : float
        Seconds to wait for a server.
    problems : list of str, optional
        Takes the sentences on documents that cannot be used, which are left out; without it the first one is raised.
    tick : callable, optional
        Called before each document is read; what it raises ends the reading.
    """
    seen: set[str] = set()
    # None, with an origin, is a document that is not read yet.
    queue: deque[tuple[Any, Origin, Document]] = deque([(document, origin, {})])
    count = 0
    while queue:
        given, where, shared = queue.popleft()
        tick()
        try:
            node = read_json(where, timeout) if given is None else given
            item, below = _opened(node, where, shared)
        except SourceError as error:
            if problems is None:
                raise
            problems.append(str(error))
            continue
        if item is not None:
            count += 1
            if count > MAX_ITEMS:
                raise InputError(f"The catalogue has more than {MAX_ITEMS} items: open one of its collections.")
            yield item, where
        first = [b for b in below if b[0] is not None]  # items inside a document come before those that it links to
        queue.extendleft(reversed(first))
        for entry in below:
            if entry[0] is None and entry[1].base not in seen:
                seen.add(entry[1].base)
                queue.append(entry)


def _opened(
    node: Any, where: Origin, shared: Document
) -> tuple[Document | None, list[tuple[Document | None, Origin, Document]]]:
    """Return the item that a document is, if it is one, and the documents below it."""
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == "Feature":
        return with_shared(_checked(node, where), shared), []
    if kind == "FeatureCollection":
        features = node.get("features")
        return None, [(f, where, shared) for f in (features if isinstance(features, list) else []) if f is not None]
    if kind in ("Catalog", "Collection"):
        stated = node.get("item_assets")
        shared = stated if isinstance(stated, dict) else shared
        targets = [where.resolve(link["href"], "link") for link in links(node, "item", "child")]
        return None, [(None, where.follow(t), shared) for t in targets]
    raise SourceError(f"{_title(where)} is not STAC: its type is {str(kind)[:40]!r}.")


def with_shared(item: Document, shared: Document) -> Document:
    """Return an item whose assets have the fields that its collection states for them, where they lack them."""
    if not shared:
        return item
    assets = item["assets"]
    added = {k: shared[k] | a for k, a in assets.items() if isinstance(a, dict) and isinstance(shared.get(k), dict)}
    return item | {"assets": assets | added}


def _checked(item: Document, origin: Origin) -> Document:
    """Return an item that has assets and properties, or raise."""
    name = str(item.get("id"))[:60]
    if not isinstance(item.get("assets"), dict):
        raise SourceError(
            f"{_title(origin)} is GeoJSON but not STAC: its feature {shown(name)} has no assets. A GeoJSON file is an area, "
            "to pass as area= or bbox=."
        )
    if not isinstance(item.get("properties"), dict):
        raise SourceError(f"The STAC item {shown(name)} has no properties, and so no date.")
    return item


def _title(origin: Origin) -> str:
    return short(origin.base) if origin.base else "The object"


class _SameHost(HTTPRedirectHandler):
    """Follow redirects on the host that was opened only."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if not same_host(req.full_url, newurl):
            raise SourceError(_elsewhere(req.full_url, newurl))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def same_host(first: str, second: str) -> bool:
    """Return whether two addresses are on one host; https instead of http counts as the same."""
    return is_url(first) and Origin.of(first).same_host(second)


def _elsewhere(href: str, target: str) -> str:
    return f"{short(href)} redirects to another host ({short(target)}): open that address if you trust it."


def _fetch(origin: Origin, timeout: float) -> str:
    href = origin.base
    request = Request(href, headers={"Accept": "application/json, application/geo+json"})  # noqa: S310  (http only)
    try:
        with build_opener(_SameHost(origin)).open(request, timeout=timeout) as answer:
            return _body(answer, href, timeout)
    except HTTPError as error:
        mend = "check the address" if error.code in (404, 410) else "try again later, or ask the provider"
        if error.code in (401, 403):
            mend = "it wants a login: pass signer= or use a public catalogue"
        if error.code in (301, 302, 303, 307, 308):
            mend = "it redirects to an address that is not followed, because it is not an http(s) address, or is a loop"
            raise SourceError(f"{short(href)} answered {error.code}: {mend}.") from None
        raise SourceError(f"{short(href)} answered {error.code} ({str(error.reason)[:60]}): {mend}.") from None
    except TimeoutError:
        raise SourceError(_silent(href, timeout)) from None
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise SourceError(_silent(href, timeout)) from None
        raise SourceError(
            f"{short(href)} cannot be reached ({str(error.reason)[:80]}): check the address and the network."
        ) from None
    except SourceError:
        raise
    except (OSError, ValueError, HTTPException) as error:
        raise SourceError(f"{short(href)} cannot be read ({type(error).__name__}): check the address.") from None


def _body(answer: Any, href: str, timeout: float) -> str:
    # The timeout of a socket restarts with every byte: without this limit a slow or endless answer would never end.
    end, parts, size = monotonic() + 6 * timeout, [], 0
    while part := answer.read1(1 << 20):
        parts.append(part)
        size += len(part)
        if monotonic() > end:
            raise TimeoutError
        if size > MAX_BYTES:
            raise SourceError(f"{short(href)} is larger than {MAX_BYTES / 1e6:g} MB, too large for a STAC document.")
    return b"".join(parts).decode("utf-8", errors="replace")


def _silent(href: str, timeout: float) -> str:
    return f"{short(href)} did not answer within {timeout:g} s: try again later, or wait longer with timeout=."


def _file(href: str) -> str:
    path = Path(href)
    check_plain(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{short(href)} is larger than {MAX_BYTES / 1e6:g} MB, too large for a STAC document.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SourceError(f"There is no file {short(href)}.") from None
    except UnicodeDecodeError:
        raise SourceError(f"{short(href)} is a binary file, not STAC.") from None
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{short(href)} cannot be read ({type(error).__name__}).") from None
