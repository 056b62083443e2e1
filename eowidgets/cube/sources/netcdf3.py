"""Check of the length of a classic NetCDF file: its library reads zeros from a file that was cut."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from eowidgets.errors import SourceError

#: Bytes of a number of each ``nc_type``.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
#: Number of records of a file that is still being written.
STREAMING = 0xFFFFFFFF


def check_length(path: Path) -> None:
    """Refuse a classic NetCDF file (CDF-1, CDF-2, CDF-5) that is shorter than its header states; pass any other file.

    Raises
    ------
    SourceError
    """
    with path.open("rb") as file:
        magic = file.read(4)
        if magic[:3] != b"CDF" or magic[3:] not in (b"\x01", b"\x02", b"\x05"):
            return
        expected = _Header(file, magic[3]).length()
    size = path.stat().st_size
    if size < expected:
        raise SourceError(
            f"{path.name[:80]!r} is incomplete: it has {size:,} of the {expected:,} bytes that its header states, so copy "
            "it again."
        )


@dataclass(frozen=True)
class _Variable:
    shape: tuple[int, ...]
    item: int
    begin: int
    record: bool

    @property
    def bytes(self) -> int:
        """Of the data, or of one record."""
        return math.prod(self.shape[self.record :]) * self.item


class _Header:
    """Reader of the header of a classic file (NetCDF Classic Format Specification)."""

    def __init__(self, file: BinaryIO, version: int) -> None:
        self._file = file
        self._wide = 8 if version == 5 else 4
        self._offset = 4 if version == 1 else 8

    def length(self) -> int:
        records = self._number(self._wide)
        sizes = [self._dimension() for _ in self._list()]
        for _ in self._list():
            self._attribute()
        variables = [self._variable(sizes) for _ in self._list()]
        moving = [v for v in variables if v.record]
        step = sum(-(-v.bytes // 4) * 4 for v in moving) if len(moving) > 1 else sum(v.bytes for v in moving)
        ends = [v.begin + v.bytes for v in variables if not v.record]
        if records and records & STREAMING != STREAMING:
            ends += [v.begin + (records - 1) * step + v.bytes for v in moving]
        return max([e for e in ends if e], default=0)

    def _number(self, size: int) -> int:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError("the header is cut")
        return int.from_bytes(data, "big")

    def _list(self) -> Iterator[int]:
        self._number(4)  # the tag: the kind of the list
        return iter(range(self._number(self._wide)))

    def _skip(self, size: int) -> None:
        self._file.seek(-(-size // 4) * 4, 1)

    def _dimension(self) -> int:
        self._skip(self._number(self._wide))
        return self._number(self._wide)

    def _attribute(self) -> None:
        self._skip(self._number(self._wide))
        kind = self._number(4)
        self._skip(self._number(self._wide) * SIZES[kind])

    def _variable(self, sizes: list[int]) -> _Variable:
        self._skip(self._number(self._wide))
        shape = tuple(sizes[self._number(self._wide)] for _ in range(self._number(self._wide)))
        for _ in self._list():
            self._attribute()
        item = SIZES[self._number(4)]
        self._number(self._wide)  # vsize: of no use for variables of more than 4 GB
        return _Variable(shape, item, self._number(self._offset), bool(shape) and shape[0] == 0)
