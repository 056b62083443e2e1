"""Evaluate change networks on held-out simulated pairs: ``python -m benchmarks.change_pairs [--pairs FOLDER]``.

Everything is measured in one run on the same pairs, whose seeds were not used for training. Masks: LENet, FC-Siam-diff of
the same size and number of steps, change vectors (CVA) and Otsu's threshold, which need no training; the short runs of
the ablations among themselves. Captions: the MCI model against the most frequent training sentence. Networks that have
not been trained here are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eowidgets.cube.labels import NO_CHANGE
from eowidgets.engine.device import fast_autocast
from eowidgets.metrics.captions import bleu, cider
from eowidgets.models.change import cards, weights
from eowidgets.models.change.mci.network import MCI
from eowidgets.models.change.mci.tools import Interpreter, say
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.classical.stats import otsu
from training.pairs import TEST_SEEDS, Pairs, make

RUNS = Path("training/runs")
FOLDER = RUNS / "pairs" / "test"
SHORT = ("short-both", "short-exchange-only", "short-csdw-only", "short-neither")
NETWORKS = ("lenet", "fcsiam", "mci", *SHORT)
#: Number of pairs of the ablation comparison.
FEW = 100


class Count:
    """Correct, predicted and true pixels of one class, summed over all pairs."""

    def __init__(self) -> None:
        self.right = self.said = self.true = 0

    def add(self, made: Tensor, truth: Tensor) -> None:
        self.right += int((made & truth).sum())
        self.said += int(made.sum())
        self.true += int(truth.sum())

    def row(self) -> dict[str, float]:
        precision, recall = self.right / max(self.said, 1), self.right / max(self.true, 1)
        f1 = 2 * self.right / max(self.said + self.true, 1)
        return {
            "F1": f1,
            "precision": precision,
            "recall": recall,
            "IoU": self.right / max(self.said + self.true - self.right, 1),
        }


def table(title: str, rows: dict[str, dict[str, float]]) -> None:
    columns = list(dict.fromkeys(c for row in rows.values() for c in row))
    print(f"\n### {title}\n\n| | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{row[c]:.4g}" if c in row else "" for c in columns) + " |", flush=True)


def network_of(name: str):
    """Return a network trained here, or else the shipped one."""
    path = RUNS / f"change-{name}.safetensors"
    source = path if path.exists() else cards.WEIGHTS.get(f"change-{name}.mixed")
    return None if source is None else weights.load(source)


def pictures(pairs: Pairs, i: int) -> Tensor:
    x = torch.from_numpy(pairs.images[i].copy()).float() / 255
    return standardised(x, *statistics(x))


def plain(pairs: Pairs) -> dict[str, dict[str, float]]:
    """Return CVA at the single threshold that is best on these pairs, and Otsu's threshold of each pair."""
    edges = np.linspace(0, 12, 121)
    right, said = np.zeros(len(edges)), np.zeros(len(edges))
    true, by_otsu = 0, Count()
    for i in range(len(pairs)):
        x = pictures(pairs, i)
        length = (x[1] - x[0]).square().sum(0).sqrt()
        truth = torch.from_numpy(pairs.change[i] > 0)
        by_otsu.add(length > otsu(length.flatten()), truth)
        true += int(truth.sum())
        # Pixels above every edge, from one histogram.
        said += len(length.flatten()) - np.searchsorted(np.sort(length.flatten().numpy()), edges, "right")
        inside = np.sort(length[truth].numpy())
        right += len(inside) - np.searchsorted(inside, edges, "right")
    best = int(np.argmax(2 * right / np.maximum(said + true, 1)))
    cva = Count()
    cva.right, cva.said, cva.true = int(right[best]), int(said[best]), true
    return {"CVA, best threshold of all": cva.row(), "Otsu's threshold of each pair": by_otsu.row()}


