"""The labelling queue: blind, one key per answer, nothing lost."""

from __future__ import annotations

import pandas as pd
import pytest

import eowidgets as eow
from eowidgets.analysis.measure.accuracy.agreement import agreement
from eowidgets.analysis.measure.accuracy.queue import LabelQueue
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania").isel(time=slice(0, 140, 4))


@pytest.fixture(scope="module")
def raster(cube):
    return (cube["nir"].isel(time=30) < 0.25).rename("dark")


@pytest.fixture(scope="module")
def points(raster):
    return eow.sample(raster, 12, allocation="equal")


@pytest.fixture
def queue(cube, points, tmp_path):
    found = eow.SampleQueue(cube, points, path=tmp_path / "a.csv", dated=["dark"])
    yield found
    found.close()


def send(queue, kind, **more):
    queue._hear(None, {"type": kind, **more}, None)


def test_a_point_is_shown_through_time_without_the_class_in_the_map(queue, points):
    state = queue.point
    assert len(queue.pictures) == len(state["days"]) * len(state["mixes"]) >= 40
    assert all(bytes(p).startswith(b"\x89PNG") for p in queue.pictures)
    assert len(state["series"]["values"]) == 35 and state["series"]["name"] == "NDVI"
    left, top, width, height = state["frame"]
    assert 0 <= left <= 96 and 0 <= top <= 96 and width == height == 4
    assert "stratum" not in state and not {"lon", "lat"} & set(state)
    assert [c["name"] for c in queue.classes] == ["no dark", "dark"]


def test_answers_go_to_the_disk_and_come_back(cube, points, queue, tmp_path):
    send(queue, "answer", label="dark", date=queue.point["days"][5], confidence="sure", position="0")
    send(queue, "unsure", position="1")
    send(queue, "skip")
    send(queue, "answer", label="no dark")
    table = pd.read_csv(tmp_path / "a.csv")
    assert sorted(table["label"].dropna()) == ["can't tell", "dark", "no dark"]
    dark = table[table["label"] == "dark"].iloc[0]
    assert dark["date"] > dark["before"] and dark["confidence"] == "sure"
    assert set(table["stratum"]) == {"A", "B"}
    again = eow.SampleQueue(cube, points, path=tmp_path / "a.csv")
    assert again.done == 3 and "3 answers were restored" in again.message
    assert again.point["position"] == 2  # the one that was left for later
    assert eow.accuracy((cube["nir"].isel(time=30) < 0.25).rename("dark"), tmp_path / "a.csv").unsure == 1


def test_back_shows_the_answer_and_takes_another(queue):
    send(queue, "answer", label="dark")
    send(queue, "back")
    assert queue.point["position"] == 0 and queue.point["given"]["label"] == "dark"
    send(queue, "answer", label="no dark")
    assert queue.done == 1 and queue.point["position"] == 1
    for _ in range(3):
        send(queue, "back")
    assert queue.point["position"] == 0


def test_a_message_about_another_point_is_ignored(queue):
    send(queue, "answer", label="dark", position="0")
    send(queue, "answer", label="dark", position="0")  # the same key, twice in one moment
    assert queue.done == 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "answer", "label": "wood"}, "no class named 'wood'"),
        ({"type": "answer"}, "not valid"),
        ({"type": "series", "name": "nothing"}, "no series named"),
        ({"type": "answer", "label": "dark", "confidence": "very"}, "no confidence named"),
    ],
)
def test_messages_that_are_wrong(queue, message, words):
    send(queue, **{"kind": message.pop("type"), **message})
    assert words in queue.message and queue.bad and queue.done == 0


def test_the_end(queue):
    for _ in range(12):
        queue.answer("dark")
    assert queue.point["over"] and queue.pictures == []
    with pytest.raises(InputError, match="Every point has an answer"):
        queue.answer("dark")
    queue.back()
    assert queue.point["position"] == 11 and not queue.point["over"]


def test_two_people_see_no_label_of_each_other(cube, points, tmp_path):
    one = eow.SampleQueue(cube, points, path=tmp_path / "one.csv", by="Ana")
    one.answer("dark")
    two = eow.SampleQueue(cube, one.sample, path=tmp_path / "two.csv", by="Bo")
    assert two.done == 0 and two.point["given"]["label"] == ""
    two.answer("no dark")
    found = agreement(tmp_path / "one.csv", tmp_path / "two.csv")
    assert found.both == 1 and found.share == 0
    assert set(two.sample.table["by"]) == {"Bo", ""}


def test_a_file_of_something_else_is_left(points, raster, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,label\n1,2,x\n")
    queue = LabelQueue(points, ["no dark", "dark"], path)
    assert "another sample" in queue.problem
    queue.answer("dark")
    assert path.read_text().startswith("lon,lat,label\n1,2,x")
    assert queue.path.name == "a-2.csv" and pd.read_csv(queue.path)["label"].notna().sum() == 1
    other = LabelQueue(eow.sample(raster, 12, seed=5), ["no dark", "dark"], tmp_path / "a-2.csv")
    assert other.done == 0


def test_a_folder_that_cannot_be_written_is_reported_and_nothing_is_lost(points, tmp_path):
    queue = LabelQueue(points, ["no dark", "dark"], tmp_path / "missing" / "a.csv")
    queue.answer("dark")
    assert "could not be saved" in queue.sentence and queue.done == 1
    (tmp_path / "missing").mkdir()
    queue.answer("dark")
    assert pd.read_csv(queue.path)["label"].notna().sum() == 2


def test_a_viewer_follows(cube, points, tmp_path):
    viewer = eow.TimeViewer(cube)
    queue = eow.SampleQueue(cube, points, viewer=viewer, path=tmp_path / "a.csv")
    before = list(viewer.bounds)
    queue.answer("dark")
    assert list(viewer.bounds) != before
    send(queue, "date", date=queue.point["days"][3])
    assert viewer.date.startswith(queue.point["days"][3])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": []}, "no class to choose from"),
        ({"classes": ["a", "a"]}, "have the same name"),
        ({"dated": ["x"]}, "no class with a date named 'x'"),
        ({"path": "a.txt"}, "end the name 'a.txt' in .csv"),
    ],
)
def test_refused(cube, points, options, words):
    with pytest.raises(InputError, match=words):
        eow.SampleQueue(cube, points, **options)


def test_a_sample_elsewhere_is_refused(cube, points):
    far = eow.Sample(points.table.assign(lon=points.table["lon"] + 20), points.strata, nested=True)
    with pytest.raises(InputError, match="outside the cube"):
        eow.SampleQueue(cube, far)
    with pytest.raises(InputError, match="does not name its classes"):
        eow.SampleQueue(cube, points.blind())


def test_an_image_without_dates_or_clouds(points, tmp_path):
    single = eow.open("romania").isel(time=[30])[["red", "green", "blue"]]
    queue = eow.SampleQueue(single, points, path=tmp_path / "a.csv")
    assert len(queue.pictures) == 1 and len(queue.point["series"]["values"]) == 1
