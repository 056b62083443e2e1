"""Train the networks that answer questions: ``python -m training.vqa rsvqa --data /tmp/vqa --minutes 12``.

``rsvqa`` and its baseline ``question-only`` learn from the sets of ``training.vqa_scenes`` (``--data``), ``deltavlm`` and its
baseline ``concat`` from the pairs of ``training.pairs``. One seeded command each; an interrupted run continues from its
checkpoint. Weights, words and temperature are written to ``training/runs``; ``training.vqa_ship`` copies the measured
weights into the package.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from eowidgets.models.vqa.answers import ANSWERS
from eowidgets.models.vqa.calibrate import fit_temperature
from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.models.vqa.rsvqa.network import RSVQA, picture_values
from eowidgets.models.vqa.text import UNKNOWN, Vocabulary
from eowidgets.models.vqa.weights import save
from training.loop import train
from training.vqa_scenes import Tiles

RUNS = Path(__file__).parent / "runs"
PICTURES, QUESTIONS = 32, 12
#: Share of words that are dropped in training, so that an unknown word does not affect the others.
FORGOTTEN = 0.05
_SIDES = ("north", "south", "west", "east")


def moved_words(vocabulary: Vocabulary) -> list[Tensor]:
    """Return the replacement of every word for each of the eight ways to rotate and mirror a picture.

    The ways are those of :func:`moved`: upside down, left to right, rows and columns exchanged.
    """
    tables = []
    for down, across, swapped in itertools.product((False, True), repeat=3):
        to = {s: s for s in _SIDES}
        if down:
            to |= {"north": "south", "south": "north"}
        if across:
            to |= {"west": "east", "east": "west"}
        if swapped:
            turn = {"north": "west", "west": "north", "south": "east", "east": "south"}
            to = {s: turn[t] for s, t in to.items()}
        table = torch.arange(len(vocabulary))
        for side, ending in itertools.product(_SIDES, ("", "ern")):
            a, b = (vocabulary.number.get(s + ending) for s in (side, to[side]))
            if a is not None and b is not None:
                table[a] = b
        tables.append(table)
    return tables


def moved(picture: Tensor, way: int) -> Tensor:
    """Rotate or mirror a picture (..., h, w) in one of eight ways."""
    if way & 4:
        picture = picture.flip(-2)
    if way & 2:
        picture = picture.flip(-1)
    return picture.transpose(-2, -1) if way & 1 else picture


def by_picture(asked: list[Any]) -> dict[int, list[int]]:
    """Return the numbers of the questions about each picture."""
    found: dict[int, list[int]] = {}
    for i, q in enumerate(asked):
        found.setdefault(q.picture, []).append(i)
    return found


def train_rsvqa(name: str, folder: Path, minutes: float, steps: int, seed: int) -> None:
    """Train RSVQA or the baseline without a picture, calibrate it on the validation set, and save it."""
    tiles, valid = Tiles(folder, "train"), Tiles(folder, "valid")
    read = Vocabulary.of(q.text for q in tiles.asked)
    config = RSVQAConfig(words=len(read), answers=len(ANSWERS), sees=name == "rsvqa")
    torch.manual_seed(seed)
    network = RSVQA(config).to(memory_format=torch.channels_last)
    words = torch.tensor([read.encode(q.text, config.longest) for q in tiles.asked])
    answers = torch.tensor([q.answer for q in tiles.asked])
    of_picture, tables = by_picture(tiles.asked), moved_words(read)
    pictures = [p for p in of_picture if len(of_picture[p]) >= 4]
    values = picture_values(torch.from_numpy(tiles.pictures).float()).bfloat16()

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        torch.manual_seed(int(rng.integers(2**31)))  # dropout
        chosen = rng.choice(pictures, PICTURES if config.sees else 4 * PICTURES)
        shown, asked, wanted = [], [], []
        for p in chosen:
            way = int(rng.integers(8))
            mine = rng.choice(of_picture[int(p)], QUESTIONS)
            line = tables[way][words[mine]]
            known = line > UNKNOWN
            forgotten = (torch.rand(line.shape, generator=generator) < FORGOTTEN) & known
            asked.append(line.masked_fill(forgotten, UNKNOWN))
            wanted.append(answers[mine])
            if config.sees:
                bright = float(np.exp(rng.normal(0, 0.05)))
                shown.append(moved(values[int(p)].float(), way) * bright)
        x = torch.stack(shown).contiguous(memory_format=torch.channels_last) if shown else values[:1].float()
        scores = network(x, torch.cat(asked))
        return functional.cross_entropy(scores.float(), torch.cat(wanted))

    done = train(f"vqa-{name}", network, step, RUNS, cpu_minutes=minutes, steps=steps, peak=1.5e-3, seed=seed, every=50)
    scores, right = rsvqa_scores(network, read, valid)
    chosen = scores.argmax(-1)
    temperature = fit_temperature(
        lambda t: (scores / t).softmax(-1).gather(-1, chosen[:, None])[:, 0].numpy(), right.numpy()
    )
    done |= {"valid_accuracy": round(float(right.float().mean()), 4), "temperature": temperature}
    done["sha256"] = save(network, RUNS / f"vqa-{name}.safetensors", read=read, temperature=temperature)
    finish(name, network, done)


@torch.inference_mode()
def rsvqa_scores(network: RSVQA, read: Vocabulary, tiles: Tiles) -> tuple[Tensor, Tensor]:
    """Return scores (n, answers) of every question of a set, and the mask of correct answers."""
    network.eval()
    scores = torch.empty(len(tiles.asked), network.config.answers)
    values = picture_values(torch.from_numpy(tiles.pictures).float())
    for picture, mine in by_picture(tiles.asked).items():
        lines = torch.tensor([read.encode(tiles.asked[i].text, network.config.longest) for i in mine])
        scores[mine] = network(values[picture][None], lines)
    return scores, scores.argmax(-1) == torch.tensor([q.answer for q in tiles.asked])


def finish(name: str, network: torch.nn.Module, done: dict[str, Any]) -> None:
    """Write the log of the run next to the weights."""
    done["parameters"] = sum(p.numel() for p in network.parameters())
    done["config"] = dataclasses.asdict(network.config)  # type: ignore[call-overload]
    (RUNS / f"vqa-{name}.json").write_text(json.dumps(done, indent=1) + "\n")
    print({k: v for k, v in done.items() if k != "config"}, flush=True)


def main() -> None:
    """Train from the command line."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("name", choices=("rsvqa", "question-only", "deltavlm", "concat"))
    given.add_argument("--data", type=Path, required=True, help="folder of the sets, or of the pairs")
    given.add_argument("--minutes", type=float, default=0.0, help="of processor time")
    given.add_argument("--steps", type=int, default=0, help="in place of minutes")
    given.add_argument("--seed", type=int, default=0)
    options = given.parse_args()
    torch.set_num_threads(1)
    if options.name in ("rsvqa", "question-only"):
        train_rsvqa(options.name, options.data, options.minutes, options.steps, options.seed)
    else:
        from training.vqa_pairs import train_deltavlm

        train_deltavlm(options.name, options.data, options.minutes, options.steps, options.seed)


if __name__ == "__main__":
    main()
