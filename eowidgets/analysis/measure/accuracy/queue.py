"""The order in which points are labelled, the answers, and the file that stores them after every answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eowidgets.analysis.measure.accuracy.sample import CANT_TELL, LABELS, Sample, has_label, is_unsure
from eowidgets.arguments import FilePath, checked
from eowidgets.errors import EowidgetsError, InputError, unknown

#: Suffix of the file names.
ENDING = ".sample.csv"
CONFIDENCES = ("", "sure", "fairly sure", "unsure")


@checked
class LabelQueue:
    """Points to label in a fixed random order, for one interpreter; every answer is saved at once.

    Labels of other interpreters are not shown, and stay in the sample that was passed. The file holds letters in place
    of the names of the strata, so that it does not reveal the map class.

    Parameters
    ----------
    sample : Sample
    classes : sequence of str
        Names to choose from.
    path : str or Path, optional
        CSV file of the answers; by default a name built from the sample and the interpreter, in the working folder. If
        the file exists, its answers are restored.
    by : str
        Name of the interpreter.

    Attributes
    ----------
    sample : Sample
        The sample with the answers of this interpreter.
    at : int
        Position of the current point in the order; the number of points at the end.
    path : Path
    problem : str
        Reason why the last answer was not saved; empty if it was.
    restored : int
        Number of answers restored from the file.

    Raises
    ------
    InputError
        For a sample without points or fewer than two classes.

    Examples
    --------
    >>> import tempfile
    >>> import eowidgets as eow
    >>> dark = (eow.open("romania")["nir"].isel(time=0) < 0.2).rename("dark")
    >>> queue = LabelQueue(eow.sample(dark, 4), ("no dark", "dark"), Path(tempfile.mkdtemp(), "a.csv"))
    >>> queue.answer("dark")
    >>> queue.done, len(queue)
    (1, 4)
    """

    def __init__(self, sample: Sample, classes: Sequence[str], path: FilePath | None = None, *, by: str = "") -> None:
        if not len(sample):
            raise InputError("The sample has no point to label: draw one with eow.sample(map, n).")
        if len(classes) < 1:
            raise InputError("There is no class to choose from: give classes=.")
        self.classes, self.by, self.problem = tuple(classes), by, ""
        digest = fingerprint(sample)
        self.path = Path(path).expanduser() if path is not None else Path.cwd() / f"sample-{digest}{_slug(by)}{ENDING}"
        if self.path.suffix.lower() != ".csv":
            raise InputError(f"The answers are saved as a table: end the name {self.path.name[:80]!r} in .csv.")
        self.sample = _own(sample, by)
        self._order = np.random.default_rng(int(digest[:8], 16)).permutation(len(sample))
        self._stamp: tuple[int, int] | None = None
        self.restored = self._restore()
        self.at = self._first_open(0)

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def done(self) -> int:
        """Number of points with an answer."""
        return self.sample.labelled

    @property
    def unsure(self) -> int:
        """Number of points answered with "can't tell"."""
        return int(self.sample.table["label"].map(is_unsure).sum())

    @property
    def over(self) -> bool:
        """Whether the queue is past the last point."""
        return self.at >= len(self)

    @property
    def row(self) -> int:
        """Row of the current point in the table of the sample.

        Raises
        ------
        InputError
            At the end.
        """
        if self.over:
            raise InputError("Every point has an answer: go back to change an answer.")
        return int(self._order[self.at])

    def row_at(self, position: int) -> int | None:
        """Return the row of the point at a position in the order; None at the end."""
        return int(self._order[position]) if 0 <= position < len(self) else None

    @property
    def given(self) -> dict[str, str]:
        """Answer to the current point: label, date, confidence; empty strings without an answer."""
        row = self.sample.table.iloc[self.row]
        return {
            name: str(row[name]) if has_label(row[name]) else "" for name in ("label", "date", "before", "confidence")
        }

    def answer(self, label: str, *, date: str = "", before: str = "", confidence: str = "", moment: str = "") -> None:
        """Store the answer to the current point, save, and move to the next point without an answer.

        Parameters
        ----------
        label : str
            A class, or "can't tell".
        date, before : str
            First day with the change, and last day without it.
        confidence : {"", "sure", "fairly sure", "unsure"}
        moment : str
            Time of the answer.

        Raises
        ------
        InputError
            For a class that is not offered, or past the last point.
        """
        if label not in (*self.classes, CANT_TELL):
            raise unknown("class", label, (*self.classes, CANT_TELL))
        if confidence not in CONFIDENCES:
            raise unknown("confidence", confidence, CONFIDENCES)
        number = int(self.sample.table["id"].iloc[self.row])
        columns = {"label": label, "date": date, "before": before, "confidence": confidence, "labelled": moment}
        self.sample = self.sample.with_labels({number: columns}, by=self.by)
        self._save()
        self.at = self._first_open(self.at + 1)

    def back(self) -> None:
        """Move to the previous point; its answer is kept until it is replaced."""
        self.at = max(0, min(self.at, len(self)) - 1)

    def skip(self) -> None:
        """Move to the next point without an answer, and leave the current one open."""
        self.at = self._first_open(self.at + 1)

    def _first_open(self, start: int) -> int:
        """Return the next open position from ``start`` on, then from the first; the number of points at the end."""
        open_ = ~self.sample.table["label"].map(has_label).to_numpy(bool)[self._order]
        after = np.flatnonzero(open_[start:])
        if len(after):
            return int(start + after[0])
        before = np.flatnonzero(open_[:start])
        return int(before[0]) if len(before) else len(self)

    def _restore(self) -> int:
        """Restore the answers from the file, and return their number."""
        if not self.path.exists():
            return 0
        try:
            found = Sample.of(self.path)
        except EowidgetsError as error:
            self.problem = f"The answers in {self.path.name} could not be read: {error}"
            return 0
        if fingerprint(found) != fingerprint(self.sample):
            self.problem = f"{self.path.name} holds another sample and is not changed."
            return 0
        self._stamp = _stamp(self.path)
        answers = {
            int(row["id"]): {
                name: str(row[name]) for name in (*LABELS, "before") if name in row and has_label(row[name])
            }
            for row in found.table.to_dict("records")
            if has_label(row["label"])
        }
        self.sample = self.sample.with_labels(answers, by=self.by)
        return len(answers)

    def _save(self) -> None:
        self.problem = ""
        try:
            number = 1
            stem = self.path.name[: -len(self.path.suffix)]
            while self.path.exists() and _stamp(self.path) != self._stamp:  # the file was changed by another program
                number += 1
                self.path, self._stamp = self.path.with_name(f"{stem}-{number}{self.path.suffix}"), None
            self.sample.to_file(self.path, blind=True)
            self._stamp = _stamp(self.path)
        except (EowidgetsError, OSError) as error:
            self.problem = f"The answers could not be saved: {error}"

    @property
    def sentence(self) -> str:
        """Sentence on where the answers are saved."""
        return self.problem or f"Answers are saved after every point in {self.path.name}."


def fingerprint(sample: Sample) -> str:
    """Compute a digest of the points of a sample."""
    places = sample.table[["lon", "lat"]].to_numpy(float).round(7)
    return hashlib.sha256(np.ascontiguousarray(places + 0.0).tobytes()).hexdigest()[:8]


def _own(sample: Sample, by: str) -> Sample:
    """Return a sample with the labels of one interpreter only."""
    import dataclasses

    table = sample.table.copy()
    if "before" not in table:
        table["before"] = ""
    others = table["by"].map(lambda v: str(v) if has_label(v) else "") != by
    columns = [*LABELS, "before"]
    table[columns] = table[columns].astype(object)
    table.loc[others, columns] = ""
    return dataclasses.replace(sample, table=table)


def _slug(by: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", by.lower()).strip("-")[:30]
    return f"-{words}" if words else ""


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
