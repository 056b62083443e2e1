"""The whole path on a real STAC server: a name, a table, a choice, and pixels."""

import numpy as np
import pytest
from support.day_items import write_items
from support.rustac_server import rustac, serve_stac
from support.stac_server import serve_folder

import eowidgets as eow
from eowidgets.errors import InputError

pytestmark = pytest.mark.skipif(rustac() is None, reason="rustac is not installed (extra test)")


@pytest.fixture(scope="module")
def small():
    return eow.open("romania")[["red", "nir", "scl", "clouds", "valid"]].isel(time=slice(84, 89))


@pytest.fixture(scope="module")
def server(small, tmp_path_factory):
    """A catalogue named 'loopback': five days, each cut into two tiles, and a newer baseline of the first day."""
    folder = tmp_path_factory.mktemp("catalogue")
    with serve_folder(folder) as files, pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        items = write_items(folder, small, root=files, parts=2, clouds=(5.0, 80.0, 20.0, 0.0, 40.0))
        newer = small.isel(time=[0])
        items += write_items(folder, newer, root=files, parts=2, clouds=(5.0,), baseline="05.00", offset=1000)
        with serve_stac(tmp_path_factory.mktemp("server"), items) as url:
            own = folder / "catalogues.toml"
            own.write_text(
                f'[loopback]\ntitle = "A test"\napi = "{url}"\ncollections = ["sentinel-2-l2a"]\nbands = ["red", "nir"]\n'
                'attribution = "Somebody"\n'
            )
            patch.setenv("EOWIDGETS_CATALOGUES", str(own))
            yield url


@pytest.fixture
def query(small, server):
    west, south, east, north = small.eow.bounds
    first, last = (str(small.time.values[i])[:10] for i in (0, -1))
    return {"area": (west, south, east, north), "dates": (first, last), "remote": True}


def seen(cube, small):
    """Return the values on the pixels of the sample."""
    return cube.sel(x=small.x, y=small.y, method="nearest", tolerance=1e-6)


def test_a_name_an_area_and_dates_give_a_cube(small, query):
    cube = eow.open("loopback", **query)
    assert cube.sizes["time"] == 5
    assert cube.eow.bands == ("red", "nir")
    assert cube.attrs["attribution"] == "Somebody"
    found = seen(cube.compute(), small)
    np.testing.assert_allclose(found.red, small.red, atol=1e-6)
    np.testing.assert_array_equal(found.clouds, small.clouds)


def test_cloud_leaves_days_out(small, query):
    cube = eow.open("loopback", **query, cloud=30)
    assert [str(t)[:10] for t in cube.time.values] == [str(small.time.values[i])[:10] for i in (0, 2, 3)]
    days = [str(small.time.values[i])[:10] for i in (0, 1, 2, 4)]
    with pytest.raises(InputError, match="None of the 4 days has at most 1 % of clouds; the clearest has 5 %"):
        eow.open("loopback", **(query | {"dates": days}), cloud=1)


def test_the_table_has_a_row_for_each_date_of_the_cube(query):
    found = eow.find("loopback", **query)
    table = found.table
    cube = found.open()
    assert (
        table["time"].to_numpy().astype("datetime64[s]").tolist() == cube.time.values.astype("datetime64[s]").tolist()
    )
    assert table["cloud"].tolist() == [5, 80, 20, 0, 40]
    assert table["items"].tolist() == [2] * 5
    assert table["platform"].tolist() == ["sentinel-2a"] * 5
    assert (table["coverage"] > 0.93).all()
    assert table["thumbnail"].str.endswith(".jpg").all()
    assert found.selection.replaced == 2
    assert found.problems == ()
    assert found.estimate.files == 2 * 3 * 5
    assert found.estimate.seconds > 0
    assert "2 images are left out because a better processing baseline" in found.sentence


def test_days_are_selected_and_opened(small, query):
    found = eow.find("loopback", **query, bands=["red"])
    days = [found.dates[1], found.dates[3]]
    chosen = found.select(days)
    assert chosen.dates == days
    assert chosen.estimate.bytes < found.estimate.bytes
    cube = chosen.open()
    assert cube.eow.bands == ("red",)
    np.testing.assert_allclose(seen(cube, small).red, small.red.isel(time=[1, 3]), atol=1e-6)
    scope = {}
    exec(chosen.code(), scope)
    np.testing.assert_array_equal(scope["cube"].time, cube.time)
    from eowidgets.cube.opening import opening

    again = eval(opening(cube), {"eow": eow})
    np.testing.assert_array_equal(again.time, cube.time)
    with pytest.raises(InputError, match="no day named '2001-01-01'"):
        found.select("2001-01-01")
    with pytest.raises(InputError, match="dates= was given to eow.find"):
        found.open(dates="2020")


def test_the_older_name_of_the_area_is_noted_once(query):
    from eowidgets.cube.opening import opening

    given = {("bbox" if k == "area" else k): v for k, v in query.items()}
    cube = eow.open("loopback", **given)
    code = opening(cube)
    assert "area=" in code and "bbox=" not in code
    np.testing.assert_array_equal(eval(code, {"eow": eow}).time, cube.time)


def test_a_range_of_days_is_selected(query):
    found = eow.find("loopback", **query, measure=False)
    assert found.select(f"{found.dates[1]}/{found.dates[2]}").dates == found.dates[1:3]
    assert found.select(found.dates[0][:4]).dates == found.dates
    assert found.select(found.dates[2]).dates == [found.dates[2]]


def test_a_part_of_the_area_and_paging(small, query, monkeypatch):
    from eowidgets.cube.catalogues import search

    monkeypatch.setattr(search, "PAGE", 3)
    counts = []
    west, south, east, north = query["area"]
    found = eow.find(
        "loopback",
        area=(west + 0.1 * (east - west), south, west + 0.3 * (east - west), north),
        dates=query["dates"],
        remote=True,
        progress=lambda count, _: counts.append(count),
    )
    assert len(found) == 5
    assert found.table["items"].tolist() == [1] * 5
    assert counts == [3, 6]
    wide = eow.find(
        "loopback", area=(west - (east - west), south, east, north), dates=query["dates"], remote=True, measure=False
    )
    assert wide.table["coverage"].tolist() == pytest.approx([0.5] * 5, abs=0.05)


def test_what_the_real_server_does_not_have(server, query):
    with pytest.raises(InputError, match="no collection of 'A test' named|no collection of A test named 'sentinel-2'"):
        eow.find("loopback", **query, collections="sentinel-2")
    with pytest.raises(InputError, match="The area lies outside of A test"):
        eow.find("loopback", area=(-30, 10, -29, 11), dates=query["dates"], remote=True)
    with pytest.raises(InputError, match="has images from 20.* none from 1999"):
        eow.find("loopback", area=query["area"], dates="1999")


def test_an_address_is_searched_as_well(server, query):
    assert len(eow.find(server, **query, cloud=30, measure=False)) == 3
    assert eow.open(server, **query, cloud=30).sizes["time"] == 3
    assert len(eow.find(f"{server}/collections/sentinel-2-l2a", **query, measure=False)) == 5
