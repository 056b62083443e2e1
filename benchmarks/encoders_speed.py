"""Speed of the encoders with random weights: forward passes, Galileo over a cube, and Prithvi in the engine.

    python benchmarks/encoders_speed.py forward [--large]         # beside a stack of torch's own layers with as many tokens
    python benchmarks/encoders_speed.py galileo [--part 40]       # 100 x 100 pixels, 12 dates
    python benchmarks/encoders_speed.py prithvi --device cuda --size v2-300m-tl
    python benchmarks/encoders_speed.py prithvi --device cpu --size v2-tiny-tl      # tries the file itself

On a CPU the figures are seconds of computing time, which other programs on the machine disturb less than wall-clock time; divide
them by the number of cores for a lower bound of the wall-clock time. On a GPU they are wall-clock seconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr
from torch import Tensor, nn

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.models.encode import galileo, olmoearth, prithvi
from eowidgets.models.encode.galileo.config import SIZES as GALILEO
from eowidgets.models.encode.galileo.network import SPACE_TIME
from eowidgets.models.encode.olmoearth.config import S2
from eowidgets.models.encode.olmoearth.config import SIZES as OLMOEARTH
from eowidgets.models.encode.prithvi.config import SIZES as PRITHVI

OPTICAL = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")
DATES = 12


def seconds(work: Callable[[], object], device: str, repeats: int) -> float:
    """Return the median seconds of a piece of work, after one warm-up run."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    found = []
    for _ in range(repeats + 1):
        began = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        found.append(clock() - began)
    return statistics.median(found[1:])


def plain(width: int, depth: int, heads: int) -> nn.Module:
    """Return the peer: the same number of torch's own layers, which have a fused path for inference."""
    layer = nn.TransformerEncoderLayer(
        width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, depth, enable_nested_tensor=False).eval()


