"""``eow.kit``: pack a store, notebooks and weights into one file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import eowidgets
from eowidgets.analysis.kit.contents import NOTE, README, Contents
from eowidgets.analysis.kit.notebooks import Sources, kit_notebook
from eowidgets.analysis.kit.weights import model_files
from eowidgets.arguments import FilePath, Name, checked
from eowidgets.cube.export import place
from eowidgets.cube.open import open as open_cube
from eowidgets.cube.sources.store import METADATA
from eowidgets.engine.fetching.checksums import Contents as Checksums
from eowidgets.engine.fetching.checksums import compare
from eowidgets.errors import InputError, SourceError, shown

#: Date of every file in a kit, fixed so that the same contents give the same kit.
DATE = (1980, 1, 1, 0, 0, 0)
#: Bytes that are read at a time.
PART = 1 << 20


@checked
def kit(
    store: FilePath,
    out: FilePath = "kit.zip",
    *,
    notebooks: FilePath | Sequence[FilePath] = (),
    models: Name | Sequence[Name] = (),
) -> Path:
    """Pack a store, notebooks and weights into one file, from which a class or a field trip works without a network.

    Parameters
    ----------
    store : str or Path
        A Zarr store that :func:`eowidgets.fetch` or ``cube.eow.to_zarr`` wrote.
    out : str or Path
        ``.zip``.
    notebooks : paths, optional
        Their calls of ``eow.open`` get the path of the store in the kit; outputs are removed.
    models : names, optional
        Models whose weights are packed where the package does not have them: ``"galileo"``, one checkpoint as
        ``"galileo.nano"``, or the path of a saved model.

    Returns
    -------
    Path
        The kit: also a ``README.md`` with two commands and ``kit.toml`` with the SHA-256 of every file.

    Raises
    ------
    InputError, SourceError
        For a store that is damaged or none, a file that is no notebook, an unknown model, or weights that cannot be found.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.kit("forest.zarr", notebooks="lesson.ipynb")  # doctest: +SKIP
    PosixPath('kit.zip')
    """
    target, cube = place.target(out, (".zip",)), Path(store).expanduser()
    opened = _checked_store(cube)
    books = [Path(n).expanduser() for n in ((notebooks,) if isinstance(notebooks, str | Path) else notebooks)]
    names = (models,) if isinstance(models, str) else tuple(models)
    sources = Sources(cube, opened.get("opened"))
    texts = {b.name: kit_notebook(b, sources).encode() for b in books}
    if len(texts) < len(books):
        raise InputError(f"Two notebooks are called {shown(_twice(books))}: rename one.")
    files = {f"{cube.name}/{p.relative_to(cube).as_posix()}": p for p in sorted(cube.rglob("*")) if p.is_file()}
    for name in names:
        files |= model_files(name)
    labels = tuple(Path(n).name for n in names)
    contents = Contents(str(opened.get("title", cube.stem)), cube.name, tuple(texts), labels, eowidgets.__version__, {})
    texts[README] = contents.readme().encode()

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
            sums = {name: _add(archive, name, file) for name, file in files.items()}
            for name, text in texts.items():
                sums[name] = hashlib.sha256(text).hexdigest()
                archive.writestr(_info(name), text)
            archive.writestr(_info(NOTE), replace(contents, files=sums).text())

    return place.write_whole(target, write)


def _checked_store(store: Path) -> dict[str, str]:
    """Return title and source of the cube of a store, which must be undamaged."""
    if not place.is_zarr(store):
        raise InputError(f"{shown(store.name)} is not a Zarr store: give one that eow.fetch wrote.")
    sums = Checksums.read(store)
    if sums is not None and not (found := compare(store, sums)).good:
        raise SourceError(str(found))
    cube = open_cube(store, budget=None)  # raises for a store that cannot be opened later
    try:
        noted = json.loads((store / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    except (OSError, ValueError, KeyError, TypeError):
        noted = {}
    opened = noted.get("opened") if isinstance(noted, dict) else None
    about = {"title": str(cube.attrs.get("title") or store.stem)}
    return about | ({"opened": opened} if isinstance(opened, str) and opened else {})


def _twice(books: Sequence[Path]) -> str:
    names = [b.name for b in books]
    return next(n for n in names if names.count(n) > 1)


def _info(name: str, *, packed: bool = True) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DATE)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    return info


def _add(archive: zipfile.ZipFile, name: str, file: Path) -> str:
    """Add a file and return its SHA-256; the chunks of a store are already compressed."""
    info = _info(name, packed=file.name in METADATA)
    info.file_size = file.stat().st_size
    digest = hashlib.sha256()
    with file.open("rb") as source, archive.open(info, "w") as copy:
        while part := source.read(PART):
            digest.update(part)
            copy.write(part)
    return digest.hexdigest()
