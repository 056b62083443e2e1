"""Performance of the engine on a GPU: one command on a machine with a GPU.

    make gpu                                   # tests/gpu, then all parts of this file
    python benchmarks/gpu.py [throughput] [precision] [overlap] [units] [memory] [cancel] [--device cuda] [--quick]

Every figure is a ratio to a measurement of the same run: the bare module on the same windows, already on the card, or the
peak of the card, measured with a matrix product. ``--quick --device cpu`` tests the file itself.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable

import torch
from engine import BANDS, Segment, bare, cube
from torch.utils.flop_counter import FlopCounterMode

import eowidgets as eow
from eowidgets.engine import device as dev
from eowidgets.models.units.condition import condition
from eowidgets.models.units.config import CONFIGS
from eowidgets.models.units.network import UniTS


def wait(device: str) -> None:
    """Wait until the device has completed all requests."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], device: str, repeats: int = 5) -> float:
    """Return the median seconds of a piece of work, after one warm-up run."""
    found = []
    for _ in range(repeats + 1):
        wait(device)
        began = time.perf_counter()
        work()
        wait(device)
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


def peak(device: str, precision: str, quick: bool) -> float:
    """Return the operations per second of the card in a large matrix product."""
    side = 512 if quick else 8192
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    return 2 * side**3 / seconds(lambda: a @ b, device)


def throughput(args: argparse.Namespace) -> None:
    """Compare the engine with the bare module on the same windows."""
    print("\nThroughput: engine / bare module (median of 5, taken in turns)")
    side = 512 if args.quick else 8192
    source = cube(side, side)
    for precision in ("fp32", "bf16"):
        job = eow.submit(Segment, source, device=args.device, precision=precision)
        job.result()
        size, batch = job.plan["window"][1], job.plan["batch"]
        ours, theirs = [], []
        for _ in range(2 if args.quick else 5):
            theirs.append(float(bare(Segment(), source, size, batch, args.device, precision)[0]))
            ours.append(
                seconds(
                    lambda s=size, b=batch, p=precision: eow.run(
                        Segment, source, device=args.device, window=s, batch=b, precision=p, progress=False
                    ),
                    args.device,
                    1,
                )
            )
        a, b = statistics.median(theirs), statistics.median(ours)
        rate = side * side / b / 1e6
        print(f"  {precision}: window {size}, batch {batch}, {rate:.1f} Mpx/s, engine / bare {b / a:.3f} (target 1.05)")


def precision(args: argparse.Namespace) -> None:
    """Print the gain of bf16, and the precision that the engine chooses."""
    print("\nPrecision")
    side = 512 if args.quick else 4096
    source = cube(side, side)
    times = {
        p: seconds(
            lambda p=p: eow.run(Segment, source, device=args.device, precision=p, progress=False), args.device, 3
        )
        for p in ("fp32", "bf16")
    }
    job = eow.submit(Segment, source, device=args.device)
    job.result()
    print(f"  fp32 / bf16 {times['fp32'] / times['bf16']:.2f}; the engine chooses {job.plan['precision']} by default")


def overlap(args: argparse.Namespace) -> None:
    """Compare the time of a run with the sum of its copies and its computing."""
    print("\nOverlap of copies and computing")
    side = 512 if args.quick else 8192
    source = cube(side, side)
    model = Segment()
    job = eow.submit(model, source, device=args.device, precision="bf16")
    job.result()
    size, batch = job.plan["window"][1], job.plan["batch"]
    host = torch.randn(batch, len(BANDS), size, size)
    host = host.pin_memory() if args.device == "cuda" else host
    net = model.net.to(args.device).eval()
    there = host.to(args.device)
    with torch.inference_mode(), dev.autocast(torch.device(args.device), "bf16"):
        computing = seconds(lambda: net(there), args.device)
        result = net(there).float()
    copying = seconds(lambda: host.to(args.device, non_blocking=True), args.device)
    copying += seconds(lambda: result.to("cpu"), args.device)
    whole = seconds(
        lambda: eow.run(model, source, device=args.device, window=size, batch=batch, precision="bf16", progress=False),
        args.device,
        3,
    )
    windows = (side / (size - 2 * model.feed.halo)) ** 2 / batch
    print(
        f"  a batch computes {1e3 * computing:.2f} ms and is copied {1e3 * copying:.2f} ms; the run takes "
        f"{whole / (windows * (computing + copying)):.2f} of both in turn, {whole / (windows * computing):.2f} of computing"
    )


