"""A run goes on from another one only if the model is the same: weights, settings, code, and what the code uses."""

from __future__ import annotations

import json
import linecache

import numpy as np
import pytest
import torch
from support.toys import CARD, Identity, Smooth
from torch import nn

import eowidgets as eow
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Value
from eowidgets.contract.task import Task
from eowidgets.engine.identity import code_hash, run_hash
from eowidgets.engine.journal import Journal

CELL = """
FACTOR = {factor}
def helper(x):
    return x {operator} FACTOR
class Mine(Model):
    name = "mine"
    task = Task.RECONSTRUCT
    card = CARD
    {extra}
    def outputs(self, bands):
        return (Bands("o", "tyx"),)
    def predict(self, batch):
        return {{"o": helper(batch.x)}}
"""


def cell(number=0, factor=1.0, operator="*", extra="", *, source=True):
    """Run a notebook cell; its text can be found where ``source`` is True, as IPython does it."""
    text, name = CELL.format(factor=factor, operator=operator, extra=extra), f"<cell {number}>"
    if source:
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {"Model": Model, "Task": Task, "CARD": CARD, "Bands": Bands, "__name__": "__main__"}
    exec(compile(text, name, "exec"), space)
    return space["Mine"]()


@pytest.mark.parametrize("source", [True, False])
@pytest.mark.parametrize("change", [{"factor": 2.0}, {"operator": "+"}, {"extra": "offset = 3"}])
def test_an_edited_cell_is_another_model(source, change):
    one, same = cell(1, source=source), cell(2, source=source)
    other = cell(3, source=source, **change)
    assert code_hash(one) == code_hash(same)
    assert code_hash(one) != code_hash(other)
    assert run_hash(one) == run_hash(same)
    assert run_hash(one) != run_hash(other)


def made(gain, log):
    class Closed(Identity):
        def predict(self, batch):
            log.append(1)
            return {"same": batch.raw * gain}

    return Closed()


def test_a_value_from_outside_counts_and_a_list_that_grows_is_not_noted():
    log = []
    one = made(1.0, log)
    before = code_hash(one)
    log.append(1)
    assert code_hash(one) == before
    assert code_hash(made(2.0, log)) != before


def test_public_attributes_tell_runs_apart():
    class Gain(Identity):
        def __init__(self, gain):
            super().__init__()
            self.gain, self._cache = gain, object()

    assert run_hash(Gain(1)) == run_hash(Gain(1)) != run_hash(Gain(2))
    assert run_hash(Gain(np.ones(3))) != run_hash(Gain(np.zeros(3)))
    assert run_hash(Gain({"a": [1]})) != run_hash(Gain({"a": [2]}))


def test_the_code_of_a_network_counts():
    def wrapped(power):
        class Net(nn.Module):
            def forward(self, x):
                return x**power

        return eow.wrap(Net(), bands=("red",), outputs=Value("o", dims="tyx"), window=16)

    assert code_hash(wrapped(1)) == code_hash(wrapped(1)) != code_hash(wrapped(2))


def test_models_of_the_package_have_a_hash_that_stays():
    for name in ("fill-linear", "change-otsu", "break-ensemble"):
        one, two = _get(name), _get(name)
        assert code_hash(one) == code_hash(two)
        assert run_hash(one) == run_hash(two)
    assert code_hash(_get("fill-linear")) != code_hash(_get("fill-last"))


def _get(name):
    from eowidgets.contract.registry import get_model

    return get_model(name)


def wrapped(**options):
    torch.manual_seed(0)
    net = nn.Conv2d(1, 1, 1)
    return eow.wrap(net, bands=("red",), outputs=Value("o", dims="tyx"), **{"window": 16, **options})


@pytest.mark.parametrize(
    "options",
    [{"scale": 100.0}, {"mean": (0.2,)}, {"std": (2.0,)}, {"layout": "btchw"}, {"see": "clear"}, {"window": 32}],
)
def test_the_arguments_of_wrap_are_in_the_provenance_and_stop_a_resume(make_cube, tmp_path, monkeypatch, options):
    class Killed(BaseException):
        pass

    def finished(self, start, stop):
        real(self, start, stop)
        raise Killed

    cube, out, real = make_cube(height=64, width=16), tmp_path / "r.zarr", Journal.finished
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Journal, "finished", finished)
        eow.run(wrapped(), cube, out=out, memory="50kB", precision="fp32")
    if options == {"layout": "btchw"}:  # of other shapes: the notes alone are compared
        assert wrapped(**options).settings() != wrapped().settings()
        return
    job = eow.submit(wrapped(**options), cube, out=out, memory="50kB", precision="fp32")
    found = job.result(60)
    assert not any("Continuing" in line for line in job.log)
    (name, value), notes = next(iter(options.items())), json.loads(found.attrs["provenance"])["settings"]
    told = notes["feed"]["size"] if name == "window" else notes[name]
    assert told == (list(value) if isinstance(value, tuple) else value)
    again = eow.rerun(out, cube, model=wrapped())
    assert "settings" in again.changed
    assert eow.rerun(out, cube, model=wrapped(**options)).identical


def test_a_lazy_file_that_was_replaced_stops_a_resume(make_cube, tmp_path):
    from eowidgets.engine.provenance import content_hash

    make_cube(height=40).to_netcdf(tmp_path / "in.nc")
    one = content_hash(eow.open(tmp_path / "in.nc", chunks={}), ("red", "nir"))
    assert content_hash(eow.open(tmp_path / "in.nc", chunks={}), ("red", "nir")) == one
    make_cube(height=40, seed=2).to_netcdf(tmp_path / "in.nc")
    assert content_hash(eow.open(tmp_path / "in.nc", chunks={}), ("red", "nir")) != one


def test_a_rerun_with_edited_code_says_so(make_cube):
    cube = make_cube()
    out = eow.run(cell(1), cube)
    assert eow.rerun(out, cube, model=cell(2)).identical
    again = eow.rerun(out, cube, model=cell(3, factor=2.0))
    assert not again.identical
    assert "code_sha256" in again.changed
    assert set(eow.rerun(eow.run(Smooth, cube), cube, model=Smooth).changed) == set()
