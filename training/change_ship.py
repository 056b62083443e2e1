"""Copy trained change networks into the package, with their scores of the benchmark.

``python -m training.change_ship lenet fcsiam mci``: run ``benchmarks.change_pairs`` and ``benchmarks.change_real_pairs``
first with ``--save``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from eowidgets.models import change
from eowidgets.models.change.weights import load
from training.change import RUNS
from training.ship import ship

#: Row of the benchmark's tables, its columns, and their names on the card.
SCORES = {
    "F1": "F1, held-out simulated pairs",
    "F1 buildings": "F1 buildings",
    "F1 roads": "F1 roads",
    "IoU": "IoU",
    "BLEU-4": "BLEU-4 of its sentences",
    "CIDEr": "CIDEr of its sentences",
    "no change (%)": "no change said where there is none (%)",
    "steps": "training steps",
}
RIVALS = {"FC-Siam-diff, same size": "fcsiam", "LENet, same size": "lenet"}
#: Names of the networks in the benchmark on real pictures.
LABELS = {"MCI": "mci", "LENet": "lenet", "FC-Siam-diff": "fcsiam"}
#: Rows and columns of that benchmark, and their names on the card.
REAL = {
    ("0.5 m", "F1"): "F1, real pictures of held-out places at 0.5 m",
    ("0.5 m", "F1 swapped"): "the same with swapped dates",
    ("marked, 0.5 m (%)", "F1"): "marked on unchanged real pairs at 0.5 m (%)",
}


def main() -> None:
    """Copy weights and write each system's ``weights.toml``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=("lenet", "fcsiam", "mci"))
    args = parser.parse_args()
    measured = json.loads((RUNS / "change-benchmark.json").read_text(encoding="utf-8"))
    real = json.loads((RUNS / "change-real-benchmark.json").read_text(encoding="utf-8"))
    label_of = {name: label for label, name in LABELS.items()}
    for name in args.names:
        row = measured[name]
        done = json.loads((RUNS / f"change-{name}.json").read_text(encoding="utf-8"))
        source = RUNS / f"change-{name}.safetensors"
        load(source, done["sha256"])  # ships exactly the measured weights
        on_real = real[label_of[name]]
        if not row["sha256"] == on_real["sha256"] == done["sha256"]:
            raise SystemExit(f"{name}: a benchmark measured other weights; run it again with --save")
        scores = {words: round(on_real[key][column], 4) for (key, column), words in REAL.items()}
        for label in ("CVA, best threshold of all", "Otsu's threshold of each pair"):
            if label in real:
                scores[f"F1 of {label}, real pictures at 0.5 m"] = round(real[label]["0.5 m"]["F1"], 4)
        scores |= {long: round(row[short], 4) for short, long in SCORES.items() if short in row}
        for label, rival in RIVALS.items():
            if rival != name and name != "mci" and rival in measured:
                scores[f"F1 of {label}, simulated"] = round(measured[rival]["F1"], 4)
        for label in ("CVA, best threshold of all", "Otsu's threshold of each pair"):
            scores[f"F1 of {label}, simulated"] = round(measured[label]["F1"], 4)
        ship(Path(change.__file__).parent / name, f"change-{name}.mixed", source, scores)
        print(name, scores)


if __name__ == "__main__":
    main()
