"""``eow.open_kit``: unpack a kit, which may come from an untrusted source."""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eowidgets.analysis.kit.contents import NOTE, Contents, is_path_in_kit
from eowidgets.arguments import FilePath, Memory, checked
from eowidgets.cube.export import place
from eowidgets.errors import InputError, SourceError, shown
from eowidgets.system import check_plain, parse_bytes

#: Maximum number of files in a kit, and maximum size of its list of contents in bytes.
MOST_FILES, LARGEST_NOTE = 2_000_000, 500_000_000
#: Bytes that are read at a time.
PART = 1 << 20


@dataclass(frozen=True)
class Kit:
    """An unpacked kit.

    Attributes
    ----------
    folder, store : Path
    notebooks : tuple of Path
    contents : Contents
    """

    folder: Path
    store: Path
    notebooks: tuple[Path, ...]
    contents: Contents

    def __str__(self) -> str:
        """Return the command to start with."""
        return (
            f"{self.contents.title}: {len(self.contents.files)} files, all with the recorded SHA-256.\n"
            f"Start with:  cd {str(self.folder)!r} && eow lab {self.contents.first}".rstrip()
        )


@checked
def open_kit(path: FilePath, folder: FilePath, *, limit: Memory = "50GB") -> Kit:
    """Unpack a kit that :func:`eowidgets.kit` packed.

    Every file is compared with its SHA-256 before the folder gets its name; nothing in the kit is executed.

    Parameters
    ----------
    path : str or Path
        The kit.
    folder : str or Path
        A new or an empty folder.
    limit : str or number
        Size of all files, unpacked, above which a kit is refused.

    Returns
    -------
    Kit
        Printed, it says how to start.

    Raises
    ------
    InputError
        If the file is no kit, is too large, or would write outside the folder; nothing is unpacked then.
    SourceError
        If a file is damaged, or the disk cannot be written.

    Examples
    --------
    >>> import eowidgets as eow
    >>> print(eow.open_kit("kit.zip", "lesson"))  # doctest: +SKIP
    """
    source, target = Path(path).expanduser(), Path(folder).expanduser()
    _check_target(target)
    if not source.is_file():
        raise InputError(f"There is no file {str(source)[-80:]!r}: give the kit that eow.kit packed.")
    check_plain(source)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{shown(source.name)} is not a kit: it cannot be read as a zip file.") from error
    with archive:
        contents, members = _members(archive, source.name)
        size = sum(info.file_size for info in members.values())
        if size > parse_bytes(limit):
            raise InputError(
                f"{shown(source.name)} unpacks to {size / 1e9:.3g} GB, more than limit={shown(limit)}: pass a higher limit."
            )
        free = shutil.disk_usage(target.parent).free
        if size > free:
            raise InputError(
                f"{shown(source.name)} unpacks to {size / 1e9:.3g} GB, and the disk has {free / 1e9:.3g} GB free."
            )
        with place.beside(target) as hidden:
            whole = hidden / "kit"
            whole.mkdir()
            for name, info in members.items():
                _unpack(
                    archive, info, whole.joinpath(*PurePosixPath(name).parts), contents.files.get(name), source.name
                )
            if target.exists():
                target.rmdir()  # it is empty
            place.move([(whole, target)])
    return Kit(target, target / contents.store, tuple(target / n for n in contents.notebooks), contents)


def _check_target(target: Path) -> None:
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {str(target.parent)[-80:]!r}: create it first, or choose another.")
    if target.is_symlink() or (target.exists() and not target.is_dir()) or (target.is_dir() and any(target.iterdir())):
        raise InputError(f"{shown(target.name)} exists and is not an empty folder: choose a new one.")


def _members(archive: zipfile.ZipFile, name: str) -> tuple[Contents, dict[str, zipfile.ZipInfo]]:
    """Check the names of the files of a kit, and return its contents and its files."""
    infos = archive.infolist()
    note = next((i for i in infos if i.filename == NOTE), None)
    if note is None or note.file_size > LARGEST_NOTE or len(infos) > MOST_FILES:
        raise InputError(f"{shown(name)} is not a kit: it has no {NOTE}, or too many files.")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not is_path_in_kit(info.orig_filename) or kind not in (0, stat.S_IFREG) or info.is_dir():
            raise InputError(
                f"{shown(name)} holds {shown(info.orig_filename)}, which is not a regular file in the folder of the "
                "kit: nothing was unpacked."
            )
        if info.filename.lower() in found:
            raise InputError(f"{shown(name)} holds {shown(info.filename)} twice: nothing was unpacked.")
        found[info.filename.lower()] = info
    try:
        text = _limited(archive, note)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise SourceError(f"{shown(name)} is damaged: copy it again.") from error
    contents = Contents.parse(text, name)
    members = {i.filename: i for i in found.values()}
    extra = sorted(set(members) - set(contents.files) - {NOTE})
    missing = sorted(set(contents.files) - set(members))
    if extra or missing:
        what = f"holds {shown(extra[0])}, which its {NOTE} does not name" if extra else f"lacks {shown(missing[0])}"
        raise InputError(f"{shown(name)} {what}: nothing was unpacked, so copy it again.")
    return contents, members


def _limited(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(info.file_size)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, sha256: str | None, name: str) -> None:
    """Write one file and compare its checksum; zipfile stops at the size that the kit states."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with archive.open(info) as source, path.open("wb") as copy:
            while part := source.read(PART):
                digest.update(part)
                copy.write(part)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise SourceError(f"{shown(info.filename)} in {shown(name)} is damaged: copy the kit again.") from error
    except OSError as error:
        if error.errno is None:  # zlib and lzma
            raise SourceError(f"{shown(info.filename)} in {shown(name)} is damaged: copy the kit again.") from error
        raise
    if sha256 is not None and digest.hexdigest() != sha256:
        raise SourceError(
            f"{shown(info.filename)} in {shown(name)} does not have the SHA-256 that {NOTE} states: copy the kit again."
        )
