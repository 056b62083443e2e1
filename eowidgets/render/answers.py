"""Pending requests of a viewer, in the order of the answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from eowidgets.cube.direct import Superseded, unless
from eowidgets.render.feed import Message, frame, names_of, pixels
from eowidgets.render.source import FrameSource
from eowidgets.render.window import Frame, Window


class Queue:
    """Pending requests.

    First comes the coarse picture of the date in view, then the frames that are needed, then everything else, the newest
    request first. A list of frames replaces the one before: frames that it lacks are not read, and a read in progress
    stops between two parts. A request of all dates of a window replaces those of other windows of its source.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: list[Frame] = []
        self._sent: dict[Frame, Iterator[Message]] = {}
        self._deflate = False
        self._urgent: deque[Iterator[Message]] = deque()
        self._open: list[tuple[str, Window, _Dates | Iterator[Message]]] = []
        #: Reads that were stopped because their result was no longer needed.
        self.superseded = 0

    def add(
        self, source: FrameSource, bands: Iterable[str], window: Window, near: int, *, deflate: bool = False
    ) -> None:
        """Add a request of all dates of a window."""
        fixed, names = (source.whole, source.coarse), names_of(source, bands)
        if window not in fixed:
            self._open = [o for o in self._open if o[0] != source.key or o[1] in fixed or o[1] == window]
        if source.lazy and window == source.coarse:
            self._urgent.append(pixels(source, names, window, near, [near], deflate=deflate))
            rest: _Dates | Iterator[Message] = _Dates(source, names, window, near, deflate=deflate)
        else:
            rest = pixels(source, names, window, near, deflate=deflate)
        self._open.append((source.key, window, rest))

    def need(self, frames: Sequence[Frame], near: Mapping[str, int] | None = None, *, deflate: bool = False) -> None:
        """Set the list of all frames that are needed now; may be called from any thread.

        Parameters
        ----------
        frames : sequence of Frame
            The most important first.
        near : mapping, optional
            The date in view of each source: the coarse pictures around it come first.
        deflate : bool
        """
        with self._lock:
            self._frames, self._deflate = list(frames), deflate
            self._sent = {f: m for f, m in self._sent.items() if f in self._frames}
        for _, _, rest in list(self._open):
            if isinstance(rest, _Dates):
                rest.near = (near or {}).get(rest.source.key, rest.near)

    def next(self, sources: Mapping[str, FrameSource] | None = None) -> Message | None:
        """Return the next message, None without pending requests.

        Parameters
        ----------
        sources : mapping of str to FrameSource, optional
            Those that frames are about, by name.
        """
        while True:
            try:
                if self._urgent:
                    message = self._from_urgent()
                elif (wanted := self._first_frame()) is not None:
                    message = self._from_frame(wanted, sources or {})
                elif self._open:
                    message = self._from_open()
                else:
                    return None
            except Superseded:
                self.superseded += 1
                continue
            if message is not None:
                return message

    def _from_urgent(self) -> Message | None:
        try:
            return next(self._urgent[0])
        except StopIteration:
            self._urgent.popleft()
            return None
        except BaseException:
            self._urgent.popleft()  # one unreadable file must not be tried forever
            raise

    def _first_frame(self) -> Frame | None:
        with self._lock:
            return self._frames[0] if self._frames else None

    def _done(self, wanted: Frame) -> None:
        with self._lock:
            self._sent.pop(wanted, None)
            if wanted in self._frames:
                self._frames.remove(wanted)

    def _from_frame(self, wanted: Frame, sources: Mapping[str, FrameSource]) -> Message | None:
        source = sources.get(wanted.source)
        if source is None or not 0 <= wanted.date < source.dates:
            self._done(wanted)
            return None
        with self._lock:
            messages = self._sent.setdefault(wanted, frame(source, wanted, deflate=self._deflate))
        try:
            with unless(lambda: wanted not in self._frames):
                return next(messages)
        except StopIteration:
            self._done(wanted)
            return None
        except BaseException:
            self._done(wanted)
            raise

    def _from_open(self) -> Message | None:
        asked = self._open[-1]
        try:
            with unless(lambda: bool(self._frames or self._urgent)):
                return next(asked[2])
        except Superseded:
            raise
        except StopIteration:
            self._open.remove(asked)
            return None
        except BaseException:
            if not isinstance(asked[2], _Dates):  # which skips the date and continues
                self._open.remove(asked)
            raise

    def clear(self) -> None:
        """Drop all requests."""
        with self._lock:
            self._frames, self._sent = [], {}
        self._urgent.clear()
        self._open.clear()


class _Dates:
    """All dates of a window of a lazy cube but one, the nearest first; a read that was stopped is repeated later."""

    def __init__(
        self, source: FrameSource, bands: tuple[str, ...], window: Window, near: int, *, deflate: bool
    ) -> None:
        self.source, self.bands, self.window, self.near, self._deflate = source, bands, window, near, deflate
        self._left = [t for t in range(source.dates) if t != near]
        self._ready: deque[Message] = deque()

    def __next__(self) -> Message:
        if not self._ready:
            if not self._left:
                raise StopIteration
            date = min(self._left, key=lambda t: abs(t - self.near - 0.1))  # in a tie the later one
            told = pixels(self.source, self.bands, self.window, date, [date], deflate=self._deflate)
            try:
                self._ready.extend(m for m in told if m[1] is not None)
            except Superseded:
                self._ready.clear()
                raise
            except BaseException:
                self._left.remove(date)
                raise
            self._left.remove(date)
            return self.__next__()
        return self._ready.popleft()

    def __iter__(self) -> _Dates:
        return self
