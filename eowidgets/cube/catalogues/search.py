"""Search a catalogue; received items are kept if its server fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eowidgets.cube.catalogues.nothing import why_nothing
from eowidgets.cube.catalogues.query import Query
from eowidgets.cube.sources.stac.addresses import Origin, is_url, short
from eowidgets.cube.sources.stac.documents import Document, items_below, links, read_json, with_shared
from eowidgets.cube.sources.stac.find import Found, find_items, own_address
from eowidgets.cube.sources.stac.moments import time_of
from eowidgets.errors import InputError, SourceError, shown

#: Items of one page: more would exceed the size of an answer on some servers.
PAGE = 100
Tick = Callable[[], None]
OnPage = Callable[[int, int | None], None]


@dataclass
class Received:
    """Items received from a catalogue.

    Attributes
    ----------
    pairs : list of (dict, Origin)
    problems : list of str
        Sentences on missing parts of the answer.
    limited : bool
        Whether the catalogue has more than the query allows.
    """

    pairs: Found = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    limited: bool = False

    def limit(self, query: Query, matched: int | None = None) -> None:
        """Cut off what exceeds the limit of a query, and note that."""
        del self.pairs[query.limit :]
        many = f"{matched}" if matched is not None else f"More than {query.limit}"
        self.limited = True
        self.problems.append(
            f"{many} items match; the first {query.limit} that {query.catalogue.label} gave are used: narrow area= or dates=, or "
            "raise limit=."
        )


def search(
    query: Query,
    *,
    timeout: float = 10.0,
    tick: Tick | None = None,
    on_page: OnPage | None = None,
) -> Received:
    """Return the items that match a query, as far as the server returned them.

    Parameters
    ----------
    query : Query
    timeout : float
        Seconds to wait for one answer.
    tick : callable, optional
        Called often; what it raises ends the search.
    on_page : callable, optional
        Called after each page with the number of items so far and the number that the server states, or None.

    Raises
    ------
    InputError
        If a catalogue has nothing there, or no collection of that name.
    SourceError
        If nothing arrived because the server failed.
    """
    try:
        return _search(query, timeout, _ending(tick), _ending(on_page))
    except _Ended as ended:
        raise ended.error from None


class _Ended(BaseException):
    """Raised if the caller ends the search, so that its exception is not treated as a fault of the server."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _ending(call: Callable[..., None] | None) -> Callable[..., None]:
    """Return a function of the caller whose exceptions end the search."""

    def wrapped(*args: Any) -> None:
        if call is not None:
            try:
                call(*args)
            except Exception as error:  # noqa: BLE001  (of the caller, and raised again)
                raise _Ended(error) from None

    return wrapped


def _search(query: Query, timeout: float, tick: Tick, on_page: OnPage) -> Received:
    api = query.catalogue.api
    if not api:
        return _in_memory(query, timeout)
    origin = Origin.of(api if is_url(api) else str(Path(api).expanduser()), query.remote)
    if not is_url(api):
        return _static(read_json(origin, timeout), origin, query, timeout, tick, on_page)
    from eowidgets.cube.sources.stac.patience import PatientIO

    io = PatientIO(origin, timeout, tick)
    document = _root(io, origin)
    shared = document.get("item_assets")
    if document.get("type") == "Collection" and links(document, "items"):
        origin, document, query = _of_collection(io, origin, document, query)
    if links(document, "search"):
        found = _api(io, origin, document, query, tick, on_page)
        found.pairs = [(with_shared(item, shared if isinstance(shared, dict) else {}), o) for item, o in found.pairs]
        return found
    return _static(document, origin, query, timeout, tick, on_page)


def _in_memory(query: Query, timeout: float) -> Received:
    wanted = set(query.catalogue.collections)
    pairs = find_items(query.source, None, None, timeout, query.remote)
    return Received([(i, o) for i, o in pairs if not wanted or i.get("collection") in wanted])


def _root(io: Any, origin: Origin) -> Document:
    try:
        found = dict(io.read_json(origin.base))
    except _failures() as error:
        raise SourceError(_sentence(io, origin, error)) from None
    if "type" not in found and "stac_version" in found:
        found["type"] = "Collection" if "extent" in found else "Catalog"
    if "type" not in found:
        raise SourceError(f"{short(origin.base)} is JSON but not STAC: it has no 'type'.")
    return found


def _of_collection(io: Any, origin: Origin, document: Document, query: Query) -> tuple[Origin, Document, Query]:
    """Return the API of a collection, and the query in this collection."""
    from dataclasses import replace

    root = next((k["href"] for k in links(document, "root")), origin.base)
    above = origin.follow(origin.resolve(root, "link"))
    collections = query.catalogue.collections or (str(document.get("id")),)
    return above, _root(io, above), replace(query, catalogue=replace(query.catalogue, collections=collections))


def _static(document: Document, origin: Origin, query: Query, timeout: float, tick: Tick, on_page: OnPage) -> Received:
    found = Received()
    wanted = set(query.catalogue.collections)
    for item, where in items_below(document, origin, timeout, problems=found.problems, tick=tick):
        if len(found.pairs) == query.limit:
            found.limit(query)
            break
        if _dated(item, found) and (not wanted or item.get("collection") in wanted):
            found.pairs.append((item, where))
            if len(found.pairs) % PAGE == 0:
                on_page(len(found.pairs), None)
    on_page(len(found.pairs), None)
    if not found.pairs:
        if found.problems:
            raise SourceError(found.problems[0])
        raise InputError(f"{query.catalogue.label} holds no item: check the address and collections=.")
    return found


