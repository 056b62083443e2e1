"""Checkpoints: trained weights with their source, hash, licence, input and scores, read from ``weights.toml``.

Nothing in this module imports torch, so that models can be listed quickly; :mod:`eowidgets.contract.weights` reads the
tensors.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Predicate, doc

from eowidgets.arguments import Count, Name, Positive, Sha256, checked
from eowidgets.contract.hub import download, is_file_below, is_hub_id, stated_hash
from eowidgets.errors import InputError, ModelError, SourceError, shown, unknown
from eowidgets.shipped import ADVICE, shipped
from eowidgets.system import check_plain

#: Name of the file, in the folder of a system, that lists its checkpoints.
LIST = "weights.toml"
#: Environment variable with a folder of weights, such as that of a kit.
FOLDER = "EOWIDGETS_WEIGHTS"


def _has_tag(name: str) -> bool:
    system, dot, tag = name.partition(".")
    return bool(system and dot and tag)


CheckpointName = Annotated[Name, Predicate(_has_tag), doc("a name of the form 'system.tag'")]
FileName = Annotated[str, Predicate(is_file_below), doc("the name of a file in its folder, such as 'a/b.safetensors'")]
HubId = Annotated[str, Predicate(lambda text: not text or is_hub_id(text)), doc("a hub id such as 'owner/name'")]


@checked
@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Trained weights of a system, and what is needed to load and to use them.

    Parameters
    ----------
    name : str
        ``"system.tag"``; the system is the name of a model.
    licence : str
        Licence of the weights as their authors state it; ``"not stated"`` where they state none.
    file : str
        Name of the file in the folder of ``weights.toml``, or in the repository on the hub.
    sha256 : str, optional
        Hash that the file must have. Only a file on the hub may lack it: it is checked against the hash that the hub
        states for the file.
    size : int, optional
        Bytes that the file must have, or has about where there is no ``sha256``.
    hub, revision : str
        Repository on the Hugging Face hub, and its commit or branch; a checkpoint on the hub needs both.
    terms : str
        Address of a licence with conditions beyond those of open-source licences, which users must read before the download.
    bands : tuple of str
        Common names of the input, in the order of the network's channels.
    resolution : float, optional
        Pixel size of the training data, in metres.
    mean, std : tuple of float
        One number per band, in the units of the training data.
    scores : mapping of str to float
        Measured with these weights.
    keys : mapping of str to str
        Prefix of the keys in the file, and what replaces it in the network: ``{"module.": ""}``.
    unused : tuple of str
        Prefixes of keys (after ``keys``) that are in the file and not in the network.
    data : tuple of str
        What the weights were trained on.
    folder : Path, optional
        Folder of ``weights.toml``.

    Examples
    --------
    >>> from eowidgets.contract.checkpoint import Checkpoint
    >>> found = Checkpoint("net.v1", licence="MIT", file="net.safetensors", sha256="0" * 64, size=1)
    >>> found.system, found.tag
    ('net', 'v1')
    """

    name: CheckpointName
    licence: Name = field(kw_only=True)
    file: FileName = field(kw_only=True)
    sha256: Sha256 | None = field(default=None, kw_only=True)
    size: Count | None = field(default=None, kw_only=True)
    hub: HubId = ""
    revision: str = ""
    terms: str = ""
    bands: tuple[str, ...] = ()
    resolution: Positive | None = None
    mean: tuple[float, ...] = ()
    std: tuple[Positive, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    folder: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.hub and not self.revision:
            raise InputError(f"The checkpoint {shown(self.name)} is on the hub without a revision: add the commit.")
        if not self.hub and (self.sha256 is None or self.size is None):
            raise InputError(f"The checkpoint {shown(self.name)} has no sha256 or no size: add both.")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values and len(values) != len(self.bands):
                raise InputError(
                    f"The checkpoint {shown(self.name)} has {len(values)} numbers in {name} for {len(self.bands)} "
                    "bands: give one per band."
                )

    @property
    def system(self) -> str:
        """Name of the model that the weights belong to."""
        return self.name.partition(".")[0]

    @property
    def tag(self) -> str:
        """Name of these weights among those of the system."""
        return self.name.partition(".")[2]

    @property
    def file_name(self) -> str:
        """Name of the file in a folder shared with other systems."""
        return self.name + Path(self.file).suffix

    def on_card(self) -> dict[str, Any]:
        """Return the fields of a :class:`~eowidgets.contract.card.Card` that the checkpoint determines."""
        about = {"weights": Path(self.file).name, "sha256": self.sha256 or "", "scores": self.scores}
        return {**about, "licence": self.licence, "data": "; ".join(self.data)}

    def find(self, path: str | Path | None = None) -> Path:
        """Find the file: at a given path, in the folder of EOWIDGETS_WEIGHTS, with its system, or on the hub.

        Files of systems of this package may also be in the distribution ``eowidgets-data``.

        Parameters
        ----------
        path : str or Path, optional
            The file, or a folder that holds it.

        Raises
        ------
        ModelError
            If a file that belongs to the package is missing.
        SourceError
            If the hub cannot be reached or has no such file.
        """
        if path is not None:
            given = Path(path).expanduser()
            return given / Path(self.file).name if given.is_dir() else given
        folder = os.environ.get(FOLDER)
        if folder and Path(folder, self.file_name).is_file():
            return Path(folder, self.file_name)
        here = None if self.folder is None else shipped(self.folder / self.file)
        if here is not None and here.is_file():
            return here
        if not self.hub:
            raise ModelError(f"The weights {Path(self.file).name} are not in this installation: {ADVICE}.")
        return download(self.hub, self.file, revision=self.revision)

    @property
    def installed(self) -> bool:
        """Whether the file is in the package, in ``eowidgets-data``, or in the folder of EOWIDGETS_WEIGHTS."""
        folder = os.environ.get(FOLDER)
        if folder and Path(folder, self.file_name).is_file():
            return True
        return self.folder is not None and shipped(self.folder / self.file).is_file()

    def content(self, path: str | Path | None = None) -> bytes:
        """Find and read the file; see :meth:`find` and :func:`read_file`."""
        file = self.find(path)
        if self.sha256 is None:
            return read_file(file, stated_hash(file))[0]
        return read_file(file, self.sha256, self.size)[0]


def read_file(path: Path, sha256: str | None = None, size: int | None = None) -> tuple[bytes, str]:
    """Read a file once and check what was read, so that it cannot change between the check and its use.

    Parameters
    ----------
    path : Path
    sha256, size : optional
        Hash and number of bytes that the file must have.

    Returns
    -------
    (bytes, str)
        The content and its SHA-256.

    Raises
    ------
    SourceError
        If the file is missing, or is a device or a pipe.
    ModelError
        If it is not the file expected.
    """
    check_plain(path)
    try:
        found = path.stat().st_size
        data = path.read_bytes() if size is None or size == found else b""
    except OSError as error:
        raise SourceError(
            f"The file {path.name[:80]!r} could not be read from {str(path.parent)[:200]!r} "
            f"({error.strerror or error}): check the name and the folder."
        ) from error
    if size is not None and size != found:
        raise ModelError(
            f"The file {path.name[:80]!r} has {found} bytes, not {size}: it is not the one expected and was not "
            "opened; fetch it again."
        )
    digest = hashlib.sha256(data).hexdigest()
    if sha256 is not None and digest != sha256.strip().lower():
        raise ModelError(
            f"The file {path.name[:80]!r} has sha256 {digest[:12]}..., not {sha256.strip()[:12]}...: "
            "it is not the one expected and was not opened; fetch it again."
        )
    return data, digest


@functools.cache
def checkpoints(folder: Path) -> Mapping[str, Checkpoint]:
    """Read the checkpoints of a system from ``weights.toml`` in its folder; empty where there is no such file.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    mapping of str to Checkpoint
        By name.

    Raises
    ------
    ModelError
        If the file cannot be read, or a checkpoint lacks a field.
    """
    path = folder / LIST
    if not path.is_file():
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("checkpoint", [])
        found = [Checkpoint(**row, folder=folder) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError, InputError) as error:
        raise ModelError(f"{LIST} in {folder.name[:80]!r} cannot be used: {error}") from error
    return {one.name: one for one in found}


def checkpoint(folder: Path, name: str) -> Checkpoint:
    """Return the checkpoint of a name from ``weights.toml`` in a folder.

    Raises
    ------
    InputError
        For an unknown name, with the nearest ones.
    """
    known = checkpoints(folder)
    if name not in known:
        raise unknown("checkpoint", name, known)
    return known[name]
