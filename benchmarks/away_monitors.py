"""Evaluate break monitors on series not used for tuning: ``python -m benchmarks.away_monitors [test] [share] [points] [speed]``.

``test``: detection within a year of the break, false positives on stable series and errors of the date, on simulated series and
on the test parts of the real ones (``away_series``). ``share``: areas of which 5 to 99 % change, at once or over 2.5 years.
``points``: the 180 points in Romania labelled by eye, which were not used for tuning. ``speed``: pixels per second against
CCDC of zeit-cdts 2.2.0 (GPL, not a dependency: ``pip install --no-deps --target FOLDER zeit-cdts`` and
``PYTHONPATH=FOLDER``). ``derive [NAME ...]`` and ``calibrate`` derive the defaults, on the development parts
(``away_derive``). Real series are read from ``--data FOLDER``; without it they are left out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.away_series import NOISES, Scene, changing, scenes, simulated
from eowidgets.analysis.change.detect import DEFAULTS, change
from eowidgets.contract.registry import get_model

MONITORS = ("break-ccdc", "break-iqr", "break-bfast", "break-ewma", "break-cusum", "break-ensemble")
SIZES = (0.1, 0.2, 0.3, 0.4)
PERIOD = ("2017-01-01", "2020-12-31")


def run(scene: Scene, name: str, **params: Any) -> dict[str, np.ndarray]:
    """Return the outputs of a monitor for the series of a scene, with the settings of ``eow.change``."""
    model = get_model(name, **{**DEFAULTS[name], **params})
    with torch.inference_mode():
        out = model.predict(scene.batch())
    return {k: (v[:, 1] if k == "change" else v).numpy() for k, v in out.items()}


def detected(scene: Scene, out: dict[str, np.ndarray]) -> np.ndarray:
    """Return the breaks found and confirmed within a year, and dated no earlier than three months before them."""
    late = out["confirmed_date"] - scene.breaks.day
    early = out["break_date"] - scene.breaks.day
    found: np.ndarray = (out["change"] > 0.5) & (late <= 366) & (early > -92)
    return found & scene.changed


def pooled(some: list[Scene], name: str, **params: Any) -> dict[str, np.ndarray]:
    """Return reference and result for every series of some scenes."""
    rows: dict[str, list[np.ndarray]] = {}
    for scene in some:
        out = run(scene, name, **params)
        row = {
            "changed": scene.changed,
            "size": np.abs(scene.breaks.size),
            "noise": scene.noise,
            "lasting": scene.lasting,
            "hit": detected(scene, out),
            "said": out["change"] > 0.5,
            "error": np.abs(out["break_date"] - scene.breaks.day),
            "known": np.isfinite(out["change"]),
        }
        for key, value in row.items():
            rows.setdefault(key, []).append(value)
    return {k: np.concatenate(v) for k, v in rows.items()}


def share_of(mask: np.ndarray, where: np.ndarray) -> str:
    return f"{mask[where].mean():.3f}" if where.any() else "–"


def settings() -> list[tuple[str, str, dict[str, Any]]]:
    """Return the monitors with their settings, in words and as parameters."""
    return [
        (name, words, p)
        for name in MONITORS
        for words, p in (("eow.change", {}), ("no reference", {"reference": "none"}))
    ]


def test(data: Path | None) -> None:
    """Print the tables for the test parts."""
    own = [simulated(1000 + k, n=600, per_year=p, share=0.4) for k, p in enumerate((20, 25, 30, 40, 50, 60))]
    sparse = [simulated(1100 + k, n=600, per_year=p, share=0.4) for k, p in enumerate((8, 12))]
    print(
        "\n### Simulated, 20 to 60 dates a year: detection within a year of lasting breaks, by noise and size; false alarms\n"
    )
    heads = [f"{n:g}: {s:g}" for n in NOISES for s in SIZES]
    print(
        "| monitor | settings | "
        + " | ".join(heads)
        + " | brief or in leaf, 0.2 or more | "
        + " | ".join(f"false, {n:g}" for n in NOISES),
        end="",
    )
    print(
        " | date error (days) | sparse: found at 0.2 or more | sparse: false |\n|---|---|" + "---|" * (len(heads) + 7)
    )
    for name, words, params in settings():
        r = pooled(own, name, **params)
        where = [(r["noise"] == n) & np.isclose(r["size"], s) for n in NOISES for s in SIZES]
        cells = [share_of(r["hit"], w & r["lasting"]) for w in where]
        cells.append(share_of(r["hit"], ~r["lasting"] & (r["size"] > 0.15)))
        cells += [share_of(r["said"], (r["noise"] == n) & ~r["changed"]) for n in NOISES]
        cells.append(f"{np.median(r['error'][r['hit']]):.0f}")
        r = pooled(sparse, name, **params)
        cells += [share_of(r["hit"], r["lasting"] & (r["size"] > 0.15)), share_of(r["said"], ~r["changed"])]
        print(f"| {name} | {words} | " + " | ".join(cells) + " |", flush=True)
    if data is None:
        return
    known = [s for s in scenes("test", data) if np.isnan(s.noise).all()]
    print(
        "\n### Real series with injected breaks, test parts: detection at 0.2 or more, lasting, all; false alarms; date error\n"
    )
    print(
        "| monitor | settings | "
        + " | ".join(f"{s.name} ({len(s.values)})" for s in known)
        + " |\n|---|---|"
        + "---|" * len(known)
    )
    for name, words, params in settings():
        cells = []
        for scene in known:
            r = pooled([scene], name, **params)
            at, more = share_of(r["hit"], r["lasting"] & (r["size"] > 0.15)), share_of(r["hit"], r["size"] > 0.15)
            days = f"{np.median(r['error'][r['hit']]):.0f} d" if r["hit"].any() else "–"
            cells.append(f"{at}, {more}; {share_of(r['said'], ~r['changed'])}; {days}")
        print(f"| {name} | {words} | " + " | ".join(cells) + " |", flush=True)


def share(_: Path | None) -> None:
    """Print the tables for areas of which a large part changes."""
    print(
        "\n### Areas of which much changes: detection at 0.2 or more / false alarms on what is stable, four areas each\n"
    )
    cases = [(s, y) for y in (0.0, 2.5) for s in (0.05, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)]
    heads = [f"{s:.0%} {'at once' if y == 0 else 'in 2.5 years'}" for s, y in cases]
    print("| monitor | settings | " + " | ".join(heads) + " |\n|---|---|" + "---|" * len(cases))
    some = {case: [changing(k, *case, n=1000) for k in range(4)] for case in cases}
    for name, words, params in settings():
        cells = []
        for share_, years in cases:
            r = pooled(some[share_, years], name, **params)
            # A change over 2.5 years counts as detected whenever it is detected.
            found = r["hit"] if years == 0 else r["said"]
            cells.append(f"{share_of(found, r['size'] > 0.15)} / {share_of(r['said'], ~r['changed'])}")
        print(f"| {name} | {words} | " + " | ".join(cells) + " |", flush=True)


def points(_: Path | None) -> None:
    """Print the scores on the labelled points in Romania, which were not used for tuning."""
    import geopandas

    import eowidgets as eow

    table = geopandas.read_file(Path(__file__).parent / "labels" / "romania.gpkg")
    truth, at = table["changed"].to_numpy() == 1, (table["row"].to_numpy(), table["column"].to_numpy())
    sure = table["sure"].to_numpy() == 1
    when = np.array(table["first_seen"].where(truth, "NaT"), dtype="datetime64[D]")
    cube = eow.open("romania", clouds="robust")
    print(
        f"\n### {len(table)} labelled points, {truth.sum()} changed, {sure.sum()} without doubt; not used for tuning\n"
    )
    print(
        "| monitor | settings | F1 | precision | recall | F1, without doubt | date error (days) |\n|---|---|---|---|---|---|---|"
    )
    for name, words, params in settings():
        found = change(cube, name, dates=PERIOD, **params)
        said = found["change"].values[at] == 1
        error = np.abs((found["date"].values[at].astype("datetime64[D]") - when)[said & truth].astype(int))
        right = (said & truth).sum()
        print(
            f"| {name} | {words} | {f1(said, truth):.3f} | {right / max(said.sum(), 1):.3f} | {right / truth.sum():.3f} | "
            f"{f1(said[sure], truth[sure]):.3f} | {np.median(error):.0f} |",
            flush=True,
        )


def f1(said: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (said & truth).sum() / max(said.sum() + truth.sum(), 1))


def speed(_: Path | None) -> None:
    """Print pixels per second of one core, the best of three runs, against CCDC of zeit-cdts on the same series."""
    scene = simulated(1, n=10_000, per_year=26, years=5.4)
    rows: dict[str, float] = {}

    def clock(what: Any) -> float:
        best = np.inf
        for _ in range(3):
            began = time.process_time()
            what()
            best = min(best, time.process_time() - began)
        return len(scene.values) / best

    batch = scene.batch()
    for name in MONITORS:
        model = get_model(name, **DEFAULTS[name])

        def ours(model: Any = model) -> None:
            with torch.inference_mode():
                model.feed.ask(model.predict, batch) if batch.x.dim() == 5 else in_strips(model, scene)

        rows[name] = clock(ours)
    print(f"\n### {len(scene.values):,} series of {len(scene.days)} dates, one core\n")
    try:
        import zeit
    except ImportError:
        print("zeit-cdts is not installed: no comparison.")
        peer = float("nan")
    else:
        import pandas as pd

        value = (scene.batch().x.permute(1, 2, 0).numpy() * 10_000).astype("float32")
        two = np.where(scene.usable.T[:, None], value, np.nan)[..., None]
        # It needs six bands: those of the index three times.
        six = np.concatenate([two, two, two], axis=1)
        dates = pd.to_datetime(scene.days.astype("int64").astype("datetime64[D]"))

        def theirs() -> None:
            zeit.ccdc(six, dates=dates, n_jobs=1)

        peer = clock(theirs)
        print(f"CCDC of zeit-cdts {version('zeit-cdts')}: {peer:,.0f} pixels a second\n")
    print("| monitor | pixels a second | times zeit-cdts |\n|---|---|---|")
    for name, rate in rows.items():
        print(f"| {name} | {rate:,.0f} | {rate / peer:.1f} |")


def in_strips(model: Any, scene: Scene) -> None:
    """Run a model on some thousand series at a time, as the engine does."""
    for top in range(0, len(scene.values), 4096):
        model.predict(scene.batch(slice(top, top + 4096)))


def main() -> None:
    """Print the requested tables, or all."""
    from benchmarks.away_derive import calibrate, derive

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["test", "share", "points", "speed"])
    parser.add_argument("--data", type=Path, help="folder with the real series")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if args.what[0] == "derive":
        derive(args.data, args.what[1:] or [m for m in MONITORS if m != "break-ensemble"])
        return
    for what in args.what:
        {"test": test, "share": share, "points": points, "speed": speed, "calibrate": calibrate}[what](args.data)


if __name__ == "__main__":
    main()
