"""Checksums of the files of a store, kept in the store.

A fetched store has the empty Zarr group ``fetched`` with the file ``checksums.jsonl``: its first line says what the store
holds, each of the others has the path, the size and the SHA-256 of a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.hub import is_file_below
from eowidgets.errors import InputError, SourceError, shown

#: Group of a store with its checksums, and their file.
GROUP, FILE = "fetched", "checksums.jsonl"
VERSION = 1
#: Bytes that are read at a time.
PART = 1 << 20


@dataclass(frozen=True, slots=True)
class Sum:
    """Size and SHA-256 of a file."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Sum:
        """Compute them."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while part := file.read(PART):
                digest.update(part)
                size += len(part)
        return cls(size, digest.hexdigest())

    def fits(self, path: Path) -> bool:
        """Return whether a file is there and has this size and hash."""
        try:
            return path.stat().st_size == self.size and Sum.of(path) == self
        except OSError:
            return False


@dataclass(frozen=True)
class Contents:
    """What a fetched store must hold.

    Attributes
    ----------
    head : mapping
        ``fingerprint``, ``title`` and ``chunks`` of the cube.
    files : mapping of str to Sum
        By the path within the store, with ``/``.
    """

    head: Mapping[str, Any]
    files: Mapping[str, Sum]

    def write(self, store: Path) -> None:
        """Write the checksums into a store."""
        folder = store / GROUP
        folder.mkdir(exist_ok=True)
        note = {"zarr_format": 3, "node_type": "group", "attributes": {"note": "Checksums of the files of this store."}}
        (folder / "zarr.json").write_text(json.dumps(note), encoding="utf-8")
        lines = [{"version": VERSION, **self.head}]
        lines += [{"path": p, "size": s.size, "sha256": s.sha256} for p, s in sorted(self.files.items())]
        (folder / FILE).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    @classmethod
    def read(cls, store: Path) -> Contents | None:
        """Read the checksums of a store; None where it has none.

        Raises
        ------
        SourceError
            If they are damaged.
        """
        file = store / GROUP / FILE
        if not file.is_file():
            return None
        try:
            head, *lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
            files = {str(e["path"]): Sum(int(e["size"]), str(e["sha256"])) for e in lines}
            good = head.get("version") == VERSION and isinstance(head["fingerprint"], str)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            good, files, head = False, {}, {}
        if not good or not all(is_file_below(path) for path in files):
            raise SourceError(
                f"The checksums of {shown(store.name)} are damaged: copy the store again, or fetch it again."
            )
        return cls(head, files)


@dataclass(frozen=True)
class Verification:
    """The outcome of a comparison of a store with its checksums.

    Attributes
    ----------
    name : str
        Of the store.
    files, bytes : int
        Number and size of the files that the store must hold.
    damaged, missing : tuple of str
        Paths within the store.

    Examples
    --------
    >>> print(Verification("area.zarr", 12, 34_000_000))
    'area.zarr' is complete: 12 files with 34 MB have the SHA-256 that was noted when they were read.
    """

    name: str
    files: int
    bytes: int
    damaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether every file is there and unchanged."""
        return not (self.damaged or self.missing)

    def __str__(self) -> str:
        """Return one sentence."""
        if self.good:
            return (
                f"{shown(self.name)} is complete: {self.files} files with {self.bytes / 1e6:.3g} MB have the SHA-256 that was "
                "noted when they were read."
            )
        first = (*self.missing, *self.damaged)[0]
        return (
            f"{shown(self.name)} is damaged: {len(self.missing)} of {self.files} files are missing and {len(self.damaged)} "
            f"changed (first: {shown(first)}); call eow.fetch again with the cube, or copy the store again."
        )


def sums_of(store: Path, paths: Iterable[str]) -> dict[str, Sum]:
    """Compute the checksums of files of a store."""
    return {path: Sum.of(store.joinpath(*PurePosixPath(path).parts)) for path in paths}


def compare(store: Path, contents: Contents) -> Verification:
    """Compare the files of a store with its checksums."""
    damaged, missing = [], []
    for path, noted in contents.files.items():
        file = store.joinpath(*PurePosixPath(path).parts)
        if not file.is_file():
            missing.append(path)
        elif not noted.fits(file):
            damaged.append(path)
    size = sum(s.size for s in contents.files.values())
    return Verification(store.name, len(contents.files), size, tuple(damaged), tuple(missing))


@checked
def verify(path: FilePath) -> Verification:
    """Compare the files of a store that :func:`eowidgets.fetch` wrote with their checksums.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Verification
        ``good``, ``damaged`` and ``missing``; printed, it is one sentence.

    Raises
    ------
    InputError
        If there is no such store, or it has no checksums.
    SourceError
        If the list of checksums is damaged.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.verify("area.zarr").good  # doctest: +SKIP
    True
    """
    store = Path(path).expanduser()
    if not store.is_dir():
        raise InputError(f"There is no store {str(store)[-80:]!r}: give the path of one that eow.fetch wrote.")
    contents = Contents.read(store)
    if contents is None:
        raise InputError(f"{shown(store.name)} has no checksums: only stores that eow.fetch wrote have them.")
    return compare(store, contents)
