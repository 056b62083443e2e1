"""A class exercise: students label and train, and their maps are compared with hidden reference data."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.labels import ClassInfo, Labels
from eowidgets.contract.labels.labels import LabelsLike
from eowidgets.contract.labels.naming import key
from eowidgets.cube.admission import admit
from eowidgets.cube.export.place import write_whole
from eowidgets.cube.grid import georeference, north_up
from eowidgets.errors import InputError, shown
from eowidgets.learn.session.autosave import fingerprint
from eowidgets.learn.session.session import TeachSession

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Score:
    """Agreement of a map with the hidden reference; contains no personal names.

    Attributes
    ----------
    submission : str
        A random number that identifies the submission.
    accuracy, balanced_accuracy : float
    counts : mapping
        Pixels, by true class and by class of the map.
    pixels : int
        Number of compared pixels: those with a reference that the student has not labelled.
    labels : int
        Number of labels of the student.
    seconds : float
        Seconds since the beginning of the exercise.
    map_sha256 : str
        Digest of the map at the pixels with a reference.
    cube : str
        Digest of the grid.
    """

    submission: str
    accuracy: float
    balanced_accuracy: float
    counts: dict[str, dict[str, int]]
    pixels: int
    labels: int
    seconds: float
    map_sha256: str
    cube: str

    @property
    def sentence(self) -> str:
        """The scores as a sentence."""
        return (
            f"Accuracy {self.accuracy:.1%}, balanced accuracy {self.balanced_accuracy:.1%} on {self.pixels:,} pixels that "
            f"you have not labelled, from {self.labels} labels."
        )

    def to_file(self, folder: FilePath = ".") -> Path:
        """Write ``submission-<number>.json`` and return its path.

        Parameters
        ----------
        folder : str or Path
        """
        path = Path(folder) / f"submission-{self.submission}.json"
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        return write_whole(path, lambda target: target.write_text(text, encoding="utf-8"))


@checked
class Classroom:
    """Keep the reference data of a cube hidden from students, and score their maps against it.

    Parameters
    ----------
    cube : Dataset
    truth : optional
        Reference labels: anything that ``eow.Labels.of`` accepts, polygons, points or a class raster.

    Attributes
    ----------
    classes : tuple of ClassInfo
        Classes of the exercise.

    Raises
    ------
    InputError
        If the reference lies outside the cube, or is numeric.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.learn.session import Classroom
    >>> room = Classroom(eow.open("romania"), truth="truth.gpkg")  # doctest: +SKIP
    >>> eow.TeachPanel(eow.open("romania"), classroom=room)  # doctest: +SKIP
    """

    def __init__(self, cube: xr.Dataset, truth: LabelsLike) -> None:
        self.cube = north_up(georeference(admit(cube)))
        labels = Labels.of(truth)
        if labels.numeric:
            raise InputError("The reference labels are numbers: give labels of classes.")
        placed = labels.place(self.cube)
        self._rows, self._columns, self._target = placed.rows, placed.columns, placed.target.astype("int64")
        self.classes: tuple[ClassInfo, ...] = tuple(labels.classes)
        self._began = time.monotonic()

    def begin(self) -> Labels:
        """Return empty labels with the classes, and start the clock."""
        from eowidgets.learn.session.editing import no_labels

        self._began = time.monotonic()
        return no_labels(self.classes)

    def score(self, session: TeachSession) -> Score:
        """Compare the map of a session with the reference.

        Parameters
        ----------
        session : TeachSession
            A session with the same cube; its model is fitted to its labels first.

        Returns
        -------
        Score

        Raises
        ------
        InputError
            If the cube differs, there are too few labels, or nothing is left to compare.
        """
        if fingerprint(session.cube) != fingerprint(self.cube):
            raise InputError("The cube of the session is not that of the exercise: open the cube of the exercise.")
        session.fit()
        found = self._predicted(session)
        labelled = session.pixels()
        width = self.cube.sizes["x"]
        own = np.isin(self._rows * width + self._columns, labelled.rows * width + labelled.columns)
        compared = ~own & (found >= 0)
        if not compared.any():
            raise InputError("No pixel with a hidden reference is left to compare: label fewer pixels.")
        names = [c.name for c in self.classes]
        counts = np.zeros((len(names), len(names) + 1), "int64")
        np.add.at(counts, (self._target[compared], found[compared]), 1)
        right, total = np.diag(counts[:, :-1]), counts.sum(axis=1)
        present = total > 0
        return Score(
            secrets.token_hex(4),
            round(float(right.sum() / total.sum()), 4),
            round(float((right[present] / total[present]).mean()), 4),
            {
                a: {b: int(v) for b, v in zip([*names, "other"], row, strict=True) if v}
                for a, row in zip(names, counts.tolist(), strict=True)
            },
            int(total.sum()),
            len(session.labels),
            round(time.monotonic() - self._began, 1),
            hashlib.sha256(found.astype("int16").tobytes()).hexdigest(),
            fingerprint(self.cube),
        )

    def _predicted(self, session: TeachSession) -> Array:
        """Return the predicted class at the pixels with a reference: index, number of classes for another, -1 for none."""
        mine = {key(c.name): i for i, c in enumerate(self.classes)}
        unknown = [
            c.name for c in session.labels.classes if key(c.name) not in mine and session.labels.counts()[c.name]
        ]
        if unknown:
            raise InputError(
                f"The class {shown(unknown[0])} is not a class of the exercise: rename it, or merge it into another."
            )
        order = np.full(256, len(self.classes), "int64")
        for one in session.labels.classes:
            order[one.value] = mine.get(key(one.name), len(self.classes))
        found = np.full(len(self._rows), -1, "int64")
        for tile in session.grid.tiles():
            here = (self._rows >= tile.top) & (self._rows < tile.bottom)
            here &= (self._columns >= tile.left) & (self._columns < tile.right)
            if here.any():
                answer = session.live.predict(tile)
                at = self._rows[here] - tile.top, self._columns[here] - tile.left
                found[here] = np.where(np.isfinite(answer.probability[at]), order[answer.classes[at]], -1)
        return found

    def __repr__(self) -> str:
        """Return the classes; the reference stays hidden."""
        return f"Classroom: {', '.join(c.name[:40] for c in self.classes)}"
