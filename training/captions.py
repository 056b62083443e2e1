"""Train the MCI model on simulated pairs with captions: real ones that fit the truth, and templates.

``python -m training.captions`` trains; the folder of LEVIR-MCI captions is given by ``--captions``. A real caption is
assigned to a pair only if it is parsed completely (:func:`read`) and all of it is true of the pair (:func:`fits`).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.cube.labels import NO_CHANGE
from eowidgets.models.change.lenet.network import maps_loss, start_rare
from eowidgets.models.change.mci.captioner import END, NULL, SPECIAL, START, UNKNOWN
from eowidgets.models.change.mci.config import MCI_SIZES
from eowidgets.models.change.mci.consensus import mirrored
from eowidgets.models.change.mci.network import MCI, mci_loss
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.change.weights import load, save
from eowidgets.simulate.words import Facts, templates
from training.change import BATCH, CLASS_WEIGHTS, RUNS, Batches, begin, disturbed, training_pairs
from training.coarse import Coarse
from training.loop import train
from training.pairs import SIDE, Pairs

STEPS = 3600
PEAK = 1.5e-3
#: Simulated pairs of a batch, which have sentences; the others come from real pictures without sentences.
SPOKEN = 3
REAL_CAPTIONS = 2

_COUNT = r"(?:(?P<n{i}>a few|a row of|two rows of|many rows of|rows of|a|an|one|two|three|four|five|several|some|many|massive) )?"
_NOUN = r"(?P<adj{i}>large |big |new |small )?(?P<noun{i}>houses?|villas?|buildings?|roads?|parking lots?)"
_VERB = r"(?:(?:has|have) been (?:built|constructed)|(?:is|are) (?:built|constructed)|appears?|appeared|shows? up)"
_SIDE = r"(?:(?:top|bottom|upper|lower)[ -](?:left|right)|left|right|top|bottom)"
_WHERE = (
    rf"(?:(?:on|in|at) the (?P<where>{_SIDE})(?: side| corner| part)?(?: of the (?:scene|area|image|picture))?"
    r"|(?:in|at) the (?P<middle>center|middle)(?: of the (?:scene|area|image|picture))?)"
)
_GROUND = (
    r"(?:(?:on|in) (?:the )?(?P<ground>bareland|barelands|wasteland|woods|forest|desert|grass|grassland|meadow|"
    r"open space|clearing))"
)
_BESIDE = r"(?P<beside>(?:along|beside|by|near|next to|alongside|on both sides of) the roads?|along it|with paths)"
_SENTENCE = re.compile(
    rf"{_COUNT.format(i=1)}{_NOUN.format(i=1)}(?: (?:and|with) {_COUNT.format(i=2)}{_NOUN.format(i=2)})?"
    rf" {_VERB}(?: {_BESIDE})?(?: {_GROUND})?(?: {_WHERE})?"
)
_FEW = {"a": (1, 1), "an": (1, 1), "one": (1, 1), "two": (2, 2), "three": (3, 3), "four": (4, 4), "five": (5, 5)}
_MANY = {"some": (2, 9), "several": (3, 8), "a few": (2, 5), "a row of": (3, 8), "many": (7, 99), "massive": (12, 99)}
_ROWS = {"two rows of": (6, 99), "many rows of": (12, 99), "rows of": (8, 99)}
COUNTS = {**_FEW, **_MANY, **_ROWS}
_GROUNDS = {
    "bareland": ("bareland",),
    "barelands": ("bareland",),
    "wasteland": ("bareland",),
    "woods": ("woods",),
    "forest": ("woods",),
    "desert": ("desert",),
    "grass": ("grass",),
    "grassland": ("grass",),
    "meadow": ("grass",),
    "open space": ("grass", "bareland"),
    "clearing": ("grass", "bareland"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """Parsed content of a caption."""

    text: str
    things: tuple[tuple[str, tuple[int, int], bool], ...]  # noun, least and most, large
    where: str
    ground: str
    beside: bool


def real_captions(path: Path, split: str) -> list[str]:
    """Read the captions of pairs with change of one split."""
    with gzip.open(path / "levir_mci_captions.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [c for r in rows if r["split"] == split for c in r["captions"] if c not in NO_CHANGE]


def read(text: str) -> Said | None:
    """Parse a caption; None if any part of it is not recognised."""
    found = _SENTENCE.fullmatch(text.strip())
    if found is None:
        return None
    g = found.groupdict()
    things = []
    for i in ("1", "2"):
        if g[f"noun{i}"]:
            noun = g[f"noun{i}"].rstrip("s")
            plural = g[f"noun{i}"].endswith("s")
            amount = COUNTS[g[f"n{i}"]] if g[f"n{i}"] else ((2, 99) if plural else (1, 1))
            things.append((noun, amount, (g[f"adj{i}"] or "").strip() in ("large", "big")))
    where = (
        (g["where"] or ("center" if g["middle"] else ""))
        .replace("upper", "top")
        .replace("lower", "bottom")
        .replace("-", " ")
    )
    return Said(text.strip(), tuple(things), where, g["ground"] or "", bool(g["beside"]))


def fits(said: Said, f: Facts) -> bool:
    """Return whether a caption is true of the facts and mentions all kinds of new objects."""
    if not f.changed or (f.gone and not (f.houses or f.halls)):
        return False
    counts = {"house": f.houses, "villa": f.houses, "road": f.roads, "parking lot": f.parking}
    left = {"house": f.houses, "hall": f.halls, "road": f.roads}
    for noun, (least, most), large in said.things:
        if noun == "building":
            n = f.halls if large else f.houses + f.halls
            left["hall"] = 0
            left["house"] = left["house"] if large else 0
        else:
            n = counts[noun]
            left[{"villa": "house", "parking lot": "lot"}.get(noun, noun)] = 0
        if not least <= n <= most:
            return False
    # One word of a pair of kinds may be missing in a short caption, but not the buildings.
    if left["house"] or left["hall"] or (left["road"] and len(said.things) > 1):
        return False
    if said.beside and not (f.along or f.roads):
        return False
    if said.ground and f.ground not in _GROUNDS[said.ground]:
        return False
    return not said.where or said.where == f.where


def captions(facts: Sequence[Facts], real: Sequence[Said], seed: int) -> list[list[str]]:
    """Return five sentences for every pair: up to two real ones that fit, templates for the rest."""
    out = []
    for i, f in enumerate(facts):
        rng = np.random.default_rng([seed, i])
        mine = templates(f, rng)
        if f.changed:
            true = [s.text for s in real if fits(s, f)]
            lent = [true[int(j)] for j in rng.permutation(len(true))[:REAL_CAPTIONS]]
            mine = lent + mine[: 5 - len(lent)]
        out.append(mine)
    return out


class Vocabulary:
    """Words by number; the first four are special."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = [*SPECIAL, *words]
        self.number = {w: i for i, w in enumerate(self.words)}

    @classmethod
    def of(cls, sentences: Sequence[str], least: int = 3) -> Vocabulary:
        """Build the vocabulary of words that occur at least ``least`` times, in alphabetical order."""
        seen = Counter(w for s in sentences for w in s.split())
        return cls(sorted(w for w, n in seen.items() if n >= least))

    def encode(self, text: str, longest: int) -> list[int]:
        """Encode words as numbers with start and end, padded to ``longest``."""
        body = [self.number.get(w, UNKNOWN) for w in text.split()][: longest - 2]
        line = [START, *body, END]
        return line + [NULL] * (longest - len(line))


