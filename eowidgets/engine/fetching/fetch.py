"""``eow.fetch``: save a cube block by block, so that it works without a network."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import xarray as xr
from annotated_types import doc

from eowidgets.arguments import Count, FilePath, checked
from eowidgets.cube.area import AreaLike
from eowidgets.cube.export import place
from eowidgets.cube.export.prepare import prepare
from eowidgets.cube.export.stores import note_chunks
from eowidgets.cube.open import Dates
from eowidgets.cube.open import open as open_cube
from eowidgets.cube.opened import print_of
from eowidgets.cube.reading import reading
from eowidgets.cube.reduce import between
from eowidgets.engine.fetching.blocks import Block, Layout, Target, lay_out
from eowidgets.engine.fetching.checksums import Contents, Sum, compare, sums_of
from eowidgets.engine.fetching.levels import Levels
from eowidgets.engine.journal import VERSION, Journal
from eowidgets.engine.work import active
from eowidgets.engine.writers.disk import complete, explain
from eowidgets.errors import EowidgetsError, InputError, SourceError, shown, words

if TYPE_CHECKING:
    from distributed import Client

#: Blocks that are read at the same time.
AT_ONCE = 4
#: How often a block is tried, and seconds before the second time; the pause doubles.
TRIES, PAUSE = 3, 0.5
#: Blocks that may fail one after the other: then the source counts as lost, and the rest is not tried.
IN_A_ROW = 8
#: Blocks that a message names.
NAMED = 2
#: Name of a file that Zarr has not finished: it is renamed when it is whole.
_TEMPORARY = re.compile(r".+\.[0-9a-f]{32}\.partial")

Progress = Annotated[
    bool | Callable[[float], None], doc("True for a bar, or a function that takes the share that is done")
]
Chunks = Annotated[Mapping[str, Count], doc("lengths such as {'time': 1, 'y': 512, 'x': 512}")]


@checked
def fetch(
    cube: xr.Dataset,
    path: FilePath,
    *,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    chunks: Chunks | None = None,
    levels: bool = True,
    progress: Progress | None = None,
    client: Client | None = None,
) -> xr.Dataset:
    """Read a cube block by block into a Zarr store on this machine, and open the store.

    A call that was stopped, killed or lost its network continues when it is made again: finished blocks are kept in
    ``<path>.partial`` with their SHA-256, and the store gets its name when it is complete. On a complete store the same call
    verifies every file, and reads damaged blocks again. Blocks that fail are tried three times; those that still fail are
    listed in the error, and all others are kept.

    Parameters
    ----------
    cube : Dataset
        Usually lazy, as :func:`eowidgets.open` returns it; cubes of vectors as well.
    path : str or Path
        ``.zarr``.
    area : optional
        Only this part: whatever ``eow.Area.of`` takes.
    dates : optional
        Only these dates, as :func:`eowidgets.open` takes them.
    chunks : mapping of str to int, optional
        Length of the chunks along ``time``, ``y`` and ``x``; by default those of the lazy cube, at most 1024 pixels wide. A
        block, a chunk of every variable, is what is read at a time: four blocks are in memory.
    levels : bool
        Whether a raster of more than 512 pixels on a side gets coarse levels, from which it is drawn as a whole; they take a
        third of the disk space in addition. A level holds the means of the pixels that are not NaN, of whole numbers the
        pixel in the middle. A store that is complete stays as it is.
    progress : bool or callable, optional
        True shows a bar; a function is called with the share that is done, and may raise to stop.
    client : dask.distributed.Client, optional
        Reads the blocks on a cluster; this process writes them.

    Returns
    -------
    Dataset
        The cube from the store, opened by :func:`eowidgets.open`. Values are stored as they are, without packing.

    Raises
    ------
    InputError
        If the store, or an unfinished one, at that path holds another cube or something else.
    SourceError
        If blocks could not be read, or the disk could not be written.

    Examples
    --------
    >>> import eowidgets as eow
    >>> local = eow.fetch(eow.open("romania"), "forest.zarr", dates="2019")  # doctest: +SKIP
    >>> print(eow.verify("forest.zarr"))  # doctest: +SKIP
    """
    target = _target(path)
    part = between(cube, dates) if dates is not None else cube
    part = part if area is None else part.eow.clip(area)
    ready = prepare(part)
    if not {"y", "x"} <= set(ready.dims):
        raise InputError("The cube has no pixels (dimensions y and x): eow.fetch saves rasters.")
    with _reporting(progress) as report:
        Fetch(ready, target, chunks, report, client, levels).run()
    return open_cube(target)


def _target(path: Any) -> Path:
    found = Path(path).expanduser()
    if found.exists() and not place.is_zarr(found):
        raise InputError(f"{shown(found.name)} exists and is not a Zarr store: choose another name or remove it first.")
    return place.target(found, (".zarr",), folder=True)


class Fetch:
    """One cube on its way into one store.

    Parameters
    ----------
    cube : Dataset
        Prepared for export.
    out : Path
    chunks : mapping, optional
    report : callable
        Takes the share that is done.
    client : distributed.Client, optional
    levels : bool
    """

    def __init__(
        self,
        cube: xr.Dataset,
        out: Path,
        chunks: Mapping[str, int] | None,
        report: Callable[[float], None],
        client: Any,
        levels: bool = True,
    ) -> None:
        self.cube, self.out, self.chunks, self.report, self.client = cube, out, chunks, report, client
        self.levels = levels
        self.fingerprint = fingerprint(cube)
        self._stop = threading.Event()

    def run(self) -> None:
        """Bring the store to its name, complete."""
        journal = Journal(self.out)
        with explain(self.out, journal.folder), journal.held():
            completed = complete(journal, self._check)  # of a process that was killed while it moved the store
            if not completed and self.out.exists():
                self._check(self.out)
                self._mend()
                journal.discard()
            elif not completed:
                self._fill(journal)
        if completed:  # the folder is gone with what it held, and so is the lock in it
            self.run()

    def _check(self, out: Path) -> None:
        """Refuse a store of another cube."""
        if not out.exists():
            return
        contents = Contents.read(out)
        if contents is None:
            raise InputError(f"{shown(out.name)} was not written by eow.fetch: choose another name or remove it first.")
        if contents.head["fingerprint"] != self.fingerprint:
            raise InputError(
                f"{shown(out.name)} holds another cube ({str(contents.head.get('title'))[:60]}, or other dates or another "
                "part of it): choose another name or remove it first."
            )

    def _fill(self, journal: Journal) -> None:
        """Read what is missing, and publish the store."""
        layout, done = self._begun(journal)
        target = Target(journal.store, self.cube, layout)
        failed = self._read([b for b in layout if b not in done], target, len(layout), done, journal)
        if failed:
            raise self._failure(failed, layout, len(done))
        levels = Levels.of(self.cube, layout) if self.levels else None
        coarse = {} if levels is None else self._coarser(levels, journal)
        self.report(1.0)
        note_chunks(journal.store)
        remove_unfinished(journal.store)
        chunks = {path: one for sums in done.values() for path, one in sums.items()} | coarse
        others = [p.relative_to(journal.store).as_posix() for p in journal.store.rglob("*") if p.is_file()]
        sums = {**sums_of(journal.store, [p for p in others if p not in chunks]), **chunks}
        head = {
            "fingerprint": self.fingerprint,
            "title": str(self.cube.attrs.get("title", "")),
            "layout": layout.to_json(),
        } | ({} if levels is None else {"levels": levels.note()})
        Contents(head, sums).write(journal.store)
        journal.publish([(journal.store, self.out.name)], [])
        complete(journal, self._check)

    def _coarser(self, levels: Levels, journal: Journal) -> dict[str, Sum]:
        """Add the coarse levels to a store that holds all blocks, but for what an earlier call has finished."""
        levels.lay_out(journal.store, journal.folder)
        found = dict(filter(None, (_finished(line, "level") for line in journal.lines()[1:])))
        done = {r: s for r, s in found.items() if all(one.fits(journal.store / p) for p, one in s.items())}
        for region in levels.regions:
            if region not in done:
                done[region] = sums_of(journal.store, levels.write(journal.store, region))
                journal.append(_line(region, done[region], "level"))
                self._checkpoint()
                self.report(1.0)  # which may raise to stop
        levels.state(journal.store)
        return {path: one for sums in done.values() for path, one in sums.items()}

    def _begun(self, journal: Journal) -> tuple[Layout, dict[Block, dict[str, Sum]]]:
        """Return the layout and the finished blocks of an earlier call, or begin."""
        lines = journal.lines()
        head = lines[0] if lines else {}
        if head.get("version") == VERSION and "fingerprint" in head and journal.store.is_dir():
            if head["fingerprint"] != self.fingerprint:
                raise InputError(
                    f"{shown(journal.folder.name)} holds unfinished work on something else: finish it with the same call, "
                    "remove the folder, or choose another name."
                )
            layout = Layout.from_json(head["plan"])
            if self.chunks is not None and Layout.of(self.cube, self.chunks) != layout:
                raise InputError(
                    f"{shown(journal.folder.name)} was begun with chunks={shown(dict(layout.chunks))}: give these, or remove the "
                    "folder."
                )
            found = dict(filter(None, map(_finished, lines[1:])))
            good = {b: s for b, s in found.items() if all(one.fits(journal.store / p) for p, one in s.items())}
            return layout, good
        place.need_room(self.cube, self.out.parent)
        layout = Layout.of(self.cube, self.chunks)

        def begin(store: Path) -> str:
            lay_out(self.cube, layout, store)
            return ""

        journal.begin(self.fingerprint, layout, begin)
        return layout, {}

    def _read(
        self,
        blocks: list[Block],
        target: Target,
        total: int,
        done: dict[Block, dict[str, Sum]],
        journal: Journal | None,
    ) -> dict[Block, EowidgetsError]:
        """Read blocks into a store, some at a time; return those that failed."""
        failed: dict[Block, EowidgetsError] = {}
        waiting = iter(blocks)
        going: dict[Future[dict[str, Sum]], Block] = {}
        in_a_row = 0
        self.report(len(done) / total)
        with ThreadPoolExecutor(AT_ONCE, "eow-fetch") as pool:
            try:
                while True:
                    while len(going) < AT_ONCE and in_a_row < IN_A_ROW and (block := next(waiting, None)) is not None:
                        going[pool.submit(self._one, block, target)] = block
                    if not going:
                        break
                    for future in wait(going, return_when=FIRST_COMPLETED).done:
                        block = going.pop(future)
                        try:
                            done[block] = future.result()
                        except _Unread as error:
                            failed[block], in_a_row = error.reason, in_a_row + 1
                            continue
                        in_a_row = 0
                        if journal is not None:
                            journal.append(_line(block, done[block]))
                        self._checkpoint()
                        self.report(len(done) / total)
            except BaseException:
                self._stop.set()
                self._keep(going, journal)
                raise
        return failed

    def _keep(self, going: dict[Future[dict[str, Sum]], Block], journal: Journal | None) -> None:
        """Note the blocks that were being written when the work was stopped."""
        for future, block in going.items():
            if not future.cancel() and future.exception() is None and journal is not None:
                journal.append(_line(block, future.result()))

    def _one(self, block: Block, target: Target) -> dict[str, Sum]:
        """Read a block and write it; return the checksums of its chunks."""
        part = self._values(block, target)
        target.write(block, part)
        return sums_of(target.path, target.paths(block))

    def _values(self, block: Block, target: Target) -> xr.Dataset:
        names = target.names(block)
        window = {d: s for d, s in target.layout.window(block).items() if d in self.cube.dims}
        part = self.cube[names].drop_vars([c for c in self.cube.coords if c in self.cube[names].coords]).isel(window)
        for trial in range(TRIES):
            try:
                with reading(f"The block of {target.layout.words(block, self.cube)}"):
                    return part.compute() if self.client is None else self.client.compute(part).result()
            except EowidgetsError as error:
                if trial == TRIES - 1 or self._stop.wait(PAUSE * 2**trial):
                    raise _Unread(error) from error
        raise AssertionError("unreachable")

    def _mend(self) -> None:
        """Verify a complete store, and read its damaged blocks again."""
        contents = Contents.read(self.out)
        assert contents is not None  # noqa: S101  (checked before)
        found = compare(self.out, contents)
        if found.good:
            self.report(1.0)
            return
        layout = Layout.from_json(contents.head["layout"])
        bad = {*found.damaged, *found.missing}
        levels = Levels.noted(self.cube, layout, contents.head.get("levels"))
        regions = {} if levels is None else {p: r for p in bad if (r := levels.region_of(p)) is not None}
        blocks = {layout.block_of(path, self.cube) for path in bad - set(regions)}
        if None in blocks:
            raise SourceError(f"{found} Its metadata are damaged, so remove it first.")
        chosen = sorted(b for b in blocks if b is not None)
        done: dict[Block, dict[str, Sum]] = {}
        failed = self._read(chosen, Target(self.out, self.cube, layout, bad), len(chosen), done, None)
        if failed:
            raise self._failure(failed, layout, len(layout) - len(failed))
        mended = {p: one for sums in done.values() for p, one in sums.items()}
        if levels is not None:
            for region in sorted(set(regions.values())):
                mended |= sums_of(self.out, levels.write(self.out, region))
        changed = [p for p, one in mended.items() if contents.files[p] != one]
        if changed:
            raise SourceError(
                f"{len(changed)} chunks of {shown(self.out.name)} differ from what was read at first (first: "
                f"{shown(changed[0])}): the source has changed, so fetch it again under another name."
            )

    def _checkpoint(self) -> None:
        work = active()
        if work is not None:
            work.checkpoint()

    def _failure(self, failed: dict[Block, EowidgetsError], layout: Layout, done: int) -> SourceError:
        left, named = len(layout) - done, list(failed)[:NAMED]
        listed = "; ".join(layout.words(b, self.cube) for b in named)
        more = f" and {left - len(named)} more" if left > len(named) else ""
        first = next(iter(failed.values()))
        return SourceError(
            f"{left} of {len(layout)} blocks of {shown(self.out.name)} were not read ({listed}{more}: "
            f"{words(first.__cause__ or first)}); {done} are kept, so call eow.fetch again to go on."
        )


class _Unread(Exception):
    """A block that could not be read."""

    def __init__(self, reason: EowidgetsError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def remove_unfinished(store: Path) -> None:
    """Remove the temporary files that Zarr leaves behind when a process is killed while it writes a chunk."""
    for file in store.rglob("*.partial"):
        if _TEMPORARY.fullmatch(file.name):
            file.unlink(missing_ok=True)


def fingerprint(cube: xr.Dataset) -> str:
    """Return a hash that tells cubes apart: coordinates, names, types, CRS, title and, in memory, some of the values."""
    words_of = {k: str(cube.attrs.get(k, "")) for k in ("title", "sensor", "source")}
    crs = str(cube["spatial_ref"].attrs.get("crs_wkt", "")) if "spatial_ref" in cube.coords else ""
    return "fetch:" + hashlib.sha256(json.dumps([print_of(cube), words_of, crs]).encode()).hexdigest()


def _line(block: Block, sums: Mapping[str, Sum], kind: str = "block") -> dict[str, Any]:
    return {kind: list(block), "chunks": {p: [s.size, s.sha256] for p, s in sums.items()}}


def _finished(line: dict[str, Any], kind: str = "block") -> tuple[Block, dict[str, Sum]] | None:
    try:
        return tuple(map(int, line[kind])), {str(p): Sum(int(n), str(h)) for p, (n, h) in line["chunks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


@contextmanager
def _reporting(progress: Any) -> Iterator[Callable[[float], None]]:
    if callable(progress):
        yield progress
        return
    from tqdm.auto import tqdm

    with tqdm(total=100, unit="%", disable=not progress, desc="fetch") as bar:
        yield lambda share: bar.update(100 * share - bar.n) and None
