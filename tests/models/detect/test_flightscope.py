"""The detector of aircraft: its size, its decoding, and runs over cubes of several windows."""

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.metrics import average_precision
from eowidgets.metrics.detection import matches
from eowidgets.models.detect.flightscope.card import WEIGHTS
from eowidgets.models.detect.flightscope.model import FlightScope
from eowidgets.models.detect.flightscope.network import CENTERNET_R18, Detector, Maps, _targets, boxes_of, loss
from eowidgets.simulate.aircraft import simulate_aircraft
from eowidgets.testing import check_model

#: Seeds that neither training nor the choice of the threshold has seen.
SEED = 900_000


def count(module):
    return sum(p.numel() for p in module.parameters())


def conv(a, b, size, bias):
    return a * b * size**2 + b * bias


def test_centernet_at_its_published_size():
    with torch.device("meta"):
        network = Detector(CENTERNET_R18)
    backbone = 11_689_512 - (512 * 1000 + 1000)  # ResNet-18 without its classifier
    steps = ((512, 256), (256, 128), (128, 64))
    neck = sum(conv(a, b, 3, False) + conv(b, b, 4, False) + 4 * b for a, b in steps)
    heads = sum(conv(64, 64, 3, True) + conv(64, n, 1, True) for n in (80, 2, 2))
    assert count(network.stem) + count(network.stages) == backbone
    assert count(network) == backbone + neck + heads == 14_219_092


def test_the_shipped_one_is_small():
    assert count(Detector()) == 840_135
    assert WEIGHTS.size < 2_000_000


def test_centernet_runs():
    from dataclasses import replace

    small = replace(CENTERNET_R18, widths=(8, 8, 8, 8), depths=(1, 1, 1, 1), neck=(8, 8, 8), head=8)
    maps = Detector(small).eval()(torch.rand(1, 3, 64, 96))
    assert maps.heat.shape == (1, 80, 16, 24) and maps.turn is None
    assert all(one["boxes"].shape[1] == 5 for one in boxes_of(maps, 0.0))


def maps_of(boxes):
    """Return the maps that a perfect network gives."""
    heat, _, values = _targets(boxes, torch.zeros(len(boxes)), (1, 32, 40))
    return Maps(torch.logit(heat[None], 1e-6), values[None, :2], values[None, 2:4], values[None, 4:])


BOXES = torch.tensor([[30.0, 41.0, 22.0, 30.0, 0.4], [101.0, 80.5, 60.0, 50.0, 2.5], [140.0, 20.0, 17.0, 12.0, -1.0]])


def test_what_the_loss_wants_is_decoded_to_the_same_boxes():
    maps = maps_of(BOXES)
    (found,) = boxes_of(maps, 0.5)
    order = found["boxes"][:, 0].argsort()
    torch.testing.assert_close(found["boxes"][order, :4], BOXES[:, :4], atol=1e-3, rtol=0)
    turned = (found["boxes"][order, 4] - BOXES[:, 4]) / torch.pi  # a box is the same after half a turn
    torch.testing.assert_close(turned, turned.round(), atol=1e-4, rtol=0)
    perfect = loss(maps, [BOXES], [torch.zeros(3)])
    worse = loss(maps._replace(size=maps.size + 0.5), [BOXES], [torch.zeros(3)])
    assert float(perfect) < 0.05 < float(worse)


def test_of_two_peaks_in_one_box_the_better_one_is_kept():
    maps = maps_of(BOXES)
    maps.heat[0, 0, 22, 27] = 1.0  # beside the middle of the second box, less sure
    maps.size[0, :, 22, 27] = 2.0
    (found,) = boxes_of(maps, 0.5)
    assert len(found["scores"]) == 3
    (weak,) = boxes_of(maps._replace(size=maps.size - 5.0), 0.5)
    assert len(weak["scores"]) == 4


