import geopandas
import numpy as np
import pytest
import shapely
from shapely.affinity import rotate

from eowidgets.errors import InputError
from eowidgets.metrics import average_precision

A, B, C = shapely.box(0, 0, 2, 1), shapely.box(10, 0, 12, 1), shapely.box(20, 0, 21, 3)
NOWHERE = shapely.box(50, 50, 51, 51)


def objects(*shapes, **columns):
    return geopandas.GeoDataFrame(columns, geometry=list(shapes))


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ((A, B), 1.0),
        ((A,), 0.5),
        ((NOWHERE, A), 0.25),  # precision 1/2 at recall 1/2
        ((A, NOWHERE, B), 0.5 * 1 + 0.5 * 2 / 3),
        ((A, A, B), 0.5 * 1 + 0.5 * 2 / 3),  # found twice: the second one is wrong
        ((NOWHERE, A, B), 2 / 3),  # precision 1/2 at recall 1/2 is raised to that at recall 1
        ((NOWHERE,), 0.0),
    ],
)
def test_by_hand(shapes, expected):
    scores = np.linspace(0.9, 0.1, len(shapes))
    assert average_precision(objects(*shapes, score=scores), objects(A, B)) == pytest.approx(expected)
    mixed = np.random.default_rng(0).permutation(len(shapes))  # the scores decide, not the rows
    assert average_precision(objects(*shapes, score=scores).iloc[mixed], objects(A, B)) == pytest.approx(expected)


def test_a_turned_box_overlaps_as_its_octagon_does():
    square = shapely.box(0, 0, 1, 1)
    common = 2 * (np.sqrt(2) - 1)
    share = common / (2 - common)  # 0.7071
    found = objects(rotate(square, 45), score=[0.5])
    assert average_precision(found, objects(square), iou=share - 1e-6) == 1
    assert average_precision(found, objects(square), iou=share + 1e-6) == 0


def test_the_object_that_overlaps_most_is_meant():
    near, far = shapely.box(0, 0, 10, 1), shapely.box(0, 0.4, 10, 1.4)
    found = objects(shapely.box(0, 0.1, 10, 1.1), far, score=[0.9, 0.8])
    assert average_precision(found, objects(far, near)) == 1


@pytest.mark.parametrize("column", ["class", "date", "scene"])
def test_what_both_tables_state_must_agree(column):
    truth = objects(A, B, **{column: ["x", "y"]})
    assert average_precision(objects(A, B, score=[0.9, 0.8], **{column: ["x", "y"]}), truth) == 1
    assert average_precision(objects(A, B, score=[0.9, 0.8], **{column: ["x", "x"]}), truth) == 0.5
    assert average_precision(objects(A, B, score=[0.9, 0.8]), truth) == 1


def test_nothing_found_is_zero_and_nothing_to_find_is_not_defined():
    assert average_precision(objects(score=[]), objects(A)) == 0
    assert np.isnan(average_precision(objects(A, score=[0.5]), objects()))


@pytest.mark.parametrize(
    ("found", "truth", "iou", "words"),
    [
        (objects(A), objects(A), 0.5, "no column 'score'"),
        (objects(A, score=[1]).set_crs(4326), objects(A).set_crs(3857), 0.5, "reproject them to one"),
        (objects(A, score=[1]), objects(A), 0.0, "above 0"),
    ],
)
def test_refusals(found, truth, iou, words):
    with pytest.raises(InputError, match=words):
        average_precision(found, truth, iou)
