"""Train DeltaVLM and its baseline with both dates concatenated, on simulated pairs with text generated from the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.vqa.calibrate import fit_temperature
from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig
from eowidgets.models.vqa.deltavlm.network import DeltaVLM, certainty
from eowidgets.models.vqa.text import NULL, UNKNOWN, Vocabulary
from eowidgets.models.vqa.weights import save
from training.loop import train
from training.pairs import Pairs
from training.vqa_dialogues import TYPES, Truth, Turn, mirrored, truth_of, turn, with_history

PAIRS = 16
#: Pairs per batch of the evaluation.
TOGETHER = 16
#: The last pairs of the training folder set the temperature and are not used for training.
VALID = 300
#: Probability that a pair without change is skipped in training: they are two in five, and all their answers are the same.
PASSED_OVER = 0.5


class SmallPairs:
    """Pairs as input of the network: pictures of 64 pixels of 2 m, means of 4 x 4 pixels.

    Attributes
    ----------
    images : Tensor, shape (n, 2, 3, 64, 64), uint8
    truths : list of Truth
    """

    def __init__(self, folder: Path, first: int, last: int) -> None:
        pairs = Pairs(folder, last)
        small = []
        for i in range(first, last):
            x = np.asarray(pairs.images[i], np.float32)
            small.append(np.rint(x.reshape(2, 3, 64, 4, 64, 4).mean((3, 5))).astype(np.uint8))
        self.images = torch.from_numpy(np.stack(small))
        self.truths = [truth_of(pairs.facts[i], pairs.change[i]) for i in range(first, last)]

    def __len__(self) -> int:
        return len(self.truths)


def shown(images: Tensor) -> tuple[Tensor, Tensor]:
    """Convert bytes (n, 2, 3, 64, 64) to both dates (n, 3, 64, 64), each standardised separately."""
    x = images.float() / 255
    x = standardised(x, *statistics(x))
    return x[:, 0], x[:, 1]


def vocabularies(truths: list[Truth]) -> tuple[Vocabulary, Vocabulary]:
    """Build the vocabularies of instructions and of answers."""
    rng = np.random.default_rng(0)
    turns = [turn(t, kind, rng) for t in truths for kind in TYPES for _ in range(2)]
    read = Vocabulary.of((t.instruction for t in turns), least=3)
    return read, Vocabulary.of((a for t in turns for a in t.answers), least=3)


def train_deltavlm(name: str, folder: Path, minutes: float, steps: int, seed: int) -> None:
    """Train, calibrate on held-out pairs, and save."""
    from training.vqa import RUNS, finish

    count = len((folder / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    pairs = SmallPairs(folder, 0, count - VALID)
    read, write = vocabularies(pairs.truths)
    config = DeltaVLMConfig(relate="csrm" if name == "deltavlm" else "concat", read=len(read), write=len(write))
    torch.manual_seed(seed)
    network = DeltaVLM(config).to(memory_format=torch.channels_last)
    changed = np.array([t.facts.changed for t in pairs.truths])
    weight = np.where(changed, 1.0, 1 - PASSED_OVER)
    weight /= weight.sum()

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        torch.manual_seed(int(rng.integers(2**31)))  # dropout
        images, instructions, answers = [], [], []
        for i in rng.choice(len(pairs), PAIRS, p=weight):
            across, down = bool(rng.integers(2)), bool(rng.integers(2))
            dims = [d for d, use in ((-1, across), (-2, down)) if use]
            images.append(pairs.images[i].flip(dims) if dims else pairs.images[i])
            truth = mirrored(pairs.truths[i], across, down)
            for kind in TYPES:
                one = turn(truth, kind, rng)
                said = one.answers[int(rng.integers(len(one.answers)))]
                instructions.append(read.encode(one.instruction, config.longest_read))
                answers.append(write.encode(said, config.longest_write, marked=True))
        asked, line = trimmed(torch.tensor(instructions)), trimmed(torch.tensor(answers))
        known = asked > UNKNOWN
        asked = asked.masked_fill((torch.rand(asked.shape, generator=generator) < 0.03) & known, UNKNOWN)
        before, after = shown(torch.stack(images))
        logits = network(before, after, asked, line[:, :-1])
        return functional.cross_entropy(logits.float().flatten(0, 1), line[:, 1:].flatten(), ignore_index=NULL)

    done = train(f"vqa-{name}", network, step, RUNS, cpu_minutes=minutes, steps=steps, peak=1e-3, seed=seed, every=25)
    valid = SmallPairs(folder, count - VALID, count)
    told = tell(network, read, write, valid, questions_about(valid.truths, seed=1))
    short = [t for t in told if t["kind"] != "caption"]
    right = np.array([t["right"] for t in short])
    done |= {"valid_accuracy": round(float(right.mean()), 4), "temperature": fit_temperature(sure_of(short), right)}
    done["sha256"] = save(
        network, RUNS / f"vqa-{name}.safetensors", read=read, write=write, temperature=done["temperature"]
    )
    finish(name, network, done)


def trimmed(lines: Tensor) -> Tensor:
    """Drop the columns that are empty in all lines."""
    return lines[:, : int((lines != NULL).sum(dim=1).max())]


def questions_about(truths: list[Truth], seed: int, *, each: int = 1, held_out: bool = False) -> list[list[Turn]]:
    """Draw instructions of all types about every pair."""
    out = []
    for i, truth in enumerate(truths):
        rng = np.random.default_rng([seed, i])
        out.append([turn(truth, kind, rng, held_out=held_out) for kind in TYPES for _ in range(each)])
    return out


def tell(
    network: DeltaVLM, read: Vocabulary, write: Vocabulary, pairs: SmallPairs, asked: list[list[Turn]]
) -> list[dict[str, Any]]:
    """Ask the network about every pair; follow-up questions contain its answer to the previous one.

    Returns
    -------
    list of dict
        ``kind``, ``topic``, ``said``, ``answers``, ``right``, and ``words`` (m,) with ``logits`` (m, write).
    """
    network.eval()
    out: list[dict[str, Any]] = []
    for first in range(0, len(pairs), TOGETHER):
        part = asked[first : first + TOGETHER]
        before, after = shown(pairs.images[first : first + TOGETHER])

        def ask(lines: list[str], before: Tensor = before, after: Tensor = after) -> tuple[Tensor, Tensor]:
            numbers = trimmed(torch.tensor([read.encode(t, network.config.longest_read) for t in lines]))
            words, logits, _ = network.answer(before, after, numbers)
            return words, logits

        lines = [[t.instruction for t in turns] for turns in part]
        later = [k for k, t in enumerate(part[0]) if t.before]  # the types stand in the same order for every pair
        if later:
            words, _ = ask([turns[k].before for turns in part for k in later])
            said = iter(write.decode(w.tolist()) for w in words)
            for turns, mine in zip(part, lines, strict=True):
                for k in later:
                    follow = turns[k].instruction.rsplit(" | ", 1)[1]
                    mine[k] = with_history(turns[k].before, next(said), follow)
        words, logits = ask([t for mine in lines for t in mine])
        for n, one in enumerate(t for turns in part for t in turns):
            said_words = write.decode(words[n].tolist())
            out.append(
                {"kind": one.kind, "topic": one.topic, "said": said_words, "answers": one.answers,
                 "right": said_words in one.answers, "words": words[n], "logits": logits[n]}
            )  # fmt: skip
    return out


def sure_of(told: list[dict[str, Any]]) -> Callable[[float], npt.NDArray[np.floating[Any]]]:
    """Return the confidence of the answers as a function of the temperature."""
    longest = max(len(t["words"]) for t in told)
    words = torch.stack([functional.pad(t["words"], (0, longest - len(t["words"]))) for t in told])
    logits = torch.stack([functional.pad(t["logits"], (0, 0, 0, longest - len(t["logits"]))) for t in told])
    return lambda temperature: certainty(words, logits, temperature).numpy()
