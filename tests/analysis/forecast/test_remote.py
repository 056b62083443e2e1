"""A forecast on a Dask cluster has the bytes of one on this machine."""

import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis import history

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def small(romania, monkeypatch):
    part = romania[["red", "nir", "clouds", "valid"]].isel(y=slice(0, 12), x=slice(0, 9))
    monkeypatch.setattr(history, "AT_ONCE", 4 * part.sizes["time"] * 9 * 2)  # strips of four rows
    return part


@pytest.mark.parametrize("lazy", [False, True])
def test_every_pixel_has_the_bytes_of_this_machine(small, client, lazy, monkeypatch):
    from eowidgets.analysis.forecast import remote

    sent = []
    real = remote.on_workers

    def counted(client, function, calls, job, saved):
        listed = list(calls(1))
        sent.append(len(listed))
        return real(client, function, lambda _: iter(listed), job, saved)

    monkeypatch.setattr(remote, "on_workers", counted)
    asked = {"model": "harmonic", "days": 40, "every": 20}
    here = eow.forecast(small, "ndvi", **asked)
    there = eow.forecast(small.chunk({"y": 4}) if lazy else small, "ndvi", client=client, **asked)
    assert sent == [3]
    xr.testing.assert_equal(here, there)


def test_a_hindcast_and_a_single_series(small, client):
    asked = {"model": "climatology", "days": 60}
    for area in (None, (22.1515, 45.2029)):
        given = small if area is None else eow.open("romania")[["red", "nir", "clouds", "valid"]]
        here, there = (eow.hindcast(given, "2020-06-01", "ndvi", area=area, client=c, **asked) for c in (None, client))
        xr.testing.assert_equal(here, there)
