"""Copy the trained networks into the package, with the benchmark scores of exactly these weights.

``python -m training.vqa_ship``: run ``benchmarks/language_neural.py --save`` first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eowidgets.models import vqa
from eowidgets.models.vqa.answers import KINDS
from eowidgets.models.vqa.weights import load
from training.ship import ship
from training.vqa import RUNS
from training.vqa_dialogues import TYPES

NAMES = {"compare": "comparison", "settlement": "rural/urban"}


def still_scores(measured: dict[str, Any]) -> dict[str, float]:
    """Return the scores on the card of RSVQA, in percent."""
    mine, rival = measured["rsvqa"], measured["question-only"]
    out = {f"{NAMES.get(k, k)}, held-out places (%)": mine["test"][k] for k in KINDS}
    out |= {"overall, held-out places (%)": mine["test"]["overall"], "question-only (%)": rival["test"]["overall"]}
    out |= {
        "overall, held-out places and templates (%)": mine["test-templates"]["overall"],
        "question-only, held-out templates (%)": rival["test-templates"]["overall"],
    }
    return {k: round(100 * v, 1) for k, v in out.items()} | {"calibration error": round(mine["ECE"], 3)}


def pair_scores(measured: dict[str, Any]) -> dict[str, float]:
    """Return the scores on the card of DeltaVLM, in percent; captions as BLEU-4 times 100."""
    mine, rival = measured["deltavlm"]["test"], measured["concat"]["test"]
    out: dict[str, float] = {}
    for kind in TYPES:
        out[f"{kind} (%)"] = round(100 * mine[kind], 1)
        out[f"{kind}, side by side (%)"] = round(100 * rival[kind], 1)
    return out | {"calibration error": round(measured["deltavlm"]["ECE"], 3)}


def main() -> None:
    """Copy weights and write each system's ``weights.toml``."""
    measured = json.loads((RUNS / "vqa-benchmark.json").read_text(encoding="utf-8"))
    for name, scores in (("rsvqa", still_scores), ("deltavlm", pair_scores)):
        done = json.loads((RUNS / f"vqa-{name}.json").read_text(encoding="utf-8"))
        source = RUNS / f"vqa-{name}.safetensors"
        load(source, done["sha256"])
        if measured[name]["sha256"] != done["sha256"]:
            raise SystemExit(f"{name}: the benchmark measured other weights; run it again with --save")
        found = scores(measured) | {"training steps": done["steps"]}
        ship(Path(vqa.__file__).parent / name, f"vqa-{name}.simulated", source, found)
        print(name, json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