def cases(large: bool) -> dict[str, tuple[nn.Module, Any, Callable[[nn.Module], Tensor], tuple[int, int]]]:
    """Return by name: the network, its size, a forward pass, and (windows, tokens of each)."""
    month = torch.arange(DATES)
    groups = {k: torch.rand(2, DATES, c, 16, 16) for k, c in SPACE_TIME.items() if k != "S1"}
    seen = torch.ones(2, DATES, 4, 4, dtype=torch.bool)
    series = {S2: torch.rand(2, DATES, 12, 16, 16)}
    found = {}
    for tag in ("tiny", "base"):
        size = GALILEO[tag]
        found[f"galileo.{tag}"] = (
            galileo.Encoder(size.width, size.depth, size.heads, size.hidden),
            size,
            lambda net: net(groups, dict.fromkeys(groups, seen), month, 4),
            (2, DATES * 16 * len(groups)),
        )
        olmo = OLMOEARTH[f"v1.2-{tag}"]
        found[f"olmoearth.v1.2-{tag}"] = (
            olmoearth.Encoder(olmo),
            olmo,
            lambda net: net(series, {S2: seen}, month, month.float(), 4),
            (2, DATES * 16),
        )
    for tag in ("v2-tiny-tl", "v2-100m-tl", *(("v2-300m-tl",) if large else ())):
        size = PRITHVI[tag]
        images = torch.rand(1, size.frames, 6, size.side, size.side)
        found[f"prithvi.{tag}"] = (
            prithvi.Encoder(size),
            size,
            lambda net, x=images: net(x),
            (1, 1 + size.frames * (size.side // size.patch) ** 2),
        )
    return found


def forward(args: argparse.Namespace) -> None:
    """Compare whole networks, including patches and encodings, with a plain stack."""
    print("\nForward pass / stack of torch's layers with the same width, depth, heads and number of tokens")
    for name, (network, size, run, (windows, tokens)) in cases(args.large).items():
        network.eval()
        peer, x = plain(size.width, size.depth, size.heads), torch.randn(windows, tokens, size.width)
        with torch.inference_mode():
            own = seconds(lambda run=run, network=network: run(network), "cpu", args.repeats)
            other = seconds(lambda peer=peer, x=x: peer(x), "cpu", args.repeats)
        print(
            f"  {name:22} {windows} x {tokens:5} tokens  {own:7.3f} s / {other:7.3f} s = {own / other:.2f}", flush=True
        )


def cube(side: int, dates: int, clouds: float, bands: tuple[str, ...] = OPTICAL) -> xr.Dataset:
    """Return random reflectance in which blocks of 8 x 8 pixels are cloudy on some dates."""
    import rioxarray  # noqa: F401

    rng = np.random.default_rng(0)
    found = xr.Dataset(
        {b: (("time", "y", "x"), rng.random((dates, side, side), dtype=np.float32) * 0.4) for b in bands},
        coords={
            "time": pd.date_range("2021-01-15", periods=dates, freq="30D").values.astype("datetime64[ns]"),
            "y": 5e6 - 10.0 * np.arange(side),
            "x": 4e5 + 10.0 * np.arange(side),
        },
    )
    blocks = rng.random((dates, side // 8 + 1, side // 8 + 1)) < clouds
    found["valid"] = (("time", "y", "x"), np.ones((dates, side, side), bool))
    found["clouds"] = (("time", "y", "x"), blocks.repeat(8, 1).repeat(8, 2)[:, :side, :side])
    return found.rio.write_crs("EPSG:32635").rio.write_transform()


def over_a_cube(args: argparse.Namespace) -> None:
    """Compare Galileo nano over 100 x 100 pixels and 12 dates with a plain stack on the same number of tokens."""
    print("\nGalileo-nano, 100 x 100 pixels, 12 dates: computing seconds, on the clock, and plain stack (no clouds)")
    for patch, side in ((4, 4), (8, 4), (2, 4), (1, 4), (1, 2), (1, 1)):
        # Small patches are timed on a part.
        n = 100 if patch >= 4 else args.part
        model = get_model("galileo", patch=patch, side=side)
        model._networks.append(model.build().eval())
        parts, times = (100 / n) ** 2, []
        for clouds in (0.0, 0.3):
            source = cube(n, DATES, clouds)
            began, clock = time.process_time(), time.perf_counter()
            eow.run(model, source, progress=False)
            times.append((parts * (time.process_time() - began), parts * (time.perf_counter() - clock)))
        tokens, windows = DATES * 6 * side**2, (100 / patch / side) ** 2
        peer, x = plain(128, 4, 8), torch.randn(1, tokens, 128)
        with torch.inference_mode():
            other = windows * seconds(lambda peer=peer, x=x: peer(x), "cpu", args.repeats)
        (clear, wall), (cloudy, _) = times
        print(
            f"  patch {patch}, side {side}: {clear:6.1f} s ({wall:.1f} on the clock), 30 % clouds {cloudy:6.1f} s; plain "
            f"{other:6.1f} s, ratio {clear / other:.2f}" + ("" if n == 100 else f"; from {n} x {n} pixels"),
            flush=True,
        )


def in_the_engine(args: argparse.Namespace) -> None:
    """Compare Prithvi in the engine with its bare module on the same images, which are on the device."""
    size, device = PRITHVI[args.size], args.device
    pixels = size.side * args.tiles
    model = get_model(f"prithvi.{args.size}")
    network = model.build().eval()
    model._networks.append(network)
    source = cube(pixels, size.frames, 0.0, model.imagery.needed)
    for precision in ("fp32", "bf16") if device == "cuda" else ("fp32",):
        run = lambda p=precision: eow.run(model, source, device=device, precision=p, batch=args.batch, progress=False)  # noqa: E731
        whole = seconds(run, device, args.repeats)
        network.to(device)
        x = torch.randn(args.batch, size.frames, 6, size.side, size.side, device=device)
        dates, places = torch.ones(args.batch, size.frames, 2, device=device), torch.zeros(args.batch, 2, device=device)

        def bare(x: Tensor = x, d: Tensor = dates, p: Tensor = places, kind: str = precision) -> None:
            with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=kind == "bf16"):
                network(x, d, p)

        alone = seconds(bare, device, args.repeats) * args.tiles**2 / args.batch
        print(
            f"\nPrithvi {args.size}, {device}, {precision}: {args.tiles**2} images of {size.side} pixels, {size.frames} dates: "
            f"{whole:.2f} s, {args.tiles**2 / whole:.2f} images/s, {alone / whole:.0%} of the bare module's throughput",
            flush=True,
        )


def main() -> None:
    """Run the requested parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=("forward", "galileo", "prithvi"))
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--size", default="v2-300m-tl", choices=tuple(PRITHVI))
    parser.add_argument("--large", action="store_true", help="forward: the 300M of Prithvi as well")
    parser.add_argument("--part", type=int, default=24, help="pixels along a side of what small patches are timed on")
    parser.add_argument(
        "--tiles", type=int, default=0, help="images along a side of the raster; 2 on a CPU, 8 on a GPU"
    )
    parser.add_argument("--batch", type=int, default=0, help="images at a time; 1 on a CPU, 16 on a GPU")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    args.tiles = args.tiles or (2 if args.device == "cpu" else 8)
    args.batch = args.batch or (1 if args.device == "cpu" else 16)
    torch.manual_seed(0)
    for part in args.parts:
        {"forward": forward, "galileo": over_a_cube, "prithvi": in_the_engine}[part](args)


if __name__ == "__main__":
    main()
