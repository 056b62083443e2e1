"""Requests to a STAC API with limited retries, which can be cancelled."""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from datetime import UTC, datetime
from time import sleep
from typing import Any

from pystac_client.exceptions import APIError

from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.api import SameHostIO

#: Times that a request is made before it counts as failed.
TRIES = 4
#: Seconds to wait before the second try; twice as long before each further one.
FIRST_WAIT = 1.0
#: A server that asks to wait longer (seconds) is not waited for.
LONGEST_WAIT = 60.0
#: Answers after which another try may succeed.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Seconds between two checks whether the user cancelled.
_LOOK = 0.1


class PatientIO(SameHostIO):
    """Input and output of pystac-client that repeats failed requests.

    Repeated are requests that a server answers with 408, 425, 429 or 5xx, that break off, or whose body is not complete
    JSON. ``Retry-After`` is respected up to :data:`LONGEST_WAIT` seconds. A server that does not answer within the timeout
    is not asked again.

    Parameters
    ----------
    origin : Origin
    timeout : float
        Seconds to wait for an answer.
    tick : callable, optional
        Called before each request and while waiting; what it raises ends the search.
    headers : dict, optional
        Sent with each request.
    """

    def __init__(
        self,
        origin: Origin,
        timeout: float,
        tick: Callable[[], None] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(origin, timeout)
        self.session.headers.update(headers or {})
        self.session.hooks["response"].append(self._note)
        self._tick = tick or (lambda: None)
        self._retry_after = ""

    def read_json(self, source: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read a JSON object, with several tries.

        Raises
        ------
        APIError, ValueError, TypeError, AttributeError
            The error of the last try.
        """
        for attempt in range(TRIES):
            self._tick()
            self._retry_after = ""
            try:
                found = super().read_json(source, *args, **kwargs)
                if not isinstance(found, dict):
                    raise ValueError("the answer is not a JSON object")
            except (APIError, ValueError, TypeError, AttributeError) as error:
                wait = self._wait(error, attempt)
                if wait is None:
                    raise
                self._pause(wait)
            else:
                return found
        raise AssertionError("unreachable")  # pragma: no cover  (the last try returns or raises)

    def _note(self, response: Any, **_: Any) -> None:
        self._retry_after = str(response.headers.get("Retry-After") or "")

    def _wait(self, error: Exception, attempt: int) -> float | None:
        """Return the seconds to wait before the next try, or None where there is none."""
        status = getattr(error, "status_code", None)
        if self.refused or attempt == TRIES - 1 or "timed out" in str(error):
            return None
        if status is not None and status not in _PASSING:
            return None
        wait = _seconds(self._retry_after)
        if wait is None:
            return FIRST_WAIT * float(2**attempt)
        return wait if wait <= LONGEST_WAIT else None

    def _pause(self, seconds: float) -> None:
        while seconds > 0:
            self._tick()
            sleep(min(_LOOK, seconds))
            seconds -= _LOOK


def _seconds(text: str) -> float | None:
    """Return the seconds of a ``Retry-After``, which is a number or a date."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
