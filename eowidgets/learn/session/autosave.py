"""Save labels to disk after every change, so that a kernel restart does not lose them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.labels import Labels
from eowidgets.cube.grid import geobox
from eowidgets.errors import EowidgetsError

#: Ending of the files, before that of the format.
ENDING = ".labels"
#: Lengths in the file name of the cube title and of the grid digest.
TITLE, DIGEST = 30, 8


@checked
class Autosave:
    """Save the labels of a session in a file next to the notebook.

    The file name contains a digest of the grid of the cube and of the initial labels, so that no file of another cube is
    overwritten. If another process has changed the file, it is left unchanged and the next free name is used.

    Parameters
    ----------
    cube : Dataset
    folder : str or Path, optional
        By default the working folder, which is that of the notebook.
    given : Labels, optional
        Initial labels of the session.

    Attributes
    ----------
    path : Path
    problem : str
        Reason why the last labels were not written; empty if they were.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.learn.session import Autosave
    >>> Autosave(eow.open("romania")).path.name.startswith("forest-in-romania")
    True
    """

    def __init__(self, cube: xr.Dataset, folder: FilePath | None = None, given: Labels | None = None) -> None:
        self.folder = Path(folder) if folder is not None else Path.cwd()
        self._stem = f"{_slug(str(cube.attrs.get('title') or 'cube'))}-{fingerprint(cube, given)}"
        self._suffix = ".gpkg" if _has_geopandas() else ".geojson"
        self._stamp: tuple[int, int] | None = None
        self.problem = ""
        self.path = self._name(1)

    def _name(self, number: int) -> Path:
        more = f"-{number}" if number > 1 else ""
        return self.folder / f"{self._stem}{more}{ENDING}{self._suffix}"

    def restore(self) -> Labels | None:
        """Return the labels of the newest file of this cube, which is used for saving from now on.

        Returns
        -------
        Labels or None
            None if there is no file, or if it cannot be read; it is then left unchanged.
        """
        pattern = re.compile(rf"{re.escape(self._stem)}(-\d+)?{re.escape(ENDING)}\.(gpkg|geojson)")
        try:
            files = [p for p in self.folder.iterdir() if pattern.fullmatch(p.name) and p.is_file()]
        except OSError:
            return None
        if not files:
            return None
        newest = max(files, key=lambda p: p.stat().st_mtime_ns)
        try:
            found = Labels.of(newest)
        except EowidgetsError as error:
            self.problem = f"The labels in {newest.name} could not be read: {error}"
            return None
        if newest.suffix == self._suffix:
            self.path, self._stamp = newest, _stamp(newest)
        return found

    def save(self, labels: Labels) -> bool:
        """Write the labels atomically, and return whether it was possible.

        Without any label the file is renamed to a backup.
        """
        self.problem = ""
        try:
            self._yield_to_others()
            if len(labels):
                labels.to_file(self.path)
                self._stamp = _stamp(self.path)
            elif self.path.exists():
                self.path.replace(self.path.with_name(f"{self.path.name}.old"))
                self._stamp = None
        except (EowidgetsError, OSError) as error:
            self.problem = f"The labels could not be saved: {error}"
            return False
        return True

    def _yield_to_others(self) -> None:
        """Use the next free name if the file was changed by another process."""
        number = 1
        while self.path.exists() and _stamp(self.path) != self._stamp:
            number += 1
            self.path, self._stamp = self._name(number), None

    @property
    def sentence(self) -> str:
        """Location of the labels, as a sentence."""
        return self.problem or f"Labels are saved after every change in {self.path.name}."


def fingerprint(cube: xr.Dataset, given: Labels | None = None) -> str:
    """Return a digest of the grid of a cube and of labels."""
    box = geobox(cube)
    parts: list[Any] = [str(box.crs), [round(v, 9) for v in tuple(box.affine)[:6]], list(box.shape)]
    digest = hashlib.sha256(json.dumps(parts).encode())
    if given is not None:
        digest.update(json.dumps([[c.name, c.value] for c in given.classes]).encode())
        for shape, target in zip(given.table["geometry"], given.table["target"], strict=True):
            digest.update(shape.wkb)
            digest.update(str(target).encode())
    return digest.hexdigest()[:DIGEST]


def _slug(title: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", title.split(",")[0].lower()).strip("-")
    return words[:TITLE].strip("-") or "cube"


def _has_geopandas() -> bool:
    from importlib.util import find_spec

    return find_spec("geopandas") is not None


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
