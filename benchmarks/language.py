"""How well questions are read and answered: ``python benchmarks/language.py [--only parse|values|unanswerable|time]``.

Programs are compared field by field with what the template or the person who wrote the paraphrase meant. Values are
compared with those of the intended program, computed on their own. The paraphrases were written before the parser.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import eowidgets as eow
from eowidgets.analysis.ask import ask, run
from eowidgets.analysis.ask.language import Program, from_json, to_json
from eowidgets.analysis.ask.parser import parse
from eowidgets.analysis.ask.templates import Sampler

HERE = Path(__file__).parent
DRAWN = {"romania": (22.146, 45.201, 22.152, 45.206), "bouconne": (1.21, 43.65, 1.23, 43.66)}


def parcels(cube: Any) -> dict[str, Any]:
    """Four parcels: the quarters of the middle of a cube."""
    west, south, east, north = cube.eow.bounds
    xs, ys = np.linspace(west, east, 6)[1:-1], np.linspace(south, north, 6)[1:-1]
    features = []
    for i in range(2):
        for j in range(2):
            a, b, c, d = xs[i * 2], ys[j * 2], xs[i * 2 + 1], ys[j * 2 + 1]
            ring = [[a, b], [c, b], [c, d], [a, d], [a, b]]
            shape = {"type": "Polygon", "coordinates": [[[float(x), float(y)] for x, y in ring]]}
            features.append({"type": "Feature", "properties": {"name": f"parcel {2 * i + j + 1}"}, "geometry": shape})
    return {"parcels": {"type": "FeatureCollection", "features": features}}


def plain(program: Program | None) -> Any:
    """A program as something to compare, with what means the same made the same."""
    return None if program is None else json.dumps(to_json(program), sort_keys=True)


def read_all(pairs: list[tuple[str, Program, Any]]) -> tuple[list[bool], list[float], list[Program | None]]:
    """Whether each question is read as meant, the milliseconds, and what was read."""
    right, took, got = [], [], []
    indices = {id(cube): cube.eow.indices for cube in {id(c): c for _, _, c in pairs}.values()}
    for question, program, cube in pairs:
        first, last = (str(t)[:10] for t in cube["time"].values[[0, -1]])
        began = time.perf_counter()
        found = parse(question, first, last, indices=indices[id(cube)], layers=("parcels",)).program
        took.append(1e3 * (time.perf_counter() - began))
        right.append(plain(found) == plain(program))
        got.append(found)
    return right, took, got


def generated(cubes: dict[str, Any], count: int, seed: int, split: str) -> list[tuple[str, Program, Any]]:
    """Questions from templates, half over each cube."""
    rng = np.random.default_rng(seed)
    pairs = []
    for name, cube in cubes.items():
        first, last = (str(t)[:10] for t in cube["time"].values[[0, -1]])
        sampler = Sampler(first, last, rng, ("parcels",), split=split)  # type: ignore[arg-type]
        for i in range(count // len(cubes)):
            question, program = sampler.draw(sampler.kinds[i % len(sampler.kinds)])
            pairs.append((question, program, cubes[name]))
    return pairs


def same(a: Any, b: Any) -> bool:
    """Equal to rounding."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 0.005 * max(abs(a), abs(b), 0.01)
    return bool(a == b)


def report(title: str, pairs: list[tuple[str, Program, Any]], show: int) -> list[bool]:
    """Print the share read right, by kind, and some that were not."""
    right, took, got = read_all(pairs)
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for (_, program, _), ok in zip(pairs, right, strict=True):
        by_kind[program.kind].append(ok)
    print(f"{title}: program right {100 * np.mean(right):.1f} % of {len(right)}, {np.median(took):.1f} ms to read")
    print("   " + "  ".join(f"{k} {100 * np.mean(v):.0f}" for k, v in by_kind.items()))
    wrong = [(q, plain(p), plain(g)) for (q, p, _), ok, g in zip(pairs, right, got, strict=True) if not ok]
    for question, meant, read in wrong[:show]:
        print(f"   {question}\n      meant {meant}\n      read  {read}")
    return right


def values(pairs: list[tuple[str, Program, Any]], names: dict[int, str]) -> None:
    """Ask each, and compare with the meant program run on its own."""
    took, right, refused, agree = [], 0, Counter(), 0
    slow: list[tuple[float, str]] = []
    told = 0
    for question, program, cube in pairs:
        given = {"area": DRAWN[names[id(cube)]] if program.scope.area else None, "layers": parcels(cube)}
        wanted = run(cube, program, question, **given)
        began = time.perf_counter()
        answer = ask(cube, question, **given)
        took.append(time.perf_counter() - began)
        slow.append((took[-1], question))
        told += not wanted.abstained
        if not wanted.abstained and answer.abstained:
            refused[answer.reason[:90]] += 1
        if plain(answer.program) == plain(program):
            right += 1
            agree += same(answer.value, wanted.value)
    print(
        f"values: right in {100 * agree / max(right, 1):.1f} % of {right} questions read right; "
        f"refused {sum(refused.values())} of {told} that can be answered ({100 * sum(refused.values()) / max(told, 1):.1f} %)"
    )
    print(
        f"time: median {np.median(took):.2f} s, 95 % within {np.quantile(took, 0.95):.2f} s, longest {max(took):.2f} s, "
        f"within 1 s: {100 * np.mean(np.array(took) <= 1):.1f} %; slowest: {max(slow)[1]!r}"
    )
    for reason, count in refused.most_common(5):
        print(f"   {count} × {reason}")


def main() -> None:
    """Run everything, or one part."""
    given = argparse.ArgumentParser()
    given.add_argument(
        "--only", choices=("generated", "held-out", "paraphrases", "development", "unanswerable", "values")
    )
    given.add_argument("--count", type=int, default=1000)
    given.add_argument("--show", type=int, default=0, help="print so many questions read wrong")
    options = given.parse_args()
    cubes = {name: eow.open(name) for name in ("romania", "bouconne")}
    names = {id(c): n for n, c in cubes.items()}

    def wanted(part: str) -> bool:
        return options.only in (None, part)

    pairs = generated(cubes, options.count, 7, "all")
    if wanted("generated"):
        report("generated", pairs, options.show)
    if wanted("held-out"):
        report("of held-out templates", generated(cubes, options.count, 8, "held-out"), options.show)
    for part, file in (("paraphrases", "paraphrases.json"), ("development", "paraphrases_dev.json")):
        if wanted(part) and (HERE / file).exists():
            listed = json.loads((HERE / file).read_text())
            # On what was written by hand nothing is tuned: only the development set shows its failures.
            show = options.show if part == "development" else 0
            report(part, [(q, from_json(p), cubes["romania"]) for q, p in listed], show)
    if wanted("values"):
        values(pairs, names)
    if wanted("unanswerable"):
        questions = json.loads((HERE / "unanswerable.json").read_text())
        answers = [ask(cubes["romania"], q) for q in questions]
        print(f"unanswerable: abstains on {sum(a.abstained for a in answers)} of {len(answers)}")


if __name__ == "__main__":
    main()
