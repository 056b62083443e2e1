"""Copy trained weights into a system's folder, and write their scores into its ``weights.toml``."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eowidgets.contract.checkpoint import LIST, checkpoints
from eowidgets.contract.toml_text import to_toml


def ship(folder: Path, name: str, source: Path, scores: Mapping[str, float] | None = None) -> None:
    """Copy the file of a checkpoint into its folder, and refresh its hash, size and scores in ``weights.toml``.

    Parameters
    ----------
    folder : Path
        Folder of the system; its ``weights.toml`` already lists the checkpoint with file, licence and data.
    name : str
        Name of the checkpoint, ``"system.tag"``.
    source : Path
        The trained weights; may be the file of the checkpoint itself.
    scores : mapping of str to float, optional
        Measured with these weights; without, existing scores are unchanged.
    """
    with _rows(folder, name) as row:
        target = folder / row["file"]
        if source.resolve() != target.resolve():
            shutil.copyfile(source, target)
        data = target.read_bytes()
        row |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        if scores is not None:
            row["scores"] = dict(scores)


def note_scores(folder: Path, name: str, scores: Mapping[str, float]) -> None:
    """Write scores of a checkpoint into ``weights.toml``; other scores are unchanged.

    Parameters
    ----------
    folder : Path
        Folder of the system.
    name : str
        Name of the checkpoint, ``"system.tag"``.
    scores : mapping of str to float
    """
    with _rows(folder, name) as row:
        row["scores"] = {**row.get("scores", {}), **scores}


@contextmanager
def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the row of a checkpoint, then write all rows back."""
    path = folder / LIST
    text = path.read_text(encoding="utf-8")
    rows = tomllib.loads(text)["checkpoint"]
    row = next((r for r in rows if r["name"] == name), None)
    if row is None:
        raise SystemExit(f"{path} has no checkpoint {name}: add its name, file, licence and data first")
    yield row
    comments = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    path.write_text(f"{comments}\n{to_toml({'checkpoint': rows})}", encoding="utf-8")
    checkpoints.cache_clear()
    checkpoints(folder)  # raises for content that cannot be read back
