from collections import Counter, defaultdict

import numpy as np
import pytest
import xarray as xr

from eowidgets.analysis.ask import tools
from eowidgets.analysis.ask.questions import questions
from eowidgets.errors import InputError
from eowidgets.simulate import CLASSES, simulate

CODE = {name: value for value, name, _ in CLASSES}


@pytest.fixture(scope="module")
def scene():
    return simulate(height=256, width=256, end="2018-12-31", revisit=60, bands=("red", "nir"), radar=False, seed=3)


@pytest.fixture(scope="module")
def made(scene):
    return questions(scene, 280, seed=1, tile=32)


def test_the_same_seed_gives_the_same_questions(scene, made):
    assert questions(scene, 280, seed=1, tile=32) == made
    assert questions(scene, 280, seed=2, tile=32) != made


def test_answers_are_those_of_the_truth(scene, made):
    after = scene.classes.values[-1]
    checked = Counter()
    for q in made:
        cut = after[slice(*q.rows), slice(*q.columns)]
        grid = xr.Dataset(coords={"y": np.arange(32), "x": np.arange(32)})
        where = tools.region(grid, q.program.scope.place)
        of = getattr(q.program, "of", "")
        if q.kind == "presence":
            assert q.answer == bool(((cut == CODE[of]) & where).any()), q
        elif q.kind == "share":
            assert q.answer == pytest.approx(100 * ((cut == CODE[of]) & where).sum() / where.sum(), abs=0.01), q
        elif q.kind == "area" and q.program.unit == "ha":
            assert q.answer == pytest.approx(((cut == CODE[of]) & where).sum() / 100, abs=1e-3), q
        else:
            continue
        checked[q.kind] += 1
    assert min(checked[k] for k in ("presence", "share", "area")) >= 10


def test_who_reads_only_the_question_does_not_do_well(made):
    """The most frequent answer for each kind and class is right for little more than half of yes and no."""
    known = defaultdict(Counter)
    for q in made:
        if isinstance(q.answer, bool):
            known[q.kind, q.program.of, getattr(q.program, "than", "")][q.answer] += 1
    right = sum(c.most_common(1)[0][1] for c in known.values())
    assert right / sum(sum(c.values()) for c in known.values()) < 0.65
    yes = Counter(q.answer for q in made if q.kind == "presence")
    assert abs(yes[True] - yes[False]) <= 4


def test_held_out_places_and_templates_are_never_trained_on(scene):
    train = questions(scene, 140, seed=1, tile=32, split="train")
    test = questions(scene, 140, seed=1, tile=32, split="held-out")
    assert not {(q.rows, q.columns) for q in train} & {(q.rows, q.columns) for q in test}
    assert all(q.held_out for q in test)
    assert not {q.text for q in train} & {q.text for q in test}


def test_maps_before_and_after(scene):
    labels = xr.DataArray(
        scene.classes.values[0],
        dims=("y", "x"),
        attrs={"flag_values": [v for v, _, _ in CLASSES], "flag_meanings": " ".join(n for _, n, _ in CLASSES)},
    )
    after = labels.copy(data=np.where(labels == CODE["forest"], CODE["bare"], labels).astype("uint8"))
    for q in questions((labels, after), 40, seed=0, kinds=("change",), tile=64, hectares=0.01):
        lost = (labels.values == CODE["forest"])[slice(*q.rows), slice(*q.columns)]
        where = tools.region(xr.Dataset(coords={"y": np.arange(64), "x": np.arange(64)}), q.program.scope.place)
        if q.program.of == "forest" and q.program.direction == "loss" and q.program.ask == "amount":
            assert q.answer == pytest.approx((lost & where).sum() * 0.01, abs=1e-3)
        if q.program.of == "water" and q.program.ask == "whether":
            assert q.answer is False


def test_a_vector_layer_with_the_tags_of_openstreetmap(romania):
    west, south, east, north = romania.eow.bounds
    middle = (west + east) / 2

    def feature(a, b, tag):
        ring = [[a, south], [b, south], [b, north], [a, north], [a, south]]
        return {"type": "Feature", "properties": tag, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    layer = {
        "type": "FeatureCollection",
        "features": [feature(west, middle, {"natural": "wood"}), feature(middle, east, {"landuse": "residential"})],
    }
    made = questions((layer, romania.odc.geobox), 20, seed=0, kinds=("presence",), tile=25)
    for q in made:
        if q.program.of == "water":
            assert q.answer is False
    assert {q.answer for q in made} == {True, False}


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (3, "Truth is"),
        (xr.DataArray(np.zeros((80, 80), "uint8"), dims=("y", "x")), "fewer than two classes"),
        (({"type": "FeatureCollection", "features": []}, None), "."),
    ],
)
def test_what_is_no_truth_is_refused(truth, words, romania):
    if isinstance(truth, tuple):
        truth = (truth[0], romania.odc.geobox)
        words = "No feature"
    with pytest.raises(InputError, match=words):
        questions(truth, 4)


def test_bad_kinds_and_small_maps_are_refused(scene):
    with pytest.raises(InputError, match="kind of question"):
        questions(scene, 4, kinds=("price",))
    with pytest.raises(InputError, match="less than a tile"):
        questions(scene, 4, tile=512)
