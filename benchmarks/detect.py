"""Detection of aircraft in held-out simulated images: ``python -m benchmarks.detect [--save]``.

The baseline is template matching: normalised cross-correlation with the mean image of every type of aircraft, in several lengths
and 24 headings, at one metre. Both are compared by the average precision of rotated boxes at an intersection over union of
0.5. The threshold of the detector has no influence; it is tuned on other images (``choice``). With ``--save`` the weights of
``training.detect`` are copied into the package, with these figures.

``--real FOLDER`` evaluates five airports of RSICD (JPEGs of unknown pixel size, without boxes): the centres of clearly visible
aircraft were marked by eye. Each image is enlarged by 1, 2, 3 and 4, and converted from display to linear brightness.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import torch
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import zoom

import eowidgets.models.detect.flightscope as package
from eowidgets.contract.weights import load_strictly, stored
from eowidgets.metrics.detection import average_precision, matches
from eowidgets.models.detect.flightscope.card import WEIGHTS
from eowidgets.models.detect.flightscope.network import SMALL, Detector, boxes_of
from eowidgets.simulate.aircraft import Airfield, simulate_aircraft
from eowidgets.simulate.aircraft_types import KINDS, draw_aircraft
from eowidgets.simulate.airfield import Canvas, rectangle
from training.detect import CHOICE, HELD_OUT, RUNS
from training.ship import ship

Field = npt.NDArray[np.float32]

SCENES, SIDE = 60, 512
#: Templates: metres per pixel, headings, lengths of each type, number of averaged drawings.
COARSE, HEADINGS, LENGTHS, DRAWN = 1.0, 24, 3, 8
#: Aircraft in images of RSICD, marked by eye: column and row of the centre.
BY_EYE = {
    "airport_11": (
        *((25, 63), (36, 87), (47, 117), (56, 152), (116, 62)),
        *((150, 64), (165, 101), (168, 134), (185, 157), (198, 214)),
    ),
    "airport_287": ((57, 46), (80, 41), (95, 91), (131, 79)),
    "airport_329": ((72, 18), (55, 38), (104, 46), (139, 73), (123, 93), (173, 103), (157, 122)),
    "airport_9": ((63, 60), (160, 112), (138, 128), (183, 121), (210, 129), (83, 187)),
    "airport_286": (
        *((29, 109), (30, 126), (53, 129), (80, 119), (117, 112)),
        *((141, 106), (34, 148), (15, 183), (212, 87)),
    ),
}
#: Maximum distance in pixels between a mark and the centre of its box.
NEAR = 8.0
#: Lowest correlation used, and lowest score of the detector.
LEAST, LOWEST = 0.3, 0.02


def scenes(first: int, count: int) -> list[Airfield]:
    """Return the images of one part."""
    return [simulate_aircraft(height=SIDE, width=SIDE, seed=first + i) for i in range(count)]


def table(boxes: Any, scores: Any, scene: int) -> geopandas.GeoDataFrame:
    """Return boxes (n, 5) in pixels as polygons."""
    shapes = [shapely.Polygon(rectangle(np.array(b[:2]), b[2], b[3], b[4])) for b in np.asarray(boxes, float)]
    return geopandas.GeoDataFrame({"score": np.asarray(scores, float), "scene": scene}, geometry=shapes)


def truths(part: list[Airfield]) -> geopandas.GeoDataFrame:
    """Return the true boxes of all images."""
    return pd.concat([table(s.boxes, np.ones(len(s.boxes)), i) for i, s in enumerate(part)], ignore_index=True)


def detected(network: Detector, part: list[Airfield]) -> geopandas.GeoDataFrame:
    """Return the detections of the network in all images."""
    found = []
    with torch.inference_mode():
        for i, scene in enumerate(part):
            one = boxes_of(network(torch.from_numpy(scene.image)[None]), LOWEST)[0]
            found.append(table(one["boxes"].numpy(), one["scores"].numpy(), i))
    return pd.concat(found, ignore_index=True)


@cache
def templates() -> list[tuple[Field, float, float, float]]:
    """Return images of aircraft (h, w), with length, span (metres) and heading: light on darker ground, without shadow."""
    rng = np.random.default_rng(0)
    found = []
    for name, kind in KINDS.items():
        lengths = np.linspace(*kind.length, 2 * LENGTHS + 1)[1::2]
        drawn = [draw_aircraft(name, rng) for _ in range(DRAWN * LENGTHS)]
        for length in lengths:
            near = sorted(drawn, key=lambda p, n=length: abs(p.length - n))[:DRAWN]
            span = float(np.mean([p.span * length / p.length for p in near]))
            for heading in np.arange(HEADINGS) * 2 * np.pi / HEADINGS:
                turn = np.array([(np.cos(heading), np.sin(heading)), (-np.sin(heading), np.cos(heading))])
                corners = np.abs(rectangle(np.zeros(2), length, span, heading)).max(axis=0)
                columns, rows = (2 * int(np.ceil(c / COARSE)) + 1 for c in corners)
                middle = np.array([columns, rows]) * COARSE / 2
                mean = np.zeros((rows, columns), np.float32)
                for plane in near:
                    canvas = Canvas(rows, columns, COARSE, np.zeros(2))
                    for part in plane.parts:
                        canvas.raise_(part.points * (length / plane.length) @ turn + middle, (1.0, 1.0, 1.0), 0)
                    mean += canvas.cover() / DRAWN
                found.append((mean, float(length), span, float(heading)))
    return found


def correlated(image: Field) -> tuple[list[tuple[float, ...]], list[float]]:
    """Return boxes (pixels of half a metre) and correlations of one image (3, h, w): the best of overlapping ones."""
    grey = zoom(image.mean(axis=0), 0.5, order=1) if COARSE == 1.0 else image.mean(axis=0)
    h, w = grey.shape
    shape = tuple(next_fast_len(n + 128, real=True) for n in (h, w))
    grey = grey - grey.mean()
    spectra = [rfft2(g, shape) for g in (grey, grey**2)]
    best, which = np.full((h, w), -1.0, np.float32), np.zeros((h, w), np.int64)
    shapes = templates()
    for i, (template, *_) in enumerate(shapes):
        rows, columns = template.shape
        if rows > h or columns > w:
            continue
        flat = template - template.mean()
        flat /= np.sqrt((flat**2).sum())
        box = rfft2(np.ones_like(template), shape)
        total, squares = (irfft2(s * box, shape) for s in spectra)
        spread = np.sqrt(np.maximum(squares - total**2 / template.size, 1e-6))
        score = irfft2(spectra[0] * rfft2(flat[::-1, ::-1], shape), shape) / spread
        # Of a full correlation, the part whose centres are pixels; at the edge templates are incomplete.
        r, c = rows // 2, columns // 2
        mine = np.abs(score[r : r + h, c : c + w])  # dark aircraft on light ground count as well
        mine[:r], mine[h - r :], mine[:, :c], mine[:, w - c :] = -1, -1, -1, -1
        better = mine > best
        best[better], which[better] = mine[better], i
    boxes: list[tuple[float, ...]] = []
    scores: list[float] = []
    while best.max() > LEAST and len(boxes) < 60:
        row, column = np.unravel_index(int(best.argmax()), best.shape)
        _, length, span, heading = shapes[which[row, column]]
        centre = np.array([column + 0.5, row + 0.5])
        boxes.append((*(centre * 2), length / COARSE * 2, span / COARSE * 2, heading))
        scores.append(float(best[row, column]))
        y, x = np.mgrid[:h, :w] + 0.5
        u = (x - centre[0]) * np.cos(heading) + (y - centre[1]) * np.sin(heading)
        v = (y - centre[1]) * np.cos(heading) - (x - centre[0]) * np.sin(heading)
        best[(np.abs(u) < length / COARSE / 2) & (np.abs(v) < span / COARSE / 2)] = -1
    return boxes, scores


def choice(network: Detector) -> tuple[float, float]:
    """Return the threshold with the best F1 at an overlap of 0.5 on separate images, and that F1."""
    part = scenes(CHOICE, SCENES)
    found, truth = detected(network, part), truths(part)
    right = matches(found, truth) >= 0
    rows = []
    for threshold in np.arange(0.1, 0.71, 0.05):
        kept = (found["score"] > threshold).to_numpy()
        rows.append((2 * right[kept].sum() / (kept.sum() + len(truth)), round(float(threshold), 2)))
    f1, threshold = max(rows)
    return threshold, float(f1)


def real(network: Detector, folder: Path, threshold: float) -> None:
    """Print how many of the aircraft marked by eye are detected, by magnification."""
    from PIL import Image

    for larger in (1, 2, 3, 4):
        hits = total = every = 0
        for name, marks in BY_EYE.items():
            picture = Image.open(next(folder.rglob(f"{name}.jpg"))).convert("RGB")
            side = 224 * larger // 16 * 16
            x = (np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255) ** 2.2
            with torch.inference_mode():
                one = boxes_of(network(torch.from_numpy(x.transpose(2, 0, 1))[None]), threshold)[0]
            centres = one["boxes"][:, :2].numpy() * 224 / side
            apart = np.linalg.norm(centres[:, None] - np.array(marks)[None], axis=2)
            hits += int((apart < NEAR).any(axis=0).sum()) if len(centres) else 0
            total, every = total + len(marks), every + len(centres)
        print(f"RSICD, enlarged {larger} times: {hits} of {total} marked aircraft found, {every} boxes", flush=True)


def main() -> None:
    """Measure, print, and with ``--save`` copy the weights into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=RUNS / "flightscope.safetensors")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--choose", action="store_true", help="only tune the threshold")
    parser.add_argument("--real", type=Path, help="folder with images of RSICD")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = Detector(SMALL)
    load_strictly(network, stored(args.weights).state)
    network.eval()
    threshold, f1 = choice(network)
    print(f"chosen threshold {threshold} (F1 {f1:.3f} on pictures of the choice)", flush=True)
    if args.real is not None:
        real(network, args.real, threshold)
    if args.choose:
        return
    part = scenes(HELD_OUT, SCENES)
    truth = truths(part)
    start = time.process_time()
    found = detected(network, part)
    network_s = (time.process_time() - start) / len(part)
    templates()
    start = time.process_time()
    matched = pd.concat([table(*correlated(s.image), i) for i, s in enumerate(part)], ignore_index=True)
    rival_s = (time.process_time() - start) / len(part)
    kept = found[found["score"] > threshold]
    hits = int((matches(kept, truth) >= 0).sum())
    figures = {
        "AP50, held-out simulated scenes": average_precision(found, truth),
        "AP75": average_precision(found, truth, 0.75),
        "precision at the threshold": hits / max(len(kept), 1),
        "recall at the threshold": hits / len(truth),
        "AP50 of template matching": average_precision(matched, truth),
    }
    kinds = np.array([k for s in part for k in s.kinds])
    got = matches(kept, truth)
    for kind in KINDS:
        own = np.flatnonzero(kinds == kind)
        print(f"  {kind}: {np.isin(own, got).sum()} of {len(own)} found at the threshold")
    print(f"{len(truth)} aircraft in {len(part)} pictures; seconds a picture {network_s:.2f}, rival {rival_s:.2f}")
    figures = {name: round(float(value), 4) for name, value in figures.items()}
    print(json.dumps(figures, indent=1))
    if args.save:
        ship(Path(package.__file__).parent, WEIGHTS.name, args.weights, figures)


if __name__ == "__main__":
    main()