def test_no_cell_sees_further_than_the_context_of_a_window():
    torch.manual_seed(0)
    x = torch.rand(1, 3, 448, 448, requires_grad=True)
    sum(m[0, :, 56, 56].sum() for m in Detector().eval()(x)).backward()
    rows, columns = x.grad[0].abs().sum(0).nonzero().T
    reach = max(224 - int(rows.min()), int(rows.max()) - 227, 224 - int(columns.min()), int(columns.max()) - 227)
    assert 100 < reach + 4 <= FlightScope.feed.halo - FlightScope.feed.blend  # a peak looks at the cells around it


@pytest.fixture(scope="module")
def scene():
    return simulate_aircraft(height=704, width=640, place="edge", seed=SEED)


def test_windows_of_two_sizes_find_the_same_aircraft(scene):
    one, other = (eow.run("flightscope", scene.cube(), window=w) for w in (560, 704))
    assert len(one) == len(other) >= 0.8 * len(scene.boxes) > 8
    pairs = matches(one, other, iou=0.99)
    assert sorted(pairs) == list(range(len(other)))
    np.testing.assert_allclose(one["score"], other["score"].to_numpy()[pairs], atol=1e-4)
    assert average_precision(one, scene.truth()) > 0.8


@pytest.mark.parametrize("metres", [0.4, 1.0])
def test_pixels_of_another_size_are_resampled(metres):
    scene = simulate_aircraft(resolution=metres, place="apron", seed=SEED + 10)
    found = eow.run("flightscope", scene.cube())
    assert average_precision(found, scene.truth()) > 0.6


def test_a_result_is_written_read_and_run_again(scene, tmp_path):
    import geopandas

    cube = scene.cube().isel(x=slice(0, 448), y=slice(0, 448))
    path = tmp_path / "aircraft.gpkg"
    eow.run("flightscope", cube, out=path, threshold=0.4)
    rows = geopandas.read_file(path)
    assert set(rows["class"]) == {"aircraft"}
    assert rows["score"].min() > 0.4
    assert rows["date"].astype(str).str.startswith("2022-08-01").all()
    assert eow.rerun(path, cube).identical


def test_every_date_has_its_own_aircraft():
    import xarray as xr

    first, second = (simulate_aircraft(place="apron", seed=SEED + i) for i in (1, 2))
    later = second.cube().assign_coords(time=np.array(["2023-01-05"], "datetime64[ns]"))
    both = eow.run("flightscope", xr.concat([first.cube(), later], "time"))
    for date, scene in (("2022-08-01", first), ("2023-01-05", second)):
        assert average_precision(both[both["date"] == date], scene.truth()) > 0.7


def test_nothing_is_found_where_nothing_was_seen(scene):
    cube = scene.cube().isel(x=slice(0, 448), y=slice(0, 448))
    hidden = cube.copy(deep=True)
    hidden["clouds"][:, :, :224] = True
    found = eow.run("flightscope", hidden)
    inside = found.geometry.centroid.x < float(cube["x"][200])
    assert len(found) and not inside.any()


def test_aircraft_are_on_the_map_and_a_click_lists_them(scene):
    cube = scene.cube().isel(x=slice(0, 448), y=slice(0, 448))
    map = eow.AreaMap(cube)
    panel = eow.ModelPanel(cube, "flightscope", map=map)
    panel.run().result(120)
    count = len(panel.result)
    assert f"{count} in all, {count} aircraft" in panel.message
    (layer,) = [one for one in map.layers if one.name == "flightscope"]
    assert len(layer.data["features"]) == count
    for feature, (_, row) in zip(layer.data["features"], panel.result.iterrows(), strict=True):
        layer._click_callbacks(event="click", feature=feature)
        assert f"class aircraft, score {row['score']:.3g}, date 2022-08-01" in panel.message


def test_it_keeps_the_contract():
    check_model("flightscope", simulate_aircraft(place="apron", seed=SEED + 3).cube())
