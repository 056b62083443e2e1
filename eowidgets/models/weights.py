"""Weights from a file or from the Hugging Face hub, without running anything that the file says.

Safetensors hold numbers only. A ``.pt``, ``.pth``, ``.ckpt`` or ``.bin`` is a pickle, which can run code when it is
read: it goes through ``torch.load(weights_only=True)`` alone, which builds tensors and plain containers and refuses
all else. Nothing is unpacked to disk.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from eowidgets.arguments import FilePath, Name, Sha256, checked
from eowidgets.contract.card import Card
from eowidgets.errors import InputError, MissingExtraError, ModelError, SourceError
from eowidgets.system import check_plain, offline

PICKLES = (".pt", ".pth", ".ckpt", ".bin")
KINDS = (".safetensors", *PICKLES)
#: Where training scripts put the weights among other things.
NESTS = ("state_dict", "model_state_dict", "model", "weights")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@checked
def weights(
    source: FilePath, file: str = "model.safetensors", *, sha256: Sha256 | None = None, revision: Name | None = None
) -> dict[str, Tensor]:
    """Read the weights of a network, from a file here or from a repository on the Hugging Face hub.

    Parameters
    ----------
    source : str or Path
        A file (``.safetensors``, ``.pt``, ``.pth``, ``.ckpt``, ``.bin``), or a hub id such as ``"owner/name"``.
    file : str
        Which file of the hub repository.
    sha256 : str, optional
        Hash that the file must have; a file of another is not opened.
    revision : str, optional
        Commit, tag or branch on the hub. Give a commit where results must be repeatable.

    Returns
    -------
    dict of str to Tensor
        For ``network.load_state_dict(...)``.

    Raises
    ------
    InputError
        For a name that cannot be a file or a hub id.
    SourceError
        If the file is missing, or cannot be fetched and is not in the cache.
    ModelError
        If the file is not the one expected, is damaged, or holds more than weights.

    Examples
    --------
    >>> import eowidgets as eow
    >>> state = eow.weights("owner/name", file="model.safetensors")  # doctest: +SKIP
    """
    path = Path(source)
    if isinstance(source, Path) or path.suffix.lower() in KINDS or path.exists():
        return load_state(path, sha256)
    return load_state(download(str(source), file, revision=revision), sha256)


def card_weights(card: Card, folder: Path) -> dict[str, Tensor]:
    """Read the weights that a card names, from the folder of its model; the hash on the card must fit."""
    name = card.weights or ""
    if not name or name != PurePosixPath(name.replace("\\", "/")).name or name in (".", ".."):
        raise ModelError(f"The card names the weights {name[:80]!r}: it must be the name of a file beside the model.")
    if card.sha256 is None:
        raise ModelError(f"The card gives no sha256 for {name[:80]!r}: add it, so that the weights can be checked.")
    return load_state(folder / name, card.sha256)


def load_state(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Read a state dict from a file after checking its hash; see :func:`weights`."""
    name, kind = path.name[:80], path.suffix.lower()
    if kind not in KINDS:
        raise InputError(f"Weights are not read from {name!r}: give a file that ends in {', '.join(KINDS)}.")
    check_file(path, sha256)
    found: Any
    try:
        if kind == ".safetensors":
            from safetensors.torch import load_file

            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(
            f"The weights {name!r} could not be read ({type(error).__name__}): the file is damaged, or holds objects "
            "other than tensors, which are never loaded; ask for it as .safetensors."
        ) from error
    return _state(found, name)


def _state(found: Any, name: str) -> dict[str, Tensor]:
    for nest in NESTS:
        if isinstance(found, Mapping) and isinstance(found.get(nest), Mapping):
            found = found[nest]
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        raise ModelError(
            f"The file {name!r} holds no state dict (names and tensors): save it with network.state_dict()."
        )
    return {str(key): value for key, value in found.items()}


def check_file(path: Path, sha256: str | None = None) -> str:
    """Give the SHA-256 of a file, and refuse one that is missing or is not the one expected."""
    check_plain(path)
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(
            f"The file {path.name[:80]!r} could not be read from {str(path.parent)[:200]!r} "
            f"({error.strerror or error}): check the name and the folder."
        ) from error
    if sha256 is not None and digest != sha256.strip().lower():
        raise ModelError(
            f"The file {path.name[:80]!r} has sha256 {digest[:12]}..., not {sha256.strip()[:12]}...: "
            "it is not the one expected and was not opened; fetch it again."
        )
    return digest


def download(repository: str, file: str, *, revision: str | None = None) -> Path:
    """Fetch one file from the hub into its cache, or take it from there.

    Raises
    ------
    InputError, SourceError, MissingExtraError
    """
    if not _HUB_ID.fullmatch(repository):
        raise InputError(f"{repository[:80]!r} is neither a file here nor a hub id: write 'owner/name'.")
    parts = PurePosixPath(file).parts
    if not parts or file.startswith("/") or "\\" in file or ":" in file or ".." in parts:
        raise InputError(
            f"{file[:80]!r} is not the name of a file in a repository: write it as 'folder/name.safetensors'."
        )
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import (
            EntryNotFoundError,
            HFValidationError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
    except ImportError as error:
        raise MissingExtraError("Fetching weights from the hub", "hub") from error
    where = f"{file[:80]!r} of {repository!r}"
    try:
        return Path(hf_hub_download(repository, file, revision=revision, local_files_only=offline()))
    except LocalEntryNotFoundError as error:
        why = "EOWIDGETS_OFFLINE is set" if offline() else "the hub was not reached"
        raise SourceError(
            f"{where} is not in the cache and {why}: fetch it once with a connection, or give a file that you have."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        raise SourceError(f"The hub has no {where}, or it needs a login: check the names on huggingface.co.") from error
    except (HFValidationError, OSError, ValueError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise SourceError(
            f"{where} could not be fetched ({reason}): try again, or give a file that you have."
        ) from error
