"""Pictures and questions for RSVQA, created once: tiles of simulated summer scenes, and questions from their truth.

``python -m training.vqa_scenes FOLDER`` creates the training, validation and test sets (about four minutes on one core).
Seeds of the sets are disjoint; of the scenes for training only three tiles in four and the templates of training are
used. The test set contains both: other places with known templates, and other places with held-out ones.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from eowidgets.analysis.ask.questions import Question, questions
from eowidgets.analysis.ask.still import composite
from eowidgets.models.vqa.answers import ANSWERS, KINDS, answer_class
from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.simulate import simulate

CONFIG = RSVQAConfig()
SCENE_SIDE = 256
#: Set -> first seed, scenes, questions of a scene, split of the questions.
SETS: dict[str, tuple[int, int, int, Literal["train", "held-out"]]] = {
    "train": (20_000, 600, 240, "train"),
    "valid": (30_000, 20, 200, "train"),
    "test": (40_000, 24, 150, "train"),
    "test-templates": (50_000, 24, 120, "held-out"),
}


@dataclass(slots=True)
class Asked:
    """One question about one picture of a set."""

    picture: int
    text: str
    kind: str
    answer: int


class Tiles:
    """A set that was read from its files.

    Attributes
    ----------
    pictures : ndarray, shape (n, bands, side, side), float16
        Reflectance; NaN where not observed.
    asked : list of Asked
    """

    def __init__(self, folder: Path, name: str) -> None:
        with np.load(folder / f"{name}.npz") as file:
            self.pictures: npt.NDArray[np.float16] = file["pictures"]
        lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        self.asked = [Asked(**json.loads(line)) for line in lines]


def scene_pictures(seed: int, count: int, split: Literal["train", "held-out"]) -> tuple[Any, list[Question]]:
    """Create the summer picture of one simulated scene (bands, h, w), and questions about its tiles."""
    rng = np.random.default_rng([seed, 3])
    first = np.datetime64("2018-05-10") + int(rng.integers(0, 90))
    scene = simulate(
        height=SCENE_SIDE,
        width=SCENE_SIDE,
        start=str(first),
        end=str(first + 36),
        revisit=12,
        bands=CONFIG.bands,
        radar=False,
        events=(),
        cloud_cover=0.3,
        seed=seed,
    )
    picture = composite(scene.cube, CONFIG.bands)
    asked = questions(scene, count, seed=seed, kinds=KINDS, tile=CONFIG.side, split=split)
    return picture, asked


def make(folder: Path, name: str) -> None:
    """Create one set; existing files are kept."""
    if (folder / f"{name}.npz").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    start, scenes, count, split = SETS[name]
    pictures: list[npt.NDArray[np.float16]] = []
    lines: list[dict[str, Any]] = []
    for seed in tqdm(range(start, start + scenes), desc=name, mininterval=10):
        picture, asked = scene_pictures(seed, count, split)
        number: dict[tuple[int, int], int] = {}
        for q in asked:
            chosen = answer_class(q.kind, q.answer, getattr(q.program, "unit", "ha"))
            if chosen is None:
                continue
            corner = (q.rows[0], q.columns[0])
            if corner not in number:
                number[corner] = len(pictures)
                pictures.append(picture[:, slice(*q.rows), slice(*q.columns)].astype(np.float16))
            answer = ANSWERS.index(chosen)
            lines.append({"picture": number[corner], "text": q.text, "kind": q.kind, "answer": answer})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    part = folder / f"{name}.part.npz"
    np.savez(part, pictures=np.stack(pictures))
    part.replace(folder / f"{name}.npz")


def main() -> None:
    """Create the sets."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("folder", type=Path)
    given.add_argument("--only", choices=tuple(SETS), nargs="*", default=tuple(SETS))
    options = given.parse_args()
    for name in options.only:
        make(options.folder, name)


if __name__ == "__main__":
    main()
