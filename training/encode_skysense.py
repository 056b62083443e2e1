"""Train the small SkySense by contrast: ``python -m training.encode_skysense [FOLDER]``; resumes, ships, prints a table.

FOLDER (or EOW_DATA) holds ``terramind_examples`` (three of five places), ``presto`` (series of pixels with radar, the
published training parts) and ``satclip_s2`` (patches without radar). No label is used in the training.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eowidgets.contract.weights import load_strictly, stored, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.skysense.config import OPTICAL, RADAR, SMALL
from eowidgets.models.encode.skysense.contrast import aligned, granular
from eowidgets.models.encode.skysense.network import Series, SkySense
from eowidgets.models.encode.skysense.scaling import radar
from eowidgets.models.encode.ten_bands import MEAN, STD
from training.encode_data import FITTED, HELD, cells, majority, patches, pixels, place
from training.probe import Question, components, probe, table
from training.ship import ship

RUNS = Path("training/runs")
NAME = "skysense"
SQUARES, PIXELS, RATE, STEPS, FOLLOW = 16, 48, 1.5e-3, 500, 0.99
#: Dates of a series of pixels in a view.
DATES = 3

Views = tuple[dict[str, Series], dict[str, Series]]


def optical(values: np.ndarray) -> Tensor:
    """Return what the network sees of reflectance (..., 10, h, w)."""
    mean, std = (np.array(v, "float32")[:, None, None] for v in (MEAN, STD))
    return torch.from_numpy((values - mean) / std)


def even(values: Tensor) -> Tensor:
    """Make pixels (n, t, c) even squares of one patch, (n, t, c, 4, 4)."""
    return values[..., None, None].expand(*values.shape, 4, 4)


def series(values: Tensor, year: Tensor) -> Series:
    """Return a series in which everything was seen."""
    b, t, _, h, w = values.shape
    return Series(values, torch.ones(b, t, h // 4, w // 4, dtype=torch.bool), year)


def altered(one: Series, rng: np.random.Generator, noise: float) -> Series:
    """Change light and noise a little, and hide some bands of half of the images."""
    b, _, c = one.values.shape[:3]
    gain = torch.from_numpy(np.exp(rng.normal(0, 0.05, (b, 1, 1, 1, 1))).astype("float32"))
    rest = torch.from_numpy((noise * rng.standard_normal(one.values.shape)).astype("float32"))
    y = one.values * gain + rest
    if c > 2:
        hidden = (rng.random((b, 1, c, 1, 1)) < 0.3) & (rng.random((b, 1, 1, 1, 1)) < 0.5)
        y = y.masked_fill(torch.from_numpy(hidden), 0.0)
    return Series(y, one.seen, one.year)


def views(sources: dict[str, Series], rng: np.random.Generator) -> Views:
    """Return two views of the same places: other light, bands and dates, and of two sources sometimes one alone."""
    found = []
    lot = rng.random() if len(sources) > 1 else 1.0
    for side in range(2):
        chosen = dict(sources)
        if lot < 0.4:
            # The first view lacks one source, the second the other one.
            chosen.pop((OPTICAL, RADAR)[(lot < 0.2) ^ bool(side)])
        view = {}
        for name, one in chosen.items():
            t = one.values.shape[1]
            some = torch.from_numpy(np.sort(rng.choice(t, min(t, DATES), replace=False)))
            part = Series(one.values[:, some], one.seen[:, some], one.year[:, some])
            view[name] = altered(part, rng, 0.05 if name == OPTICAL else 0.15)
        found.append(view)
    return found[0], found[1]


class Material:
    """What is trained on: draws of sources with their places."""

    def __init__(self, folder: Path) -> None:
        self.places = [place(folder, name) for name in FITTED]
        self.images = [(optical(p.optical), radar(torch.from_numpy(p.radar)[None])[0]) for p in self.places]
        self.pixels = []
        for name in ("fuel_moisture", "algae_blooms"):
            one = pixels(folder, name)
            rows = ~one.test
            x = torch.from_numpy(one.optical[rows]) - torch.tensor(MEAN)
            year = torch.from_numpy(one.months[rows]).float() / 12
            r = radar(torch.from_numpy(one.radar[rows])[..., None, None])[..., 0, 0]
            self.pixels.append((x / torch.tensor(STD), r, year, torch.from_numpy(one.lonlat[rows])))
        self.alone = [optical(p) for p in patches(folder)]

    def squares(self, rng: np.random.Generator) -> tuple[dict[str, Series], Tensor | None]:
        """Draw squares with both sources."""
        cut = [self._cut(self.images[int(rng.integers(len(self.images)))], rng) for _ in range(SQUARES)]
        year = torch.full((SQUARES, 1), 0.5)
        return {
            n: series(torch.stack([c[i] for c in cut])[:, None], year) for i, n in enumerate((OPTICAL, RADAR))
        }, None

    def without_radar(self, rng: np.random.Generator) -> tuple[dict[str, Series], Tensor | None]:
        """Draw squares of Sentinel-2 alone."""
        cut = [self._cut((self.alone[int(rng.integers(len(self.alone)))],), rng)[0] for _ in range(SQUARES)]
        return {OPTICAL: series(torch.stack(cut)[:, None], torch.full((SQUARES, 1), 0.5))}, None

    def points(self, rng: np.random.Generator) -> tuple[dict[str, Series], Tensor | None]:
        """Draw series of pixels with both sources."""
        x, r, year, lonlat = self.pixels[int(rng.integers(len(self.pixels)))]
        some = torch.from_numpy(rng.choice(len(x), PIXELS, replace=False))
        return {OPTICAL: series(even(x[some]), year[some]), RADAR: series(even(r[some]), year[some])}, lonlat[some]

    def _cut(self, images: tuple[Tensor, ...], rng: np.random.Generator) -> list[Tensor]:
        h, w = images[0].shape[-2:]
        r, c, turns, flip = (
            int(rng.integers(h - 16)),
            int(rng.integers(w - 16)),
            int(rng.integers(4)),
            rng.random() < 0.5,
        )
        cut = [torch.rot90(x[:, r : r + 16, c : c + 16], turns, (1, 2)) for x in images]
        return [x.flip(2) for x in cut] if flip else cut


def vectors(network: SkySense, sources: dict[str, Series], lonlat: Tensor) -> np.ndarray:
    """Return the vectors of all places of the grid of each image, (b, g g width) or (b, width) for one patch."""
    with torch.inference_mode():
        return network.eval()(sources, lonlat).flatten(2).mean(2).numpy()


def measure(folder: Path, network: SkySense) -> list[dict]:
    """Probe the network beside its untrained self, principal components and plain statistics."""
    torch.manual_seed(0)
    untrained, results = SkySense(SMALL), []

    def add(name: str, kind: str, sources: dict[str, Series], lonlat: Tensor, y: np.ndarray, places: np.ndarray,
            test: np.ndarray, labels: int) -> None:  # fmt: skip
        raw = np.concatenate([s.values.numpy() for s in sources.values()], axis=2)
        if raw.shape[-1] == 4 and np.ptp(raw[0, 0, 0]) == 0:
            raw = raw[..., :1, :1]
        flat = raw.reshape(len(raw), -1)
        over = (1, 3, 4)
        stats = np.concatenate([raw.mean(over), raw.std(over), raw.min(over), raw.max(over)], 1)
        sets = {}
        for label, found in (
            ("SkySense", vectors(network, sources, lonlat)),
            ("untrained", vectors(untrained, sources, lonlat)),
        ):
            sets[label] = (found[~test], found[test])
        sets["PCA"] = components(flat[~test], flat[test], SMALL.vector)
        sets["statistics"] = (stats[~test], stats[test])
        question = Question(name, kind, y[~test], y[test], places[~test], places[test], labels)  # type: ignore[arg-type]
        results.append(probe(question, sets))

    s2, s1, classes, blocks = [], [], [], []
    for name in (*FITTED, *HELD):
        here = place(folder, name)
        s2.append(optical(cells(here.optical, 8)))
        s1.append(radar(torch.from_numpy(cells(here.radar, 8))))
        classes.append(majority(here.cover, 8))
        rows, columns = np.divmod(np.arange(28 * 28), 28)
        blocks += [f"{name} {r // 4} {c // 4}" for r, c in zip(rows, columns, strict=True)]
    y = np.concatenate(classes)
    keep = np.isin(y, (2, 4, 5, 9))
    year = torch.full((int(keep.sum()), 1), 0.5)
    both = {OPTICAL: series(torch.cat(s2)[torch.from_numpy(keep)][:, None], year),
            RADAR: series(torch.cat(s1)[torch.from_numpy(keep)][:, None], year)}  # fmt: skip
    places = np.array(blocks)[keep]
    test = np.array([p.split()[0] in HELD for p in places])
    nowhere = torch.zeros(len(places), 2)
    for label, names in (("S1 and S2", (OPTICAL, RADAR)), ("S2 alone", (OPTICAL,)), ("S1 alone", (RADAR,))):
        add(
            f"land cover, 4 classes, {label} (recall)",
            "classes",
            {n: both[n] for n in names},
            nowhere,
            y[keep],
            places,
            test,
            400,
        )
    for name, label, count in (
        ("fuel_moisture", "fuel moisture, 3 dates", 800),
        ("algae_blooms", "algae, 12 dates", 400),
    ):
        one = pixels(folder, name)
        x = (torch.from_numpy(one.optical) - torch.tensor(MEAN)) / torch.tensor(STD)
        when = torch.from_numpy(one.months).float() / 12
        r = radar(torch.from_numpy(one.radar)[..., None, None])[..., 0, 0]
        sources = {OPTICAL: series(even(x), when), RADAR: series(even(r), when)}
        add(
            f"{label}, S1 and S2 (R²)",
            "value",
            sources,
            torch.from_numpy(one.lonlat),
            one.truth,
            one.places,
            one.test,
            count,
        )
    return results


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("EOW_DATA", "."))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", action="store_true", help="only print the table of the shipped weights")
    args = parser.parse_args()
    import eowidgets.models.encode.skysense as package

    folder, path, shipped = Path(args.folder), RUNS / f"{NAME}.safetensors", Path(package.__file__).parent
    torch.manual_seed(args.seed)
    network = SkySense(SMALL)
    if args.measure:
        load_strictly(network, stored(shipped / "weights" / f"{NAME}.safetensors").state)
        print(table(measure(folder, network)))
        return
    material = Material(folder)
    # The teacher follows the student slowly; it is part of the module so that a checkpoint holds it.
    teacher = copy.deepcopy(network).requires_grad_(False)
    pair = torch.nn.ModuleDict({"network": network, "teacher": teacher})
    kinds: tuple[Callable, ...] = (material.squares, material.points, material.without_radar)

    def loss(step: Step) -> Tensor:
        with torch.no_grad():
            for slow, fast in zip(teacher.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1 - FOLLOW)
        total = torch.zeros(())
        for kind in kinds:
            sources, lonlat = kind(step.rng)
            first, second = views(sources, step.rng)
            spatial = network.spatial(first)
            student = network.fuse(spatial, first)
            with torch.no_grad():
                target = teacher.fuse(teacher.spatial(second), second)
            total = total + granular(student, target)
            if len(spatial) > 1:
                total = total + 0.5 * aligned(*spatial.values())
            if lonlat is not None and network.context is not None:
                network.context.update(target, lonlat)
        return total

    plan = Plan(
        steps=args.steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW([q for q in p if q.requires_grad], lr=rate, weight_decay=0.05),
        schedule=one_cycle,
        clip=1.0,
        every=100,
        seed=args.seed,
    )
    RUNS.mkdir(parents=True, exist_ok=True)
    done = train(pair, loss, plan, folder=RUNS, name=NAME)
    digest = write(path, network, {"kind": "SkySense", "config": to_json(SMALL)})
    results = measure(folder, network)
    note = {"steps": done.step, "cpu_s": round(done.seconds), "loss": done.loss, "sha256": digest, "results": results}
    (RUNS / f"{NAME}.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
    ship(shipped, f"{NAME}.small", path)
    print(done, table(results), sep="\n")


if __name__ == "__main__":
    main()
