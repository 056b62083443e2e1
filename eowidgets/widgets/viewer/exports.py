"""Export of a viewer as picture, film or page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eowidgets.arguments import FilePath, Period, Pixels, Positive, checked
from eowidgets.errors import InputError, shown
from eowidgets.render.animation import frames, save
from eowidgets.render.picture import draw, png
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style
from eowidgets.render.window import Window

if TYPE_CHECKING:
    from eowidgets.widgets.viewer.time_viewer import TimeViewer


@checked
class Exports:
    """Mixed into :class:`~eowidgets.widgets.viewer.time_viewer.TimeViewer`."""

    sources: dict[str, FrameSource]
    selection: Any
    speed: Any
    style: Any
    step: Any

    def snapshot(self) -> bytes:
        """Return a PNG of the date shown, at most 512 pixels on its longer side."""
        source = self.sources["cube"]
        stride = max(1, -(-max(source.width, source.height) // 512))
        return png(draw(source, self.style, self.step, Window(0, 0, source.width, source.height, stride)))

    @property
    def link(self: TimeViewer) -> str:  # type: ignore[misc]
        """The view as a text such as ``#date=2019-07-06&index=NDVI``: dates, bands, limits, comparison, place and pins.

        Behind the address of a page that :meth:`to_html` has written it opens this view; :meth:`open_link` opens it here.
        """
        from eowidgets.widgets.viewer.link import link_of

        return link_of(self)

    def open_link(self: TimeViewer, text: str) -> None:  # type: ignore[misc]
        """Show what a link says.

        Parameters
        ----------
        text : str
            As :attr:`link` gives it, or an address that ends with it.

        Raises
        ------
        InputError
            If it is no link, or names what this cube does not have; the view stays as it was.
        """
        from eowidgets.widgets.viewer.link import open_link

        open_link(self, text)

    def to_gif(
        self, path: FilePath, *, dates: Period | None = None, fps: Positive | None = None, size: Pixels = 640
    ) -> Path:
        """Write the series as a GIF with date stamp and legend.

        Parameters
        ----------
        path : path
            Ends with ``.gif``.
        dates : pair of str, optional
            First and last ISO date; all dates (or those of ``selection``) if not given.
        fps : float, optional
            Dates per second; ``speed`` if not given.
        size : int
            Longer side in pixels.

        Raises
        ------
        InputError, SourceError, MissingExtraError
        """
        return self._film(path, ".gif", dates, fps, size)

    def to_mp4(
        self, path: FilePath, *, dates: Period | None = None, fps: Positive | None = None, size: Pixels = 640
    ) -> Path:
        """Write the series as an MP4 that every browser plays; parameters as for `to_gif`, ``.mp4`` for the path."""
        return self._film(path, ".mp4", dates, fps, size)

    def _film(self, path: FilePath, suffix: str, dates: Period | None, fps: float | None, size: int) -> Path:
        if Path(path).suffix.lower() != suffix:
            raise InputError(f"The name {shown(Path(path).name)} does not end with {suffix}: change it.")
        source = self.sources["cube"]
        style: Style = self.style
        return save(path, frames(source, style, self._range(source, dates), size), fps or float(self.speed))

    def _range(self, source: FrameSource, dates: Period | None) -> list[int]:
        first, last = dates or self.selection or (source.labels[0], source.labels[-1]) if source.labels else ("", "")
        chosen = [i for i, label in enumerate(source.labels) if str(first) <= label <= f"{last}T99"]
        if source.labels and not chosen:
            raise InputError(
                f"There is no date between {first} and {last}: the series has {source.labels[0]} to {source.labels[-1]}."
            )
        return chosen or [0]

    def to_html(self: TimeViewer, path: FilePath, *, title: str = "", max_mb: Positive = 60) -> Path:  # type: ignore[misc]
        """Write one HTML file that needs no kernel and no network.

        Time, swipe, indices, stretch, pins and areas work in it as they do here.

        Parameters
        ----------
        path : path
        title : str
            Of the page; that of the cube if not given.
        max_mb : float
            Megabytes of pixels that the page may hold; a larger cube is thinned to every second, third, ... pixel.

        Raises
        ------
        InputError, SourceError
        """
        from eowidgets.widgets.viewer import story

        return story.write(self, path, title=title, max_mb=max_mb)
