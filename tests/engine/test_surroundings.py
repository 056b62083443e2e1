"""A run leaves networks and global settings as they were, and does not disturb a run of the same model."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch
from support.toys import Identity
from torch import nn

import eowidgets as eow
from eowidgets.contract.outputs import Value
from eowidgets.engine.job import Cancelled
from eowidgets.engine.surroundings import SETTINGS, evaluating, interrupted, kept

WAIT = 30


class Dropper(nn.Module):
    """Drops everything in training; in evaluation it gives its input back, and stops where it is told to."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(1.0)
        self.frozen = nn.BatchNorm2d(1).eval()
        self.entered, self.gate = threading.Semaphore(0), threading.Semaphore(0)
        self.stops: set[int] = set()

    def forward(self, x):
        if threading.get_ident() in self.stops:
            self.entered.release()
            assert self.gate.acquire(timeout=WAIT)
        return self.drop(x)


def wrapped(net):
    return eow.wrap(net, bands=("red",), outputs=Value("o", dims="tyx"), window=8, name="dropper")


@pytest.fixture
def background(make_cube):
    """A submitted run that stands still in its first batch, the model, and what lets it go on."""
    net = Dropper().train()
    net.frozen.eval()
    model, cube = wrapped(net), make_cube(dates=1, height=8, width=8, clouds=0)

    def on_change(job):
        if job.state == "running":
            net.stops.add(threading.get_ident())

    job = eow.submit(model, cube, batch=1, precision="fp32", on_change=on_change)
    assert net.entered.acquire(timeout=WAIT)
    yield job, model, cube
    net.gate.release(1000)
    if job.state == "running":
        job.cancel()


def test_a_run_beside_another_of_the_same_model_sees_no_dropout(background):
    job, model, cube = background
    net = model.module()
    first = eow.run(model, cube, precision="fp32")
    np.testing.assert_array_equal(first["o"], cube["red"])
    assert not net.training  # the other run needs it
    net.gate.release(1000)
    np.testing.assert_array_equal(job.result(WAIT)["o"], cube["red"])
    assert (net.training, net.drop.training, net.frozen.training) == (True, True, False)


def test_a_cancel_reaches_its_own_run_only(background):
    job, model, cube = background
    job.cancel()
    np.testing.assert_array_equal(eow.run(model, cube, precision="fp32")["o"], cube["red"])
    model.module().gate.release(1000)
    with pytest.raises(Cancelled):
        job.result(WAIT)
    assert model.module().training
    assert not any(m._forward_pre_hooks for m in model.module().modules())


def test_modes_come_back_after_a_failure_too():
    net = Dropper().train()
    net.frozen.eval()
    with pytest.raises(ValueError, match="no"), evaluating(net), evaluating(net.drop):
        assert not net.drop.training
        raise ValueError("no")
    assert (net.training, net.drop.training, net.frozen.training) == (True, True, False)


def test_hooks_act_in_their_own_thread():
    net, calls = nn.Identity(), []
    with interrupted(net, lambda: calls.append(1)):
        net(torch.zeros(1))
        other = threading.Thread(target=net, args=(torch.zeros(1),))
        other.start()
        other.join()
    net(torch.zeros(1))
    assert calls == [1]


def disturb():
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.autograd.set_detect_anomaly(True)
    torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
    torch.set_float32_matmul_precision("medium")
    torch.set_flush_denormal(True)
    np.seterr(all="ignore")
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)


def state():
    drawn = (torch.get_rng_state().sum().item(), np.random.get_state()[1].sum(), hash(random.getstate()))  # noqa: NPY002
    return {name: read() for name, (read, _) in SETTINGS.items()} | {"drawn": drawn}


@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("where", ["predict", "outputs", "survey", "to"])
def test_settings_come_back_whatever_a_model_does(make_cube, where, raises):
    class Disturbing(Identity):
        name = "toy-disturbing"

        def _do(self, here):
            if here == where:
                disturb()
                if raises:
                    raise ValueError("no")

        def predict(self, batch):
            self._do("predict")
            return super().predict(batch)

        def outputs(self, bands):
            self._do("outputs")
            return super().outputs(bands)

        def survey(self, cube):
            self._do("survey")

        def to(self, device):
            self._do("to")
            return super().to(device)

    before = state()
    if raises:
        with pytest.raises(eow.EowidgetsError, match="'toy-disturbing' failed .*: ValueError: no"):
            eow.run(Disturbing, make_cube())
    else:
        eow.run(Disturbing, make_cube())
    assert state() == before


def test_a_run_in_the_background_leaves_the_generators_of_the_main_thread_alone():
    random.seed(3)
    drawn = [random.random() for _ in range(2)]
    random.seed(3)
    entered, leave = threading.Event(), threading.Event()

    def other():
        with kept():
            entered.set()
            assert leave.wait(WAIT)

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(WAIT)
    first = random.random()
    leave.set()
    thread.join()
    assert [first, random.random()] == drawn
