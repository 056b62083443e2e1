"""Bookmarks: named views with date, bands, limits, comparison and place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from eowidgets.arguments import Name, checked
from eowidgets.errors import InputError, shown, unknown

#: Traits that a bookmark stores.
KEPT: tuple[str, ...] = ("date", "bands", "index", "vmin", "vmax", "stretch", "gamma", "cmap", "clouds")
KEPT += ("compare_mode", "compare_date", "swipe", "selection", "bounds")
#: Traits of which an empty value means that nothing was chosen.
_MAY_BE_EMPTY = ("selection", "bounds")


class BookmarksTrait(traitlets.List[Any]):
    """A list of mappings with a name and any of `KEPT`; of the same name the last one stays."""

    info_text = "a list of bookmarks"

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse a bookmark without a name, or with parts that a viewer lacks."""
        found: dict[str, dict[str, Any]] = {}
        for bookmark in super().validate(obj, value) or []:
            name = bookmark.get("name") if isinstance(bookmark, Mapping) else None
            if not isinstance(name, str) or not name.strip():
                raise InputError(
                    f'A bookmark is a mapping like {{"name": "after the storm", "date": "2018-07-06"}}, not {shown(bookmark)}.'
                )
            for key in bookmark:
                if key != "name" and key not in KEPT:
                    raise unknown("part of a bookmark", str(key), KEPT)
            name = name.strip()[:80]
            found.pop(name, None)
            found[name] = {**bookmark, "name": name}
        return list(found.values())


@checked
class Bookmarks(traitlets.HasTraits):
    """Mixed into :class:`~eowidgets.widgets.viewer.time_viewer.TimeViewer`."""

    bookmarks: Any = BookmarksTrait().tag(sync=True)
    hold_sync: Any

    def add_bookmark(self, name: Name) -> None:
        """Keep what is shown under a name; a bookmark of the same name is replaced.

        Parameters
        ----------
        name : str
            At most 80 characters.

        Examples
        --------
        >>> import eowidgets as eow
        >>> viewer = eow.TimeViewer(eow.open("romania"), index="NDVI", date="2019-07-06")
        >>> viewer.add_bookmark("July")
        >>> viewer.index, viewer.date = "EVI", "2016-08-05"
        >>> viewer.show_bookmark("July")
        >>> viewer.index, viewer.date
        ('NDVI', '2019-07-06')
        """
        self.bookmarks = [*self.bookmarks, {"name": name, **{key: getattr(self, key) for key in KEPT}}]

    def show_bookmark(self, name: Name) -> None:
        """Show what a bookmark keeps; what it does not keep stays as it is.

        Parameters
        ----------
        name : str

        Raises
        ------
        InputError
            If there is no bookmark of this name, or the cube does not have what it keeps.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.add_bookmark("first")
        >>> viewer.show_bookmark("first")
        """
        names = [b["name"] for b in self.bookmarks]
        if name not in names:
            raise unknown("bookmark", name, names)
        kept = self.bookmarks[names.index(name)]
        with self.hold_sync(), self.hold_trait_notifications():
            for key in KEPT:
                if key in kept and (kept[key] or key not in _MAY_BE_EMPTY or getattr(self, key)):
                    setattr(self, key, kept[key])