def masks(pairs: Pairs, only: Sequence[str]) -> dict[str, dict[str, float]]:
    rows = {}
    kinds = {}
    for name in only:
        found = network_of(name)
        if found is None:
            print(f"{name}: not trained here", file=sys.stderr)
            continue
        network = found[0].to(memory_format=torch.channels_last)
        change, building, road, quiet = Count(), Count(), Count(), [0, 0]
        begun = time.process_time()
        with torch.inference_mode(), fast_autocast():
            count = min(len(pairs), FEW) if name in SHORT else len(pairs)
            for i in range(count):
                x = pictures(pairs, i)
                made = network(x[:1], x[1:])[0][0].float().argmax(0)
                truth = torch.from_numpy(pairs.change[i].astype(np.int64))
                change.add(made > 0, truth > 0)
                building.add(made == 2, truth == 2)
                road.add(made == 1, truth == 1)
                if not bool((truth > 0).any()):
                    quiet[0] += 1
                    quiet[1] += float((made > 0).float().mean())
        row = change.row()
        row["F1 buildings"], row["F1 roads"] = building.row()["F1"], road.row()["F1"]
        row["false, unchanged pairs (%)"] = 100 * quiet[1] / max(quiet[0], 1)
        row["ms a pair"] = 1000 * (time.process_time() - begun) / count
        row["parameters (M)"] = sum(p.numel() for p in network.parameters()) / 1e6
        done = RUNS / f"change-{name}.json"
        if done.exists():
            about = json.loads(done.read_text())
            row["steps"], row["CPU minutes"] = about["steps"], about["cpu_minutes"]
        (kinds if name in SHORT else rows)[name] = row
    if rows:
        rows |= plain(pairs)
        table(f"Masks: {len(pairs)} held-out pairs of {pairs.change.shape[1]} px at 0.5 m, all kinds of change", rows)
    if kinds:
        table(f"Ablations: LENet without one part, the same few steps each, {min(len(pairs), FEW)} pairs", kinds)
    return rows | kinds


def sentences(pairs: Pairs, captions: Path) -> dict[str, float]:
    from training.captions import captions as lent
    from training.captions import read, real_captions

    found = network_of("mci")
    if found is None or not isinstance(found[0], MCI):
        print("mci: not trained here", file=sys.stderr)
        return {}
    speaker = Interpreter(found[0], json.loads(found[1]["vocabulary"]))
    # Real captions of the test split, which are not in the training data.
    real = [s for s in map(read, real_captions(captions, "test")) if s is not None]
    truth = lent(pairs.facts, real, seed=1)
    made = [say(speaker, pictures(pairs, i)).text for i in range(len(pairs))]
    changed = [f.changed for f in pairs.facts]
    usual = NO_CHANGE[0]  # the most frequent training sentence
    rows = {}
    for title, keep in (("all pairs", [True] * len(pairs)), ("pairs with change", changed)):
        t = [v for v, k in zip(truth, keep, strict=True) if k]
        for name, said in (("MCI", made), ("most frequent caption", [usual] * len(made))):
            s = [v for v, k in zip(said, keep, strict=True) if k]
            rows[f"{name}, {title}"] = {
                "pairs": len(s),
                "BLEU-1": bleu(s, t, 1),
                "BLEU-4": bleu(s, t),
                "CIDEr": cider(s, t),
            }
    table("Captions, against five sentences each (up to two real ones)", rows)
    nothing = [m in NO_CHANGE for m in made]
    quiet = sum(n for n, c in zip(nothing, changed, strict=True) if not c) / max(changed.count(False), 1)
    missed = sum(n for n, c in zip(nothing, changed, strict=True) if c) / max(changed.count(True), 1)
    print(f"\n'No change' said when there is none: {100 * quiet:.1f} % of {changed.count(False)};", end=" ")
    print(f"said when there is some: {100 * missed:.1f} % of {changed.count(True)}.")
    print("\nSaid most often:", "; ".join(f"{t} ({n})" for t, n in Counter(made).most_common(8)))
    return rows["MCI, all pairs"] | {"no change (%)": 100 * quiet}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, default=FOLDER, help="generated if it does not exist")
    parser.add_argument("--count", type=int, default=len(TEST_SEEDS))
    parser.add_argument("--real", type=Path, help="Sentinel-2 patches for textures, as in training")
    parser.add_argument("--captions", type=Path, help="folder with levir_mci_captions.jsonl.gz; without it no captions")
    parser.add_argument("--save", action="store_true", help="store the figures for the cards (training.change_ship)")
    parser.add_argument("--only", nargs="+", default=NETWORKS, choices=NETWORKS, help="others keep their saved rows")
    args = parser.parse_args()
    if not (args.pairs / "facts.jsonl").exists():
        make(args.pairs, args.count, TEST_SEEDS.start, args.real)
    pairs = Pairs(args.pairs, args.count)
    found = masks(pairs, args.only)
    if args.captions is not None and "mci" in found:
        found["mci"] |= sentences(pairs, args.captions)
    if args.save:
        for name, row in found.items():
            path = RUNS / f"change-{name}.safetensors"
            if path.exists():
                row["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        notes = RUNS / "change-benchmark.json"
        # The pairs are the same in every run: rows of networks that were not requested stay unchanged.
        kept = json.loads(notes.read_text()) if notes.exists() else {}
        notes.write_text(json.dumps(kept | found, indent=1))


if __name__ == "__main__":
    main()