def _api(io: Any, origin: Origin, document: Document, query: Query, tick: Tick, on_page: OnPage) -> Received:
    if query.area is None and query.interval is None:
        raise InputError(
            f"{query.catalogue.label} is a STAC API, which may hold the whole world: pass area=(west, south, east, north) and "
            "dates='2020-01/2020-12'."
        )
    href, method = _endpoint(origin, document)
    found, seen, pages, stopped = Received(), set[Any](), 0, False
    for box in query.boxes:
        matched: int | None = None
        received, more = 0, False
        try:
            for page in io.get_pages(href, method, _parameters(query, box, method)):
                pages += 1
                features = [f for f in page["features"] if isinstance(f, dict)]
                matched = _matched(page) if matched is None else matched
                received += len(page["features"])
                new = [f for f in features if (f.get("collection"), f.get("id")) not in seen]
                seen |= {(f.get("collection"), f.get("id")) for f in new}
                if features and not new and received > len(page["features"]):
                    found.problems.append(
                        f"{short(origin.base)} gives the same page again: the pages after it are missing."
                    )
                    break
                found.pairs += _items(new, origin, found)
                on_page(len(found.pairs), matched)
                if received >= query.limit:
                    more = received > query.limit or bool(links(page, "next"))
                    break
                tick()
        except _failures() as error:
            stopped = True
            reason = _sentence(io, origin, error)
            if not found.pairs:
                if getattr(error, "status_code", None) in (400, 404):
                    why_nothing(io, origin, query, failed=True)
                raise SourceError(reason) from None
            found.problems.append(
                f"The search stopped after {len(found.pairs)} items in {pages} {'page' if pages == 1 else 'pages'}, which are "
                f"kept; more may exist: {reason}"
            )
        if more:
            found.limit(query, matched)
            return found
        if not stopped and not more and matched is not None and received < matched:
            found.problems.append(
                f"{short(origin.base)} states that {matched} items match but gave {received}: run the search again later."
            )
    if not found.pairs:
        if found.problems:
            raise SourceError(found.problems[0])
        why_nothing(io, origin, query)
    return found


def _endpoint(origin: Origin, document: Document) -> tuple[str, str]:
    """Return the address of the search and its method: POST where a link states it, because requests are shorter then."""
    offered = links(document, "search")
    post = [k for k in offered if str(k.get("method", "GET")).upper() == "POST"]
    return origin.resolve((post or offered)[0]["href"], "link"), "POST" if post else "GET"


def _parameters(query: Query, box: Any, method: str) -> dict[str, Any]:
    found: dict[str, Any] = {"limit": min(PAGE, query.limit)}
    if box is not None:
        found["bbox"] = list(box)
    if query.interval is not None:
        found["datetime"] = query.interval
    if query.catalogue.collections:
        found["collections"] = list(query.catalogue.collections)
    if method == "GET":
        found |= {k: ",".join(str(v) for v in found[k]) for k in ("bbox", "collections") if k in found}
    return found


def _matched(page: Document) -> int | None:
    context = page.get("context")
    stated = page.get("numberMatched", context.get("matched") if isinstance(context, dict) else None)
    return stated if isinstance(stated, int) and not isinstance(stated, bool) else None


def _items(features: list[Document], origin: Origin, found: Received) -> Iterator[tuple[Document, Origin]]:
    """Yield the items of a page; record other entries as problems."""
    for feature in features:
        try:
            pairs = list(items_below(feature, origin.follow(own_address(feature, origin)), 0))
        except (SourceError, InputError) as error:
            found.problems.append(f"An item is left out: {error}")
            continue
        for item, where in pairs:
            if _dated(item, found):
                yield item, where


def _dated(item: Document, found: Received) -> bool:
    try:
        time_of(item)
    except InputError as error:
        found.problems.append(f"An item is left out: {error}")
        return False
    return True


def _failures() -> tuple[type[Exception], ...]:
    import requests
    from pystac_client.exceptions import APIError

    return (
        *(APIError, requests.exceptions.RequestException, ValueError, KeyError),
        *(TypeError, AttributeError, RecursionError),
    )


def _sentence(io: Any, origin: Origin, error: Exception) -> str:
    """Return why a request failed, in plain words."""
    where = short(origin.base)
    if io.refused:
        return str(io.refused)
    if isinstance(error, SourceError | InputError):
        return str(error)
    status = getattr(error, "status_code", None)
    text = str(error)
    if status == 429:
        return f"{where} limits requests (429) and still refused after several tries: wait some minutes and try again."
    if status in (401, 403):
        return f"{where} wants a login ({status}): use a public catalogue, or pass items that your own client found."
    if status in (404, 410):
        return f"{where} has no such page ({status}): check the address."
    if status is not None and 400 <= status < 500:
        words = " ".join(text.split("?")[0].split())[:80]
        return f"{where} does not accept the search ({status}: {shown(words)}): narrow area=, dates= or collections=."
    if status is not None and status >= 500:
        return f"{where} has a fault of its own ({status}) and still had it after several tries: try again later."
    if "timed out" in text:
        return f"{where} did not answer within {io.timeout:g} s: try again, or wait longer with timeout=."
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError | RecursionError):
        return (
            f"{where} answered with something other than complete JSON of STAC: check the address, or try again later."
        )
    if any(w in text for w in ("Connection refused", "resolve", "No route", "unreachable")):
        return f"{where} cannot be reached: check the address and the network."
    return f"{where} broke off its answer: try again later."
