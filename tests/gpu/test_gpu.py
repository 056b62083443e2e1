"""The GPU gives what the CPU gives, and its memory is used and given back as promised."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import eowidgets as eow
from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.registry import model_classes
from eowidgets.contract.task import Task
from eowidgets.engine import device as dev

#: Difference in float32 as a share of the largest value: sums run in another order, and convolutions may use TF32.
FP32 = 2e-3
#: The same in bf16, as the root of the mean square over the standard deviation; and pixels that may change class.
BF16, CLASSES = 0.03, 0.01

#: Encoders take weights that do not come with the package.
HERE = [m for m in model_classes() if m.task is not Task.EMBED]


def given_to(model: type[Model], season) -> xr.Dataset:
    """A cube that the model takes: as many dates and as fine as it asks for."""
    if model.name == "change-logratio":
        return season(2, 80)[["red", "nir", "clouds", "valid"]].rename(red="vv", nir="vh")
    if (issubclass(model, Model) and model.feed.max_dates == 2) or model.name.startswith("change-"):
        return season(2, 80, 0.5 if model.feed.bands else 10.0)
    if model.task is Task.DETECT_CHANGE and not model.name.startswith("break-"):
        return season(2, 80)
    return season(36, 40) if model.feed.size else season(60, 24)


def difference(one: xr.Dataset, other: xr.Dataset) -> dict[str, float]:
    """For each variable the share of pixels of another class, or the largest difference over the largest value."""
    assert set(one.data_vars) == set(other.data_vars)
    found = {}
    for name in one.data_vars:
        a, b = one[name].values, other[name].values
        if a.dtype.kind in "mM":
            a, b = a.astype("int64"), b.astype("int64")
        if a.dtype.kind in "iub":
            found[name] = float((a != b).mean())
            continue
        assert np.array_equal(np.isnan(a), np.isnan(b)), name
        found[name] = float(np.nanmax(np.abs(a - b), initial=0) / max(np.nanmax(np.abs(a), initial=0), 1e-6))
    return found


@pytest.mark.parametrize("name", sorted(m.name for m in HERE))
def test_every_model_gives_what_it_gives_on_the_cpu(name, device, season):
    cube = given_to(next(m for m in model_classes() if m.name == name), season)
    expected = eow.run(name, cube, device="cpu", precision="fp32", progress=False)
    found = eow.run(name, cube, device=device, precision="fp32", progress=False)
    for variable, off in difference(expected, found).items():
        limit = CLASSES if expected[variable].dtype.kind in "iubmM" else FP32
        assert off <= limit, f"{variable}: {off:.2g}"


@pytest.mark.parametrize("name", [m.name for m in HERE if m.feed.size and not m.name.startswith("fill")])
def test_networks_in_bf16_stay_close(name, device, season):
    cube = given_to(next(m for m in model_classes() if m.name == name), season)
    exact = eow.run(name, cube, device=device, precision="fp32", progress=False)
    fast = eow.run(name, cube, device=device, precision="bf16", progress=False)
    for variable in exact.data_vars:
        a, b = exact[variable].values, fast[variable].values
        if a.dtype.kind != "f":
            assert (a != b).mean() <= CLASSES, variable
            continue
        # A flat field has no spread, but its numbers are rounded to eight bits all the same.
        limit = max(BF16 * float(np.nanstd(a)), 2**-8 * float(np.nanmean(np.abs(a))))
        assert np.sqrt(np.nanmean((a - b) ** 2)) <= limit, variable


class Wide(Model):
    """A convolution with many channels: needs memory in proportion to the batch."""

    name = "test-wide"
    task = Task.RECONSTRUCT
    card = Card("Wide convolution", licence="Apache-2.0")
    feed = Windows(size=256, halo=2)

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Conv2d(1, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 1, 3, padding=1))
        self.batches: list[int] = []

    def module(self) -> nn.Module:
        return self.net

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        return (Value("smooth", dims="yx"),)

    def predict(self, batch):
        self.batches.append(len(batch.x))
        return {"smooth": self.net(batch.x[:, 0, :1])[:, 0]}


def test_out_of_memory_halves_the_batch_and_the_result_stays(cuda, season):
    cube = season(1, 1000)[["red", "valid", "clouds"]]
    expected = eow.run(Wide(), cube, device="cpu", precision="fp32", batch=1, progress=False)
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info(cuda)
    # Four windows of 256 channels take 270 MB and more for each convolution; sixteen do not fit into 700 MB.
    torch.cuda.set_per_process_memory_fraction(min(1.0, 700e6 / total), cuda)
    try:
        model = Wide()
        job = eow.submit(model, cube, device="cuda", precision="fp32", batch=16)
        found = job.result()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, cuda)
    assert min(model.batches) < 16
    assert difference(expected, found)["smooth"] <= FP32


def test_cancel_frees_the_memory(cuda, season):
    torch.cuda.empty_cache()
    before = dev.used_memory(cuda)
    started = threading.Event()
    job = eow.submit(
        Wide(),
        season(1, 2000)[["red", "valid", "clouds"]],
        device="cuda",
        batch=1,
        on_change=lambda j: j.progress > 0 and started.set(),
    )
    assert started.wait(60)
    job.cancel()
    with pytest.raises(eow.EowidgetsError):
        job.result()
    assert dev.used_memory(cuda) <= before + 1_000_000


def test_a_run_leaves_no_memory_behind(cuda, season):
    cube = season(1, 600)[["red", "valid", "clouds"]]
    eow.run(Wide(), cube, device="cuda", progress=False)
    before = dev.used_memory(cuda)
    eow.run(Wide(), cube, device="cuda", progress=False)
    assert dev.used_memory(cuda) <= before + 1_000_000


def test_copies_between_host_and_gpu_lose_nothing(device, season):
    cube = season(1, 700)[["red", "valid", "clouds"]]
    many = eow.run(Wide(), cube, device=device, batch=1, precision="fp32", progress=False)
    few = eow.run(Wide(), cube, device=device, batch=8, precision="fp32", progress=False)
    assert difference(many, few)["smooth"] <= FP32
