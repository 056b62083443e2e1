"""Interpretation of a question by a language model on an OpenAI-compatible server; the tools compute every number.

The server receives the question, the typed language as one function, the dates of the series and the names of the
layers, but no pixel and no place. It answers with a call of that function, whose arguments are validated against the
language like any other program. Any other output is ignored. URL, key and model come from the environment.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http.client import HTTPException
from typing import Any

import xarray as xr

from eowidgets.analysis.ask.answer import Answer, Step, refuse
from eowidgets.analysis.ask.asking import run
from eowidgets.analysis.ask.consistent import marked
from eowidgets.analysis.ask.context import span
from eowidgets.analysis.ask.language import (
    COVERS,
    FACTS,
    IMAGES,
    KINDS,
    PLACES,
    SKIES,
    UNIONS,
    QuestionProgram,
    from_json,
    to_json,
    words_of,
)
from eowidgets.analysis.ask.lexicon import INDICES
from eowidgets.analysis.ask.plan import plan_of
from eowidgets.analysis.ask.slots import LONGEST, clean
from eowidgets.cube.area import Area
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.system import offline

URL, KEY, MODEL = "EOWIDGETS_LLM_URL", "EOWIDGETS_LLM_KEY", "EOWIDGETS_LLM_MODEL"
#: Maximum size of a response in bytes.
_LARGEST = 200_000
#: Confidence assigned to a program of the server, which reports no confidence.
_TRUST = 0.8


def ask_server(
    cube: xr.Dataset,
    question: str,
    area: Any = None,
    dates: tuple[str, str] | None = None,
    history: Sequence[Answer] | None = None,
    *,
    layers: Mapping[str, Any] | None = None,
    timeout: float = 20.0,
    show: Callable[[str], None] | None = print,
) -> Answer:
    """Answer a question like :func:`eowidgets.analysis.ask.ask`, with a server for its interpretation.

    Set ``EOWIDGETS_LLM_URL`` (such as ``http://localhost:8000/v1``), and where needed ``EOWIDGETS_LLM_KEY`` and
    ``EOWIDGETS_LLM_MODEL``.

    Parameters
    ----------
    show : callable, optional
        Receives the plan, a sentence that describes the computation, before it runs; by default it is printed. An
        ``EowidgetsError`` that it raises stops the question, and becomes the reason of the abstention.

    Returns
    -------
    Answer
        With ``abstained`` if the server is slow, refuses, or does not return a program.

    Raises
    ------
    InputError
        If no URL is set, it is not http(s), or the package is in offline mode.
    """
    url = os.environ.get(URL, "")
    if not url:
        raise InputError(f"No server is set: give its address in the environment variable {URL}.")
    if not url.startswith(("http://", "https://")):
        raise InputError(f"The address in {URL} must begin with http:// or https://.")
    if offline() and not url.startswith(("http://127.", "http://localhost")):
        raise InputError(f"EOWIDGETS_OFFLINE is set, so the server in {URL} is not contacted.")
    place = None if area is None else Area.of(area).geojson
    text = clean(str(question))
    if not text or len(text) > LONGEST:
        return refuse(str(question), f"Ask one question of at most {LONGEST} characters.")
    before = next((a.program for a in reversed(history or ()) if a.program is not None), None)
    request = _request(text, *span(cube), list(layers or {}), before)
    try:
        program = _program(_post(url.rstrip("/") + "/chat/completions", request, timeout))
    except _NoProgram as problem:
        return refuse(str(question), str(problem))
    plan = plan_of(program)
    try:
        if show is not None:
            show(plan)
    except EowidgetsError as stopped:
        return refuse(str(question), str(stopped), program)
    answer = run(cube, program, str(question), area=place, dates=dates, layers=layers)
    planned = Step("plan", json.dumps(to_json(program)), plan, 0.0)
    answer = replace(answer, steps=(planned, *answer.steps), confidence=round(answer.confidence * _TRUST, 2))
    return marked(answer)


class _NoProgram(Exception):
    """The server returned no program; the message is for the user."""


def _request(question: str, first: str, last: str, layers: list[str], before: QuestionProgram | None) -> dict[str, Any]:
    rules = (
        f"Translate the question about a satellite image series ({first} to {last}) into one call of the function. "
        "Do not answer it. If images from above cannot answer it, do not call the function."
    )
    if before is not None:
        rules += f" The question before was: {json.dumps(to_json(before))}."
    if layers:
        rules += f" Layers of the person: {json.dumps([str(n)[:40] for n in layers[:20]])}."
    return {
        "model": os.environ.get(MODEL, "default"),
        "temperature": 0,
        "messages": [{"role": "system", "content": rules}, {"role": "user", "content": question}],
        "tools": [{"type": "function", "function": {"name": "program", "parameters": schema()}}],
    }


def schema() -> dict[str, Any]:
    """Return the typed language as a JSON schema."""
    topics = [
        *COVERS,
        *UNIONS,
        *SKIES,
        *IMAGES,
        *INDICES,
        *(f"{c} {w}" for c in COVERS for w in ("loss", "gain")),
        "change",
        *words_of("event", "of"),
        *FACTS,
    ]
    day = {"type": "string", "pattern": r"^(\d{4}-\d{2}-\d{2})?$"}
    where = {"place": {"enum": list(PLACES)}, "start": day, "end": day, "area": {"enum": ["", "drawn"]}}
    where |= {"months": {"type": "array", "items": {"type": "integer"}}, "layer": {"type": "string"}}
    where |= {"cover": {"enum": ["", *COVERS]}, "point": {"type": "array", "items": {"type": "number"}}}
    fields = ("relation", "unit", "how", "which", "ask", "direction", "stat", "measure", "by")
    own: dict[str, Any] = {f: {"enum": sorted({w for kind in KINDS for w in words_of(kind, f)})} for f in fields}
    own |= {
        "of": {"type": "string", "examples": topics},
        "than": {"enum": topics},
        "to": {"enum": list(COVERS)},
        "min_hectares": {"type": "number"},
        "limit": {"type": "number"},
        "negated": {"type": "boolean"},
        "method": {"type": "string"},
        "other": {"type": "object", "properties": where},
    }
    return {"type": "object", "properties": {"kind": {"enum": list(KINDS)}, **own, **where}, "required": ["kind"]}


def _post(url: str, body: dict[str, Any], timeout: float) -> Any:
    headers = {"Content-Type": "application/json"}
    if os.environ.get(KEY):
        headers["Authorization"] = f"Bearer {os.environ[KEY]}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  (checked to be http(s))
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            text = _read(answer, timeout)
    except urllib.error.HTTPError as error:
        raise _NoProgram(f"The server refused the question (status {error.code}).") from error
    except TimeoutError as error:
        raise _NoProgram(f"The server did not answer within {timeout:g} seconds.") from error
    except (OSError, HTTPException, ValueError) as error:
        slow = isinstance(getattr(error, "reason", None), TimeoutError)
        what = f"did not answer within {timeout:g} seconds" if slow else "could not be reached"
        raise _NoProgram(f"The server {what}.") from error
    if len(text) > _LARGEST:
        raise _NoProgram("The response of the server is too large for a program.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _NoProgram("The response of the server is not JSON.") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuse redirects: key and question are for the configured server only."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _read(answer: Any, timeout: float) -> bytes:
    """Read a body within the timeout, also if it arrives in small parts."""
    parts, size, until = [], 0, time.monotonic() + timeout
    while size <= _LARGEST and (part := answer.read1(1 << 16)):
        parts.append(part)
        size += len(part)
        if time.monotonic() > until:
            raise TimeoutError
    return b"".join(parts)


def _program(reply: Any) -> QuestionProgram:
    try:
        message = reply["choices"][0]["message"]
        calls = message.get("tool_calls") or []
        arguments = calls[0]["function"]["arguments"] if calls else None
        values = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise _NoProgram("The response of the server is not a chat completion with a function call.") from error
    if values is None:
        raise _NoProgram("The server returned no program: images cannot answer this question.")
    try:
        return from_json(values)
    except (
        EowidgetsError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise _NoProgram("The program of the server is not in the language of questions.") from error
