from __future__ import annotations

import numpy as np
import pytest
import torch
from support.toys import Identity, Mean, Smooth
from torch import nn

import eowidgets as eow
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.outputs import Bands, Value
from eowidgets.engine import device as dev
from eowidgets.engine.estimate import estimate
from eowidgets.engine.plan import Limits, Plan
from eowidgets.engine.workload import make_workload
from eowidgets.errors import InputError, ModelError
from eowidgets.system import parse_bytes


def plan_of(model, cube, memory="2GB", **limits) -> Plan:
    return make_workload(model, cube, device="cpu").plan(
        Limits(parse_bytes(memory), **limits), lambda _: None, lambda: None
    )


class Hungry(Smooth):
    """Keeps many copies of its input at one time."""

    name = "toy-hungry"

    def predict(self, batch: Batch):
        copies = [batch.x + i for i in range(50)]
        return {"smooth": super().predict(batch)["smooth"] + 0 * copies[7]}


def test_less_memory_gives_smaller_windows_and_strips(make_cube):
    cube = make_cube(dates=4, height=600, width=600)
    roomy, tight = plan_of(Hungry, cube, "8GB"), plan_of(Hungry, cube, "100MB")
    assert max(tight.window) < max(roomy.window) <= 512
    assert tight.rows <= roomy.rows
    assert tight.bytes < roomy.bytes


def test_a_hungrier_model_gets_smaller_batches_because_it_was_measured(make_cube):
    cube = make_cube(dates=1, height=200, width=2000)
    modest, hungry = plan_of(Smooth, cube, "100MB", window=64), plan_of(Hungry, cube, "100MB", window=64)
    assert 1 <= hungry.batch < modest.batch


def test_windows_respect_multiple_and_halo(make_cube):
    class Patchy(Mean):
        feed = Windows(halo=10, multiple=24)

    plan = plan_of(Patchy, make_cube(dates=1, height=700, width=90), "20MB")
    assert all(side % 24 == 0 and side > 20 for side in plan.window)
    with pytest.raises(InputError, match="give 48 instead of 40"):
        eow.run(Patchy, make_cube(), window=40)


@pytest.mark.parametrize("length", [513, 600, 1024, 1300, 2048, 5000])
def test_windows_chosen_by_the_engine_do_little_twice(make_cube, length):
    plan = plan_of(Smooth, make_cube(dates=1, height=40, width=length, bands=("red",)))
    axis = plan.grid((1, 40, length)).x
    assert len(axis) == -(-(length - 16) // (512 - 16))  # no more windows than of the largest size
    assert len(axis) * (axis.size - 16) + 16 - length < 16 * len(axis)


def test_a_plan_survives_being_written(make_cube):
    plan = plan_of(Identity, make_cube())
    assert Plan.from_json({**plan.to_json(), "device": "cpu"}) == plan
    before = {k: v for k, v in plan.to_json().items() if k != "blend"}  # of a result made before there was a blend
    assert Plan.from_json(before) == plan


def test_time_windows_need_one_frame_per_date(make_cube):
    class Wrong(Mean):
        feed = Windows(dates=3)

    with pytest.raises(ModelError, match="leave Windows.dates unset"):
        eow.run(Wrong, make_cube(dates=8))

    class Earlier(Identity):
        def out_dates(self, dates):
            return dates - np.timedelta64(1, "D")

    with pytest.raises(ModelError, match="needs the same dates"):
        eow.run(Earlier, make_cube())


@pytest.mark.parametrize(("text", "size"), [("2GB", 2e9), ("1.5 MiB", 1.5 * 2**20), (1000, 1000), ("64k", 64_000)])
def test_sizes_in_words(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "-1GB", "2 apples", "0", None, "1.2.3GB"])
def test_sizes_that_are_none(text):
    with pytest.raises(InputError, match="such as '2GB'"):
        parse_bytes(text)


def test_peak_memory_counts_what_lives_together():
    with dev.peak_memory(torch.device("cpu")) as found:
        a = torch.ones(1000)
        b = a + 1
        del a
        c = b * 2
        del b, c
        torch.ones(500)
    assert found == [2 * 4000]