def units(args: argparse.Namespace) -> None:
    """Print the share of the card's peak that UniTS base (random weights) reaches."""
    print("\nUniTS base, 16 windows of 24 dates of 32 x 32 pixels, one step of the network")
    config = CONFIGS["tiny" if args.quick else "base"]
    torch.manual_seed(0)
    net = UniTS(config).to(args.device).eval()
    windows, dates, side = (1, 6, 16) if args.quick else (16, 24, 32)
    x = torch.rand(windows, dates, len(config.bands), side, side, device=args.device)
    days = 18_000 + 10.0 * torch.arange(dates, device=args.device).expand(windows, dates)
    given = condition(x, torch.ones_like(x[:, :, 0], dtype=torch.bool), days, config.bands)
    noisy = torch.randn(1, windows, dates, config.channels, side, side, device=args.device)
    step = torch.full((1, windows), 0.5, device=args.device)
    for kind in ("fp32", "bf16"):
        with torch.inference_mode(), dev.autocast(torch.device(args.device), kind):
            context = net.encode(given)
            with FlopCounterMode(display=False) as counter:
                net(noisy, step, context)
            took = seconds(lambda c=context: net(noisy, step, c), args.device)
        reached = counter.get_total_flops() / took
        share = reached / peak(args.device, kind, args.quick)
        print(f"  {kind}: {reached / 1e12:.2f} TFLOP/s, {100 * share:.0f} % of this card's peak")


def memory(args: argparse.Namespace) -> None:
    """Print card memory before, at most during, and after a run."""
    if args.device != "cuda":
        print("\nMemory: only on cuda")
        return
    print("\nMemory of the card")
    device = torch.device("cuda", torch.cuda.current_device())
    before, free = dev.used_memory(device), dev.free_memory(device)
    torch.cuda.reset_peak_memory_stats(device)
    eow.run(Segment, cube(8192, 8192), device="cuda", progress=False)
    most = torch.cuda.max_memory_allocated(device)
    print(
        f"  before {before / 1e6:.0f} MB, at most {most / 1e9:.2f} GB ({100 * most / free:.0f} % of what was free, limit "
        f"{100 * dev.GPU_SHARE:.0f} %), after {dev.used_memory(device) / 1e6:.0f} MB"
    )


def cancel(args: argparse.Namespace) -> None:
    """Print the time from cancel() to the end of the job, and the memory left on the card."""
    side = 1024 if args.quick else 16384
    source = cube(side, side)
    times = []
    for i in range(3 if args.quick else 8):
        started = threading.Event()
        job = eow.submit(Segment, source, device=args.device, on_change=lambda j, e=started: j.progress > 0 and e.set())
        started.wait()
        time.sleep(0.01 * i)
        began = time.perf_counter()
        job.cancel()
        try:
            job.result()
        except eow.EowidgetsError:
            times.append(1e3 * (time.perf_counter() - began))
    left = dev.used_memory(torch.device(args.device)) / 1e6
    worst = f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms" if times else "all ended before it"
    print(f"\nCancel: {worst} (target 500 ms); {left:.0f} MB left on the card")


PARTS = {f.__name__: f for f in (throughput, precision, overlap, units, memory, cancel)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all without a name")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small inputs, to try this file")
    args = parser.parse_args()
    if args.device == "cuda":
        if not torch.cuda.is_available():
            raise SystemExit("There is no CUDA device: run this on a machine with a GPU.")
        print(torch.cuda.get_device_name())
    for name in args.parts or PARTS:
        PARTS[name](args)


if __name__ == "__main__":
    main()
