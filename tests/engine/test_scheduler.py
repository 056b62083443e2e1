from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading

import pytest
from support.toys import Identity

import eowidgets as eow
from eowidgets.engine import scheduler, work
from eowidgets.engine.reader import read_ahead, write_behind
from eowidgets.engine.scheduler import HEAVY, LIGHT, Lane, run_here
from eowidgets.engine.work import Cancelled, Work, active
from eowidgets.errors import InputError

WAIT = 30


class Held:
    """Work that reports when it is in its function, and stays there until it is released."""

    def __init__(self, result=None):
        self.inside, self.go, self.value = threading.Event(), threading.Event(), result

    def __call__(self, work):
        self.inside.set()
        assert self.go.wait(WAIT)
        work.checkpoint()
        return self.value


@pytest.fixture
def lane():
    made = Lane("test", 1)
    yield made
    made.close(timeout=1)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(work, "PATIENCE", 0.02)


def told(job, what):
    """Wait until a callback has seen something."""
    there = threading.Event()
    job.on_change(lambda j: there.set() if what(j) else None)
    if what(job):
        there.set()
    assert there.wait(WAIT), job


def test_heavy_work_runs_one_at_a_time_in_the_order_it_came():
    assert HEAVY.slots == 1
    first, order = Held(1), []
    one = HEAVY.submit("first", first)
    assert first.inside.wait(WAIT)
    others = [HEAVY.submit(f"n{i}", lambda w: order.append(w.name)) for i in range(4)]
    assert [w.state for w in others] == ["queued"] * 4
    assert others[2].status == "Waiting for 'first'"
    first.go.set()
    assert one.result(WAIT) == 1
    for other in others:
        other.result(WAIT)
    assert order == ["n0", "n1", "n2", "n3"]


def test_runs_and_estimates_share_the_one_slot(make_cube):
    held = Held()
    HEAVY.submit("change by break-ccdc", held)
    assert held.inside.wait(WAIT)
    job = eow.submit(Identity, make_cube())
    assert job.state == "queued"
    assert job.status == "Waiting for 'change by break-ccdc'"
    with pytest.raises(TimeoutError, match="waiting for 'change by break-ccdc'"):
        job.result(0.01)
    held.go.set()
    assert job.result(WAIT).sizes == make_cube().sizes


def test_queued_work_can_be_cancelled_and_is_never_done(lane):
    held, done = Held(), []
    lane.submit("first", held)
    assert held.inside.wait(WAIT)
    second, third = lane.submit("second", done.append), lane.submit("third", lambda _: 3)
    second.cancel()
    assert second.state == "cancelled"
    held.go.set()
    assert third.result(WAIT) == 3
    assert done == []
    with pytest.raises(Cancelled, match="'second' was cancelled"):
        second.result()


def test_errors_reach_the_work_that_raised_them(lane):
    def fails(_):
        raise ZeroDivisionError("here")

    bad, good = lane.submit("bad", fails), lane.submit("good", lambda _: 1)
    assert good.result(WAIT) == 1
    assert good.error is None
    with pytest.raises(ZeroDivisionError, match="here"):
        bad.result(WAIT)
    assert bad.state == "failed"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_no_error_ends_the_lane(lane, error):
    def fails(_):
        raise error

    bad = lane.submit("bad", fails)
    with pytest.raises((Cancelled, error)):
        bad.result(WAIT)
    assert lane.submit("good", lambda _: 1).result(WAIT) == 1


def test_work_of_one_owner_never_runs_twice_at_a_time_while_that_of_others_does():
    lane, owner = Lane("test", 3), object()
    held, other = Held(), Held("other")
    first = lane.submit("first", held, owner=owner)
    assert held.inside.wait(WAIT)
    second = lane.submit("second", lambda _: "second", owner=owner)
    third = lane.submit("third", other)
    assert other.inside.wait(WAIT)
    assert second.state == "queued"
    assert second.status == "Waiting for 'first'"
    held.go.set()
    other.go.set()
    assert (first.result(WAIT), second.result(WAIT), third.result(WAIT)) == (None, "second", "other")
    lane.close()


def test_dropping_an_owner_cancels_its_work_and_no_other():
    lane, owner = Lane("test", 1), object()
    held = Held()
    running = lane.submit("running", held, owner=owner)
    assert held.inside.wait(WAIT)
    queued, other = lane.submit("queued", lambda _: 1, owner=owner), lane.submit("other", lambda _: 2)
    lane.drop(owner)
    held.go.set()
    assert other.result(WAIT) == 2
    assert [w.state for w in (running, queued)] == ["cancelled", "cancelled"]
    lane.close()


def test_work_that_waits_for_its_own_lane_is_done_in_its_place(lane):
    def outer(_):
        inner = lane.submit("inner", lambda w: (w.name, threading.current_thread()))
        return inner.result(WAIT), threading.current_thread()

    (name, inside), outside = lane.submit("outer", outer).result(WAIT)
    assert name == "inner"
    assert inside is outside


