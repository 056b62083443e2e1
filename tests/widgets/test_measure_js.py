"""Lengths, areas and places along a line in the browser, run in Node where there is one, against pyproj."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from pyproj import Geod
from support.grids import GRIDS, grid_cube

from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.render.place import Place
from eowidgets.widgets.base import HERE

GEOD = Geod(ellps="WGS84")
SCRIPT = """
import { readFileSync } from "node:fs";
import { geodesic } from "./geodesic.js";
import { Ground } from "./ground.js";
import { Measure } from "./measure.js";
import { along } from "./profile.js";
const { pairs, grids, lines } = JSON.parse(readFileSync(0, "utf8"));
const measure = (grid) => Object.assign(Object.create(Measure.prototype), { picture: { ground: new Ground(grid) } });
console.log(JSON.stringify({
  pairs: pairs.map(([a, b]) => geodesic(a, b)),
  grids: grids.map(({ line, ...grid }) => [measure(grid).length(line), measure(grid).area(line)]),
  lines: lines.map(along),
}));
"""


def run(tmp_path, given):
    for path in (HERE / "js").glob("*.js"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "main.js").write_text(SCRIPT)
    command = [shutil.which("node"), "main.js"]
    given = {"pairs": [], "grids": [], "lines": []} | given
    out = subprocess.run(command, cwd=tmp_path, input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")


@needs_node
def test_geodesics_are_those_of_pyproj(tmp_path):
    rng = np.random.default_rng(0)
    pairs = np.stack([rng.uniform(-180, 180, (60, 2)), rng.uniform(-89, 89, (60, 2))], 2).tolist()
    pairs += [[[179.9, 10], [-179.9, 10]], [[5, 5], [5, 5]], [[0, 0], [60, 0]], [[10, -90], [10, 90 - 1e-3]]]
    want = [GEOD.inv(*a, *b)[2] for a, b in pairs]
    np.testing.assert_allclose(run(tmp_path, {"pairs": pairs})["pairs"], want, rtol=1e-8, atol=1e-6)


@needs_node
def test_length_and_area_of_a_line_on_every_grid(tmp_path):
    grids, want = [], []
    for name in GRIDS:
        cube = grid_cube(name, dates=1)
        box = geobox(cube)
        line = np.array([[0.2, 0.2], [0.7, 0.3], [0.6, 0.8]]) * (box.width, box.height)
        grids.append({"place": Place.of(cube).head(), "width": box.width, "height": box.height, "line": line.tolist()})
        lon, lat = globe.lonlat(box, *line.T)
        fine = np.concatenate(
            [np.linspace(a, b, 400, endpoint=False) for a, b in zip(line, np.roll(line, -1, 0), strict=True)]
        )
        ring_lon, ring_lat = globe.lonlat(box, *fine.T)
        area = abs(GEOD.polygon_area_perimeter(ring_lon, ring_lat)[0])
        want.append([sum(GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]), area])
    np.testing.assert_allclose(run(tmp_path, {"grids": grids})["grids"], want, rtol=3e-3)


@needs_node
def test_places_along_a_line_are_evenly_spread_with_both_ends(tmp_path):
    line = [[0, 0], [3, 4], [3, 4], [3, 14]]
    (got,) = run(tmp_path, {"lines": [line]})["lines"]
    got = np.array(got)
    np.testing.assert_allclose(got[[0, -1]], [line[0], line[-1]])
    steps = np.hypot(*np.diff(got, axis=0).T)
    np.testing.assert_allclose(steps, 1, atol=1e-9)
    (long,) = run(tmp_path, {"lines": [[[0, 0], [5000, 0]]]})["lines"]
    assert len(long) == 500