def train_mci(
    pairs: Pairs,
    said: list[list[str]],
    vocabulary: Vocabulary,
    steps: int = STEPS,
    start: Path | None = None,
    peak: float = PEAK,
    batches: Batches | None = None,
) -> dict[str, object]:
    """Train the MCI model, from scratch or from an earlier run in ``start``, and save it with its vocabulary.

    With ``batches`` (crops of 256 pixels), all but :data:`SPOKEN` pairs of a batch come from its real sources and train the
    map alone.
    """
    config = replace(MCI_SIZES["small"], words=len(vocabulary.words))
    spoken_pairs = BATCH if batches is None else SPOKEN
    # Encoder and map use all pairs, the decoder of words those with sentences.
    others = [] if batches is None else [name for name in batches.shares if name != "simulated"]
    shares = [] if batches is None else [batches.shares[name] for name in others]
    shares = [share / sum(shares) for share in shares]
    torch.manual_seed(0)
    network = MCI(config)
    start_rare(cast(nn.Conv2d, network.mask.head[-1]))
    before_steps = begin(network, "mci", start)
    weight = torch.tensor(CLASS_WEIGHTS)
    log: list[tuple[float, float]] = []

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        torch.manual_seed(int(rng.integers(2**31)))  # dropout
        before, after, truth, words = [], [], [], []
        for i in rng.integers(len(pairs), size=spoken_pairs):
            x = torch.from_numpy(pairs.images[i].copy()).float() / 255
            x = torch.stack([disturbed(d, rng) for d in x])
            x = standardised(x, *statistics(x))
            y = torch.from_numpy(pairs.change[i].astype(np.int64))
            across, down = bool(rng.integers(2)), bool(rng.integers(2))
            dims = [d for d, use in ((-1, across), (-2, down)) if use]
            x, y = (x.flip(dims), y.flip(dims)) if dims else (x, y)
            # All five: the words cost little, the pictures much.
            words += [vocabulary.encode(mirrored(text, across, down), config.longest) for text in said[i]]
            before.append(x[0])
            after.append(x[1])
            truth.append(y)
        for _ in range(BATCH - spoken_pairs if batches is not None else 0):
            x, y = batches.one(rng, str(rng.choice(others, p=shares)))
            before.append(x[0])
            after.append(x[1])
            truth.append(y)
        line = torch.tensor(words)
        logits, spoken = network(torch.stack(before), torch.stack(after), line[:, :-1], spoken_pairs)
        det = maps_loss([logits], torch.stack(truth), weight)
        cap = functional.cross_entropy(spoken.float().flatten(0, 1), line[:, 1:].flatten(), ignore_index=NULL)
        log.append((float(det.detach()), float(cap.detach())))
        if len(log) == 100:
            mask, words_ = np.mean(log, axis=0)
            print(f"mask {mask:.4f} words {words_:.4f}", flush=True)
            log.clear()
        return mci_loss(det, cap)

    done = train("change-mci", network, step, RUNS, steps=steps, peak=peak, every=25)
    done["steps"] += before_steps
    done["parameters"] = sum(p.numel() for p in network.parameters())
    done["sha256"] = save(network, RUNS / "change-mci.safetensors", vocabulary=json.dumps(vocabulary.words))
    (RUNS / "change-mci.json").write_text(json.dumps(done))
    return done


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=Path, required=True, help="folder with levir_mci_captions.jsonl.gz")
    parser.add_argument("--pairs", type=Path, default=RUNS / "pairs" / "train")
    parser.add_argument("--count", type=int, default=1500, help="the rest of 1600 is held out to choose settings")
    parser.add_argument("--data", type=Path, help="folder of the data sets of training.real_places")
    parser.add_argument("--real", type=Path, help="folder of Sentinel-2 patches (12 bands, GeoTIFF)")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--peak", type=float, default=PEAK, help="highest learning rate")
    parser.add_argument("--start", type=Path, help="folder of an earlier run to continue from")
    args = parser.parse_args()
    pairs = Pairs(args.pairs, args.count)
    real = [s for s in map(read, real_captions(args.captions, "train")) if s is not None]
    said = captions(pairs.facts, real, seed=0)
    vocabulary = Vocabulary.of([s for five in said for s in five])
    if args.start is not None:  # weights refer to words by number
        known = json.loads(load(args.start / "change-mci.safetensors")[1]["vocabulary"])
        vocabulary = Vocabulary(known[len(SPECIAL) :])
    print(len(real), "real captions parsed;", len(vocabulary.words), "words", flush=True)
    batches = None
    if args.data is not None:
        batches = Batches(pairs, Coarse(args.real), training_pairs(args.data), crop=SIDE, areas=(SIDE,))
    print(train_mci(pairs, said, vocabulary, args.steps, args.start, args.peak, batches), flush=True)


if __name__ == "__main__":
    main()
