"""Train the small AstroPT on stamps of alerts: ``python -m training.encode_astropt [FOLDER]``; resumes, ships, prints a table.

FOLDER (or EOW_DATA) holds ``ztf_alerts``. Objects are sorted by the CRC of their names: two fifths are held out for the
probe, one tenth chooses the step that is kept, the rest is trained on. No label is used in the training.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from eowidgets.contract.weights import load_strictly, stored, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.astropt.config import SMALL
from eowidgets.models.encode.astropt.network import AstroPT
from eowidgets.models.encode.astropt.stamps import stretched
from training.probe import Question, components, probe, table
from training.ship import ship

RUNS = Path("training/runs")
NAME = "astropt"
BATCH, RATE, STEPS = 24, 1e-3, 1600


class Alerts:
    """Stamps and what is stated about them, in one order."""

    def __init__(self, folder: Path) -> None:
        parts = [np.load(p) for p in sorted((folder / "ztf_alerts").glob("ztf_stamps_*.npz"))]
        raw = torch.from_numpy(np.concatenate([p["stamps"] for p in parts]))
        with gzip.open(folder / "ztf_alerts" / "ztf_meta_lightcurves.jsonl.gz", "rt") as file:
            rows = [json.loads(line) for line in file]
        candid = np.concatenate([p["candid"] for p in parts])
        if [r["candid"] for r in rows] != candid.tolist():
            raise SystemExit("The stamps and their table are not in one order: fetch both again.")
        self.rows = rows
        self.images = stretched(raw.nan_to_num(), torch.isfinite(raw).all(dim=1))
        self.objects = np.array([r["objectId"] for r in rows])
        self.part = np.array([zlib.crc32(o.encode()) % 10 for o in self.objects])
        self.test, self.choice = self.part < 4, self.part == 4
        self.fit = ~self.test & ~self.choice


def varied(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn, mirror and shift stamps by up to two pixels, and change their brightness and noise."""
    n, _, h, w = x.shape
    padded = functional.pad(x, (2, 2, 2, 2), mode="reflect")
    out = []
    for i in range(n):
        r, c = (int(v) for v in rng.integers(0, 5, 2))
        one = torch.rot90(padded[i, :, r : r + h, c : c + w], int(rng.integers(4)), (1, 2))
        out.append(one.flip(2) if rng.random() < 0.5 else one)
    y = torch.stack(out) * torch.from_numpy(rng.uniform(0.8, 1.2, (n, 1, 1, 1)).astype("float32"))
    return y + 0.1 * torch.from_numpy(rng.standard_normal(y.shape, dtype="float32"))


def vectors(network: AstroPT, images: Tensor) -> np.ndarray:
    """Return the vectors of a network."""
    with torch.inference_mode():
        return network.eval()(images).numpy()


def plain(images: Tensor) -> np.ndarray:
    """Return statistics of each of the three images: mean, spread, percentiles, the middle and its ring."""
    flat = images.flatten(2)
    levels = flat.quantile(torch.tensor([0.02, 0.25, 0.5, 0.75, 0.98]), dim=2).permute(1, 2, 0).flatten(1)
    middle, ring = (images[..., a:b, a:b].flatten(2).mean(2) for a, b in ((29, 34), (24, 39)))
    parts = [flat.mean(2), flat.std(2), flat.amax(2), flat.amin(2), levels, middle, ring]
    return torch.cat(parts, dim=1).numpy()


def measure(alerts: Alerts, network: AstroPT) -> list[dict]:
    """Probe the network beside its untrained self, principal components and plain statistics."""
    torch.manual_seed(0)
    untrained = AstroPT(SMALL)
    kept, held = ~alerts.test, alerts.test
    raw = alerts.images.flatten(1).numpy()
    sets = {
        "AstroPT": tuple(vectors(network, alerts.images[torch.from_numpy(m)]) for m in (kept, held)),
        "untrained": tuple(vectors(untrained, alerts.images[torch.from_numpy(m)]) for m in (kept, held)),
        "PCA": components(raw[kept], raw[held], SMALL.width),
        "statistics": tuple(plain(alerts.images[torch.from_numpy(m)]) for m in (kept, held)),
    }
    drb = np.array([r["drb"] for r in alerts.rows])
    asked = (
        ("real or bogus (AUC)", "two classes", (drb >= 0.5).astype(int), 200),
        ("brighter or fainter than the template (AUC)", "two classes", _of(alerts, "isdiffpos", "t"), 80),
        ("score rb (R²)", "value", np.array([r["rb"] for r in alerts.rows]), 80),
        ("magnitude (R²)", "value", np.array([r["magpsf"] for r in alerts.rows]), 80),
    )
    places = alerts.objects
    return [
        probe(Question(n, kind, y[kept], y[held], places[kept], places[held], count), sets)
        for n, kind, y, count in asked
    ]


def _of(alerts: Alerts, key: str, value: str) -> np.ndarray:
    return np.array([int(r[key] == value) for r in alerts.rows])


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("EOW_DATA", "."))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", action="store_true", help="only print the table of the shipped weights")
    args = parser.parse_args()
    import eowidgets.models.encode.astropt as package

    alerts, path = Alerts(Path(args.folder)), RUNS / f"{NAME}.safetensors"
    shipped = Path(package.__file__).parent
    torch.manual_seed(args.seed)
    network = AstroPT(SMALL)
    if args.measure:
        load_strictly(network, stored(shipped / "weights" / f"{NAME}.safetensors").state)
        print(table(measure(alerts, network)))
        return
    images, check_images = alerts.images[torch.from_numpy(alerts.fit)], alerts.images[torch.from_numpy(alerts.choice)]

    def loss(step: Step) -> Tensor:
        return network.loss(varied(images[step.rng.choice(len(images), BATCH)], step.rng))

    plan = Plan(
        steps=args.steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.05),
        schedule=one_cycle,
        clip=1.0,
        average=0.99,
        every=100,
        seed=args.seed,
    )
    RUNS.mkdir(parents=True, exist_ok=True)
    done = train(network, loss, plan, check=lambda: float(network.loss(check_images)), folder=RUNS, name=NAME)
    digest = write(path, network, {"kind": "AstroPT", "config": to_json(SMALL)})
    results = measure(alerts, network)
    note = {"steps": done.step, "cpu_s": round(done.seconds), "choice": done.best, "sha256": digest, "results": results}
    (RUNS / f"{NAME}.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
    ship(shipped, f"{NAME}.small", path)
    print(done, table(results), sep="\n")


if __name__ == "__main__":
    main()