def test_a_run_in_a_callback_of_a_run_does_not_wait_for_itself(make_cube):
    seen = []
    job = eow.submit(
        Identity, make_cube(), on_window=lambda _: seen.append(eow.submit(Identity, make_cube()).result(WAIT))
    )
    job.result(WAIT)
    assert [s.sizes["time"] for s in seen] == [4]
    assert not any("callback failed" in line for line in job.log)


def test_a_run_that_light_work_starts_waits_for_the_heavy_slot(make_cube):
    held = Held()
    HEAVY.submit("units-clouds", held)
    assert held.inside.wait(WAIT)
    question = Work("question", lambda _: eow.run(Identity, make_cube()).sizes["time"])
    states = []
    question.on_change(lambda w: states.append(w.status))
    LIGHT.put(question)
    told(question, lambda w: w.status == "Waiting for 'units-clouds'")
    held.go.set()
    assert question.result(WAIT) == 4
    assert states[-1] == "Done"


def test_cancelling_work_cancels_the_run_inside_it(make_cube):
    inside = threading.Event()

    class Endless(Identity):
        name = "toy-endless"

        def predict(self, batch):
            inside.set()
            while True:
                active().checkpoint()

    task = HEAVY.submit("forecast", lambda _: eow.run(Endless, make_cube()))
    assert inside.wait(WAIT)
    task.cancel()
    with pytest.raises(Cancelled):
        task.result(WAIT)
    assert task.state == "cancelled"


def test_a_cell_waits_for_no_background_work(make_cube):
    held = Held()
    HEAVY.submit("long", held)
    assert held.inside.wait(WAIT)
    assert eow.run(Identity, make_cube()).sizes["time"] == 4
    here = Work("here", lambda _: threading.current_thread())
    run_here(here)
    assert here.result() is threading.current_thread()
    held.go.set()


def test_work_that_hangs_loses_its_slot_and_is_reported(lane, impatient):
    held = Held()
    stuck = lane.submit("stuck", held)
    assert held.inside.wait(WAIT)
    stuck.cancel()
    told(stuck, lambda w: w.hangs)
    assert stuck.status == "Cancelled; waiting for the model to return"
    assert lane.hanging == [stuck]
    assert lane.submit("next", lambda _: 1).result(WAIT) == 1
    thread = stuck._thread
    held.go.set()
    thread.join(WAIT)
    assert not thread.is_alive()
    assert stuck.state == "cancelled"
    assert lane.hanging == []


def test_close_cancels_everything_and_starts_nothing_more(impatient):
    lane = Lane("test", 1)
    held = Held()
    running = lane.submit("running", held)
    assert held.inside.wait(WAIT)
    queued = lane.submit("queued", lambda _: 1)
    held.go.set()
    lane.close()
    assert {running.state, queued.state} <= {"cancelled", "done"}
    assert lane.submit("late", lambda _: 1).state == "queued"


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_work_is_not_copied(copier, make_cube):
    with pytest.raises(InputError, match="cannot be copied or sent"):
        copier(eow.submit(Identity, make_cube()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_has_no_work_of_its_parent_and_can_do_its_own():
    code = """
import os, threading
from eowidgets.engine.scheduler import HEAVY
inside, go = threading.Event(), threading.Event()
first = HEAVY.submit("first", lambda _: (inside.set(), go.wait(30))[1])
second = HEAVY.submit("second", lambda _: 2)
assert inside.wait(30)
pid = os.fork()
if pid == 0:
    good = first.state == second.state == "cancelled" and HEAVY.submit("own", lambda _: 7).result(10) == 7
    os._exit(0 if good else 1)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
go.set()
print(first.result(30), second.result(30))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["True", "2"]


def test_the_interpreter_ends_although_work_does_not():
    code = """
import threading
from eowidgets.engine import scheduler
scheduler.FAREWELL = 0.1
inside = threading.Event()
scheduler.HEAVY.submit("endless", lambda _: (inside.set(), threading.Event().wait()))
assert inside.wait(30)
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_the_scheduler_needs_no_torch():
    code = "import sys, eowidgets.engine.scheduler; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_reads_run_one_ahead_and_in_order():
    started = []
    ahead = read_ahead((lambda i=i: started.append(i) or i for i in range(4)), lambda: None)
    assert next(ahead) == 0
    assert list(ahead) == [1, 2, 3]
    assert started == [0, 1, 2, 3]
    assert not [t for t in threading.enumerate() if t.name == "eow-read" and t.is_alive() and not t.daemon]


def test_a_write_that_has_begun_is_finished_when_the_run_is_cancelled():
    written, go = [], threading.Event()

    def write(item):
        assert go.wait(WAIT)
        written.append(item)

    def items():
        yield "a"
        go.set()
        raise Cancelled("no more")

    with pytest.raises(Cancelled, match="no more"):
        write_behind(items(), write, lambda: None)
    assert written == ["a"]


def test_hanging_work_of_all_lanes_is_listed(impatient):
    held = Held()
    stuck = LIGHT.submit("tiles", held, owner=object())
    assert held.inside.wait(WAIT)
    stuck.cancel()
    told(stuck, lambda w: w.hangs)
    assert stuck in scheduler.hanging()
    held.go.set()
    with pytest.raises(Cancelled):
        stuck.result(WAIT)
    assert stuck not in scheduler.hanging()