def test_bf16_is_refused_where_it_changes_the_result():
    exact = torch.linspace(0, 1, 1000)
    assert dev.close_enough(exact, exact.bfloat16().float())
    assert not dev.close_enough(exact, exact + 0.01)
    # Around a large constant, bf16 has steps larger than the signal.
    assert not dev.close_enough(100 + exact, (100 + exact).bfloat16().float())
    constant = torch.full((10,), 0.3)
    assert not dev.close_enough(constant, constant.bfloat16().float())


def test_bf16_is_taken_when_asked_for_and_shows_in_the_provenance(make_cube):
    seen = []

    class Peek(Smooth):
        name = "toy-peek"

        def predict(self, batch):
            out = super().predict(batch)
            seen.append(out["smooth"].dtype)
            return out

    out = eow.run(Peek, make_cube(clouds=0), precision="bf16", window=32, batch=1)
    assert set(seen) == {torch.bfloat16}
    assert out["red"].dtype == np.float32
    assert '"precision": "bf16"' in out.attrs["provenance"]


def test_compile_gives_the_same(make_cube, monkeypatch):
    # The compiler itself is torch's; here only that its result is used, and undone afterwards.
    calls = []

    def compile_module(self, **options):
        calls.append(options)
        self._compiled_call_impl = self._call_impl

    monkeypatch.setattr(nn.Module, "compile", compile_module)
    cube, model = make_cube(height=20, width=20), Smooth()
    expected = eow.run(Smooth, cube, window=20, precision="fp32")
    got = eow.run(model, cube, window=20, precision="fp32", compile=True)
    np.testing.assert_array_equal(got["red"], expected["red"])
    assert calls == [{"dynamic": False}]
    assert model.net._compiled_call_impl is None


def test_an_estimate_knows_size_and_shape(make_cube):
    cube = make_cube(dates=3, height=100, width=200)
    found = estimate(Smooth, cube)
    assert (found.pixels, found.dates) == (20_000, 3)
    assert found.seconds > 0
    # two float32 bands and two masks over three dates
    assert found.result_bytes == 20_000 * 3 * (2 * 4 + 2)
    assert found.result_bytes == eow.run(Smooth, cube).drop_vars(["x", "y", "time", "spatial_ref"]).nbytes
    assert "Mpx × 3 dates: about" in str(found)


def test_an_estimate_refuses_what_a_run_refuses(make_cube):
    with pytest.raises(InputError, match="Memory is"):
        estimate(Smooth, make_cube(), memory="lots")
    with pytest.raises(InputError, match="no parameter"):
        estimate(Smooth, make_cube(), wibble=3)


def test_the_model_is_left_as_it_was_found(make_cube):
    model = Smooth()
    model.net.train()
    eow.run(model, make_cube(height=80, width=80))
    assert model.net.training
    assert not model.net._forward_pre_hooks


def test_outputs_named_like_bands_twice_are_refused(make_cube):
    class Twice(Identity):
        def outputs(self, bands):
            return (Bands("same", "tyx"), Value("red"))

    with pytest.raises(ModelError, match="output named 'red' twice"):
        eow.run(Twice, make_cube())


@pytest.mark.parametrize("fast", [True, False])
def test_bf16_is_used_only_where_there_are_units_for_it(monkeypatch, fast):
    monkeypatch.setattr(dev, "bf16_is_fast", lambda device: fast)
    with dev.fast_autocast():
        made = torch.ones(2, 2) @ torch.ones(2, 2)
    assert made.dtype == (torch.bfloat16 if fast else torch.float32)


def test_windows_of_other_dates_are_never_in_one_batch(make_cube):
    """Every window gets its own days, however many windows a batch has."""

    class Day(Identity):
        name = "toy-day"
        feed = Windows(dates=3, date_halo=1)

        def predict(self, batch):
            return {"same": batch.days.to(batch.x.dtype)[None, :, None, None, None].expand_as(batch.x)}

    cube = make_cube(dates=9, height=20, width=40, clouds=0)
    days = cube["time"].values.astype("datetime64[s]").astype("float64") / 86_400
    for batch in (1, 2, 5, 16):
        out = eow.run(Day, cube, window=8, batch=batch)
        np.testing.assert_allclose(out["red"].values, np.broadcast_to(days[:, None, None], out["red"].shape))
