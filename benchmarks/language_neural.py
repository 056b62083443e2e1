"""Accuracy of networks that answer questions about images: ``python -m benchmarks.language_neural --scenes DIR --pairs DIR``.

RSVQA is compared with the same network with a blank image, on places in none of the training sets, per type as in the paper;
DeltaVLM with the same network with both dates concatenated in place of the gate. ``python -m training.vqa_scenes DIR`` creates
the scenes, ``python -m training.pairs DIR 400 --first 1000000`` the pairs. Networks are read from ``training/runs``, else the
shipped ones; both are the same files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eowidgets.metrics.captions import bleu
from eowidgets.models.vqa import cards
from eowidgets.models.vqa.answers import KINDS
from eowidgets.models.vqa.calibrate import calibration_error
from eowidgets.models.vqa.weights import Ready, load
from training.vqa import RUNS, rsvqa_scores
from training.vqa_dialogues import TYPES
from training.vqa_pairs import SmallPairs, questions_about, sure_of, tell
from training.vqa_scenes import Tiles

#: Confidence below which there is no answer (eowidgets.analysis.ask.neural.DOUBT).
DOUBT = 0.4
TITLES = {"compare": "comparison", "settlement": "rural/urban"}


def found(name: str) -> tuple[Ready | None, str]:
    """Load a network from ``training/runs``, else from the package; also return the hash of its file."""
    path, shipped = RUNS / f"vqa-{name}.safetensors", cards.WEIGHTS.get(f"vqa-{name}.simulated")
    if not path.exists():
        if shipped is None:
            return None, ""
        path = shipped.find()
    return load(path), hashlib.sha256(path.read_bytes()).hexdigest()


def row(title: str, values: list[float], width: int = 15) -> None:
    """Print one line of a table, in percent."""
    print(f"  {title:34s}" + "".join(f"{100 * v:{width}.1f}" for v in values))


def still(folder: Path) -> dict[str, Any]:
    """Score RSVQA and its baseline per type."""
    out: dict[str, Any] = {}
    everything: dict[str, list[Any]] = {"confidence": [], "plain": [], "right": []}
    for name, title in (("test", "other places, known templates"), ("test-templates", "other places and templates")):
        tiles = Tiles(folder, name)
        kinds = np.array([q.kind for q in tiles.asked])
        print(f"\nRSVQA, {title}: {len(kinds)} questions about {len(tiles.pictures)} pictures")
        print(f"  {'':34s}" + "".join(f"{TITLES.get(k, k):>15s}" for k in KINDS) + f"{'overall':>15s}{'average':>15s}")
        overall = {}
        for network in ("rsvqa", "question-only"):
            ready, sha = found(network)
            if ready is None:
                print(f"  {network}: not trained here")
                continue
            scores, hit = rsvqa_scores(ready.network, ready.read, tiles)
            right = hit.numpy()
            per = [float(right[kinds == k].mean()) for k in KINDS]
            overall[network] = float(right.mean())
            row(network, [*per, overall[network], float(np.mean(per))])
            out.setdefault(network, {"sha256": sha})[name] = dict(zip(KINDS, per, strict=True)) | {
                "overall": overall[network], "average": float(np.mean(per)),
            }  # fmt: skip
            if network == "rsvqa":
                everything["confidence"].append((scores / ready.temperature).softmax(-1).amax(-1).numpy())
                everything["plain"].append(scores.softmax(-1).amax(-1).numpy())
                everything["right"].append(right)
        answers = np.array([q.answer for q in tiles.asked])
        most = [float((answers[kinds == k] == np.bincount(answers[kinds == k]).argmax()).mean()) for k in KINDS]
        row("the most frequent answer", [*most])
        if len(overall) == 2:
            print(f"  above the question-only model: {100 * (overall['rsvqa'] - overall['question-only']):+.1f} points")
    if everything["right"]:
        p, plain, right = (np.concatenate(everything[k]) for k in ("confidence", "plain", "right"))
        out["rsvqa"] |= confidence_table("RSVQA", p, plain, right)
    return out


def confidence_table(title: str, p: Any, plain: Any, right: Any) -> dict[str, float]:
    """Print and return the calibration, and the effect of abstaining."""
    told = p >= DOUBT
    values = {
        "ECE": calibration_error(p, right),
        "ECE before scaling": calibration_error(plain, right),
        "answered": float(told.mean()),
        "right of answered": float(right[told].mean()) if told.any() else 0.0,
    }
    print(
        f"{title}: calibration error {values['ECE']:.3f} ({values['ECE before scaling']:.3f} before temperature scaling), "
        f"{len(right)} answers; from confidence {DOUBT} up it answers {100 * values['answered']:.1f} %, of which "
        f"{100 * values['right of answered']:.1f} % are right"
    )
    return values


def fields_f1(told: list[dict[str, Any]]) -> float:
    """Return F1 of the named fields over all answers about locations."""
    hits = made = true = 0
    for t in told:
        said, wanted = (set(x.split(" , ")) for x in (t["said"], t["answers"][0]))
        hits, made, true = hits + len(said & wanted), made + len(said), true + len(wanted)
    return 2 * hits / max(made + true, 1)


def pairs(folder: Path, each: int) -> dict[str, Any]:
    """Score DeltaVLM and its baseline per type."""
    count = len((folder / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    test = SmallPairs(folder, 0, count)
    out: dict[str, Any] = {}
    columns = ("BLEU-4 captions", *TYPES[1:], "fields F1")
    for held_out in (False, True):
        asked = questions_about(test.truths, seed=2, each=each, held_out=held_out)
        which = "held-out wordings" if held_out else "known wordings"
        print(f"\nDeltaVLM, {count} pairs that were not seen, {which}: {sum(map(len, asked))} instructions")
        print(f"  {'':34s}" + "".join(f"{c:>16s}" for c in columns))
        for network in ("deltavlm", "concat"):
            ready, sha = found(network)
            if ready is None or ready.write is None:
                print(f"  {network}: not trained here")
                continue
            told = tell(ready.network, ready.read, ready.write, test, asked)
            of = {k: [t for t in told if t["kind"] == k] for k in TYPES}
            values = {"caption": bleu([t["said"] for t in of["caption"]], [t["answers"] for t in of["caption"]])}
            values |= {k: float(np.mean([t["right"] for t in of[k]])) for k in TYPES[1:]}
            values["fields F1"] = fields_f1(of["localisation"])
            row("CSRM gate" if network == "deltavlm" else "side by side", list(values.values()), 16)
            key = "held-out wordings" if held_out else "test"
            out.setdefault(network, {"sha256": sha})[key] = values
            if network == "deltavlm" and not held_out:
                short = [t for t in told if t["kind"] != "caption"]
                sure = sure_of(short)
                p, plain = sure(ready.temperature), sure(1.0)
                calibration = confidence_table("DeltaVLM", p, plain, np.array([t["right"] for t in short]))
                out["deltavlm"] |= calibration
        if "deltavlm" in out and "concat" in out:
            a, b = (out[n]["held-out wordings" if held_out else "test"] for n in ("deltavlm", "concat"))
            better = [k for k in TYPES if a[k] > b[k]]
            print(f"  the gate is better on {len(better)} of {len(TYPES)} types: {', '.join(better)}")
        frequent = []
        for k in TYPES[1:]:
            answers = [t.answers[0] for turns in asked for t in turns if t.kind == k]
            topics = [t.topic for turns in asked for t in turns if t.kind == k]
            frequent.append(most_frequent(answers, topics))
        row("the most frequent answer", [float("nan"), *frequent], 16)
    return out


def most_frequent(answers: list[str], topics: list[str]) -> float:
    """Return the accuracy of the most frequent answer to every topic."""
    right = 0
    for topic in set(topics):
        mine = [a for a, t in zip(answers, topics, strict=True) if t == topic]
        right += max(mine.count(a) for a in set(mine))
    return right / len(answers)


def main() -> None:
    """Print the tables."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--scenes", type=Path, help="folder of training.vqa_scenes")
    given.add_argument("--pairs", type=Path, help="folder of pairs of test seeds")
    given.add_argument("--each", type=int, default=3, help="instructions of every type about a pair")
    given.add_argument("--save", action="store_true", help="keep the figures for training.vqa_ship")
    options = given.parse_args()
    torch.set_num_threads(2)
    note = RUNS / "vqa-benchmark.json"
    measured = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    if options.scenes:
        measured |= still(options.scenes)
    if options.pairs:
        measured |= pairs(options.pairs, options.each)
    if options.save:
        note.parent.mkdir(exist_ok=True)
        note.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    size = sum(one.size for one in cards.WEIGHTS.values())
    print(f"\nweights that ship: {size / 1e6:.1f} MB; cards: {cards.RSVQA.title}; {cards.DELTAVLM.title}")


if __name__ == "__main__":
    main()
