"""Coordinates in the browser, run in Node where there is one: degrees to pixels and back on grids all over the globe."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from support.grids import GRIDS, grid_cube

from eowidgets.cube import globe
from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.render.place import Place
from eowidgets.widgets.base import HERE

SCRIPT = """
import { readFileSync } from "node:fs";
import { Ground } from "./ground.js";
const cases = JSON.parse(readFileSync(0, "utf8"));
const out = cases.map(({ place, width, height, lonlat }) => {
  const ground = new Ground({ place, width, height });
  const ring = ground.toRing([[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]].map(([x, y]) => [x * width, y * height]));
  const pixels = lonlat.map(([lon, lat]) => ground.fromLonLat(lon, lat));
  return { pixels, back: pixels.map(([x, y]) => ground.toLonLat(x, y)), ring };
});
console.log(JSON.stringify(out));
"""


def case(name):
    cube = grid_cube(name, dates=1)
    box = geobox(cube)
    at = np.random.default_rng(0).uniform(0.02, 0.98, (40, 2)) * (box.width, box.height)
    lon, lat = globe.lonlat(box, *at.T)
    lonlat = np.stack([(lon + 180) % 360 - 180, lat], 1)
    return (
        box,
        at,
        {"place": Place.of(cube).head(), "width": box.width, "height": box.height, "lonlat": lonlat.tolist()},
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_pins_and_areas_keep_their_place_on_every_grid(tmp_path):
    for name in ("ground", "dom"):
        (tmp_path / f"{name}.js").write_text((HERE / "js" / f"{name}.js").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "main.js").write_text(SCRIPT)
    cases = {name: case(name) for name in GRIDS}
    given = json.dumps([c for _, _, c in cases.values()])
    done = subprocess.run(
        [shutil.which("node"), "main.js"],
        cwd=tmp_path,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for (name, (box, at, asked)), found in zip(cases.items(), json.loads(done.stdout), strict=True):
        np.testing.assert_allclose(found["pixels"], at, atol=0.1, err_msg=name)
        back = np.array(found["back"])
        np.testing.assert_allclose(back[:, 1], np.array(asked["lonlat"])[:, 1], atol=1e-3, err_msg=name)
        assert (np.abs(back[:, 0]) <= 180).all(), name
        # What is drawn there is the area there: its pixels are those between the corners.
        area = Area.of({"type": "Polygon", "coordinates": [found["ring"]]})
        inside = area.mask(box)
        expected = np.zeros(inside.shape, bool)
        rows, columns = (slice(round(0.4 * n), round(0.6 * n)) for n in inside.shape)
        expected[rows, columns] = True
        assert (inside & expected).sum() > 0.75 * (inside | expected).sum(), name
