"""DynamicVis beside a vision transformer of the same width: seconds and memory of one image by its side.

``python -m benchmarks.encoders_dynamicvis --side 2048``: each is measured in a process of its own, on one thread, with random
weights, and the ratios are printed. The transformer has patches of 16 pixels and, as a second peer, of 32, the stride of
DynamicVis. Memory is the highest resident set less that before the call.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from torch import Tensor, nn

from eowidgets.models.blocks.vit import Block
from eowidgets.models.encode.dynamicvis import PAPER, SMALL, DynamicVis

NAMES = ("dynamicvis", "vit-16", "vit-32")


class Transposed(nn.Module):
    """Turn (b, c, n) into tokens (b, n, c)."""

    def forward(self, x: Tensor) -> Tensor:
        """Swap the last two axes."""
        return x.transpose(1, 2)


def measure(name: str, side: int, size: str) -> dict[str, float]:
    """Return seconds, megabytes and millions of weights of one network on one image."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = SMALL if size == "small" else PAPER[size]
    width = config.widths[-1]
    network: nn.Module
    if name == "dynamicvis":
        network = DynamicVis(config)
    else:
        patch = int(name.rpartition("-")[2])
        depth = {"small": 4}.get(size, 12)
        heads = max(1, width // 64)
        blocks = [Block(width, heads, 4 * width, fused=True) for _ in range(depth)]
        network = nn.Sequential(nn.Conv2d(3, width, patch, patch), nn.Flatten(2), Transposed(), *blocks)
    network.eval()
    x = torch.randn(1, 3, side, side)
    with torch.inference_mode():
        network(torch.randn(1, 3, 128, 128))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        network(x)
        seconds = time.process_time() - started
    used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"cpu_s": seconds, "mb": used, "million weights": sum(p.numel() for p in network.parameters()) / 1e6}


def main() -> None:
    """Print a table from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, nargs="+", default=[1024, 2048])
    parser.add_argument("--size", choices=("small", "base", "large"), default="small")
    parser.add_argument("--only", choices=NAMES)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only, args.side[0], args.size)))
        return
    print("| side | network | million weights | CPU s | MB | time, share of DynamicVis | memory, share |")
    print("|---|---|---|---|---|---|---|")
    for side in args.side:
        found = {}
        for name in NAMES:
            command = [sys.executable, "-m", "benchmarks.encoders_dynamicvis", "--only", name, "--side", str(side)]
            done = subprocess.run([*command, "--size", args.size], capture_output=True, text=True, check=True)
            found[name] = json.loads(done.stdout)
        own = found["dynamicvis"]
        for name, row in found.items():
            shares = [f"{row[k] / own[k]:.2f}" for k in ("cpu_s", "mb")]
            print(
                f"| {side} | {name} | {row['million weights']:.2f} | {row['cpu_s']:.2f} | {row['mb']:.0f} | "
                f"{' | '.join(shares)} |"
            )


if __name__ == "__main__":
    main()
