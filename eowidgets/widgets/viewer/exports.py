"""Export of a viewer as picture, film or page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eowidgets.arguments import Dates, FilePath, Pixels, Positive, checked, first_and_last
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
        """Return a PNG of the date shown, at most 512 pixels on its longer side.

        Returns
        -------
        bytes
            A PNG.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.snapshot()[1:4]
        b'PNG'
        """
        source = self.sources["cube"]
        stride = max(1, -(-max(source.width, source.height) // 512))
        return png(draw(source, self.style, self.step, Window(0, 0, source.width, source.height, stride)))

    @property
    def link(self: TimeViewer) -> str:  # type: ignore[misc]
        """Return the view as a text such as ``#date=2019-07-06&index=NDVI``: dates, bands, limits, comparison, place and pins.

        Behind the address of a page that :meth:`to_html` has written it opens this view; :meth:`open_link` opens it here.
        """
        from eowidgets.widgets.viewer.link import link_of

        return link_of(self)

    def open_link(self: TimeViewer, text: str) -> None:  # type: ignore[misc]
        """Show the view of a link.

        Parameters
        ----------
        text : str
            As :attr:`link` gives it, or an address that ends with it.

        Raises
        ------
        InputError
            If it is no link, or names what this cube does not have; the view stays as it was.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.open_link(viewer.link)
        """
        from eowidgets.widgets.viewer.link import open_link

        open_link(self, text)

    def to_gif(
        self, path: FilePath, *, dates: Dates | None = None, fps: Positive | None = None, size: Pixels = 640
    ) -> Path:
        """Write the series as a GIF with date stamp and legend.

        Parameters
        ----------
        path : path
            Ends with ``.gif``.
        dates : (str, str) or str, optional
            First and last ISO date, or ``"first/last"``; all dates (or those of ``selection``) if not given.
        fps : float, optional
            Dates per second; ``speed`` if not given.
        size : int
            Longer side in pixels.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError, MissingExtraError

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube(dates=2))
        >>> viewer.to_gif(Path(tempfile.mkdtemp()) / "series.gif", size=64).name
        'series.gif'
        """
        return self._film(path, ".gif", dates, fps, size)

    def to_mp4(
        self, path: FilePath, *, dates: Dates | None = None, fps: Positive | None = None, size: Pixels = 640
    ) -> Path:
        """Write the series as an MP4 that every browser plays.

        Parameters
        ----------
        path : str or Path
            Ends with ``.mp4``.
        dates : (str, str) or str, optional
            First and last ISO date, or ``"first/last"``; all dates (or those of ``selection``) if not given.
        fps : float, optional
            Dates per second; ``speed`` if not given.
        size : int
            Longer side in pixels.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If the name has another ending, no date is left, the file cannot be written, or imageio is missing.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube(dates=2))
        >>> viewer.to_mp4(Path(tempfile.mkdtemp()) / "series.mp4", size=64).name  # doctest: +SKIP
        """
        return self._film(path, ".mp4", dates, fps, size)

    def _film(self, path: FilePath, suffix: str, dates: Dates | None, fps: float | None, size: int) -> Path:
        if Path(path).suffix.lower() != suffix:
            raise InputError(f"The name {shown(Path(path).name)} does not end with {suffix}: change it.")
        source = self.sources["cube"]
        style: Style = self.style
        return save(path, frames(source, style, self._range(source, dates), size), fps or float(self.speed))

    def _range(self, source: FrameSource, dates: Dates | None) -> list[int]:
        first, last = ("", "")
        if source.labels:
            given = None if dates is None else first_and_last(dates)
            first, last = given or self.selection or (source.labels[0], source.labels[-1])
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

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube(dates=2))
        >>> viewer.to_html(Path(tempfile.mkdtemp()) / "series.html").name
        'series.html'
        """
        from eowidgets.widgets.viewer import story

        return story.write(self, path, title=title, max_mb=max_mb)
