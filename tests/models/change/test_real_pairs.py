import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from eowidgets.models.change.lenet.network import UNBUILT, UNKNOWN, overlap_loss, partial_cross_entropy

real_pairs = pytest.importorskip("training.real_pairs", reason="the recipes are not in an installed package")
real_places = pytest.importorskip("training.real_places")
BUILDING = 2


@pytest.fixture
def places():
    """Tiny places: houses on grass, open ground of two years, and an annotated pair."""
    rng = np.random.default_rng(0)
    grass = rng.integers(60, 90, (3, 3, 128, 128)).astype(np.uint8)
    mask = np.zeros((128, 128), np.uint8)
    for r, c in ((20, 20), (20, 80), (80, 50)):
        mask[r : r + 18, c : c + 24] = 1
    houses = grass.copy()
    houses[:, :, mask == 1] = 200
    change = np.zeros((128, 128), np.uint8)
    change[10:40, 10:40] = 1
    return [
        real_places.Place("naip/houses", 0.6, houses, mask),
        real_places.Place("naip/meadow", 0.6, grass, np.zeros_like(mask)),
        real_places.Place("airchange/field", 1.0, grass[:2], change=change),
    ]


@pytest.mark.parametrize("kind", real_pairs.KINDS)
def test_every_kind_gives_a_pair_with_labels_and_the_same_twice(places, kind):
    source = real_pairs.RealPairs(places)
    pair, labels = source.draw(np.random.default_rng(3), 96, kind)
    again, _ = source.draw(np.random.default_rng(3), 96, kind)
    assert pair.shape == (2, 3, 96, 96) and pair.dtype == np.float32 and 0 <= pair.min() <= pair.max() <= 1
    assert labels.shape == (96, 96) and set(np.unique(labels)) <= {0, BUILDING, UNBUILT, UNKNOWN}
    assert np.array_equal(pair, again)
    if kind in ("two years", "same picture"):
        assert not (labels == BUILDING).any()


@pytest.mark.parametrize("kind", ["open ground", "removed", "pasted"])
def test_buildings_are_on_one_date_only_where_they_are_labelled(places, kind):
    """Roofs have the value 200 and the ground at most 90."""
    source = real_pairs.RealPairs(places)
    seen = 0
    for seed in range(8):
        pair, labels = source.draw(np.random.default_rng(seed), 96, kind, 0.6)
        bright = (pair.mean(axis=1) > 0.5).astype(int)
        new = labels == BUILDING
        seen += int(new.sum())
        if kind != "pasted":  # pasted ones are lit differently
            assert (bright[0] != bright[1])[new].mean() > 0.9 if new.any() else True
            assert (bright[0] == bright[1])[labels == 0].mean() > 0.97 if (labels == 0).any() else True
        else:
            assert np.abs(pair[0] - pair[1]).mean(axis=0)[new].mean() > 0.1 if new.any() else True
    assert seen > 100


def test_a_building_on_both_dates_of_two_places_is_unknown_and_other_ground_unbuilt():
    a = np.array([[1, 1, 0, 0, UNKNOWN]], np.uint8)
    b = np.array([[1, 0, 1, 0, 0]], np.uint8)
    assert real_pairs._either(a, b).tolist() == [[UNKNOWN, BUILDING, BUILDING, UNBUILT, UNKNOWN]]


def test_what_is_annotated_as_changed_is_unknown_in_an_unchanged_pair(places):
    source = real_pairs.RealPairs(places)
    source.pairs = [places[2]]
    labels = [source.draw(np.random.default_rng(s), 96, "two years", 1.0)[1] for s in range(6)]
    assert all(set(np.unique(x)) <= {0, UNKNOWN} for x in labels)
    assert any((x == UNKNOWN).any() for x in labels)


def test_removing_leaves_no_roof_and_touches_nothing_else(places):
    image = places[0].dates[0].astype(np.float32) / 255
    without, gone, touched = real_pairs.removed(image, places[0].buildings, np.random.default_rng(0), 1.0)
    assert np.array_equal(gone, places[0].buildings == 1)
    assert without.max() < 0.5
    assert np.abs(without - image)[:, ~touched].max() < 1e-6


def test_real_pairs_need_masks_and_two_dates(places):
    with pytest.raises(ValueError, match="two dates"):
        real_pairs.RealPairs([places[1]])


def test_outlines_are_filled_and_their_edge_is_unknown():
    mask = real_places.outlined([[20, 12, 16, 8, 0], [26, 12, 16, 8, 0]], (32, 48))
    assert (mask[10:15, 14:33] == 1).all()  # overlapping parts are one building
    assert (mask[8, 14:30] == UNKNOWN).all() and mask[2, 2] == 0
    turned = real_places.outlined([[24, 16, 20, 6, 90]], (32, 48))
    assert turned[8, 24] == 1 and turned[16, 32] == 0


def test_no_place_is_in_two_parts_and_the_outlines_are_of_known_places():
    for name in real_places.TEST:
        assert not any(name.startswith(dev) or dev.startswith(name) for dev in real_places.DEV)
    drawn = json.loads(real_places.OUTLINES.read_text(encoding="utf-8"))["places"]
    assert all(len(r) == 5 for rectangles in drawn.values() for r in rectangles)
    place = real_places.Place
    one = np.zeros((1, 3, 8, 8), np.uint8)
    assert place("inria/chicago1/train/3", 0.3, one).split == "test"
    assert place("inria/austin1/val/7", 0.3, one).split == "dev"
    assert place("inria/austin1/train/7", 0.3, one).split == "train"


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="building_chips"):
        real_places.places(tmp_path)


def test_partial_labels_are_cross_entropy_where_they_are_complete():
    torch.manual_seed(0)
    logits, weight = torch.randn(2, 3, 4, 4), torch.tensor([1.0, 2.0, 2.0])
    truth = torch.randint(0, 3, (2, 4, 4))
    torch.testing.assert_close(
        partial_cross_entropy(logits, truth, weight), functional.cross_entropy(logits, truth, weight)
    )
    truth[0] = UNKNOWN
    torch.testing.assert_close(
        partial_cross_entropy(logits, truth, weight), functional.cross_entropy(logits[1:], truth[1:], weight)
    )
    unbuilt = torch.full((2, 4, 4), UNBUILT)
    expected = -torch.log(1 - logits.softmax(1)[:, 2]).mean()
    torch.testing.assert_close(partial_cross_entropy(logits, unbuilt, weight), expected)


def test_overlap_leaves_out_what_is_unknown_and_lets_roads_be_where_nothing_is_built():
    sure = 20 * functional.one_hot(torch.tensor([[[2, 1, 0, 2]]]), 3).permute(0, 3, 1, 2).float()
    truth = torch.tensor([[[BUILDING, UNBUILT, UNBUILT, UNKNOWN]]])
    assert float(overlap_loss(sure, truth)) == pytest.approx(0, abs=1e-5)
    assert float(overlap_loss(sure, torch.tensor([[[BUILDING, 0, UNBUILT, 0]]]))) == pytest.approx(1 - 3 / 5, abs=1e-4)
