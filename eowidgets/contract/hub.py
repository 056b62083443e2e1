"""Fetch files from the Hugging Face hub, or take them from its cache."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from eowidgets.errors import InputError, MissingExtraError, SourceError, short, words
from eowidgets.system import offline

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def is_hub_id(text: str) -> bool:
    """Return whether a text has the form ``"owner/name"``."""
    return _HUB_ID.fullmatch(text) is not None


def is_file_below(name: str) -> bool:
    """Return whether a name is that of a file below a folder: relative, with ``/``, without ``..``."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not (name.startswith("/") or "\\" in name or ":" in name or ".." in parts)


def stated_hash(path: Path) -> str | None:
    """Return the SHA-256 that the hub states for a file in its cache, None where it states none.

    The cache names large files by their hash and links to them.
    """
    name = path.resolve().name
    return name if re.fullmatch(r"[0-9a-f]{64}", name) else None


def download(repository: str, file: str, *, revision: str | None = None) -> Path:
    """Fetch one file from the hub into its cache, with a progress bar, or take it from there.

    Parameters
    ----------
    repository : str
        Hub id, ``"owner/name"``.
    file : str
        Name of the file in the repository.
    revision : str, optional
        Commit, tag or branch.

    Returns
    -------
    Path
        The file in the cache.

    Raises
    ------
    InputError
        For a name that cannot be a hub id or a file.
    SourceError
        If the file is neither in the cache nor can be fetched, for example with ``EOWIDGETS_OFFLINE=1``.
    MissingExtraError
        If ``huggingface_hub`` is not installed.
    """
    if not is_hub_id(repository):
        raise InputError(f"{repository[:80]!r} is neither a file here nor a hub id: write 'owner/name'.")
    if not is_file_below(file):
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
        raise SourceError(
            f"{where} could not be fetched ({short(words(error))}): try again, or give a file that you have."
        ) from error
