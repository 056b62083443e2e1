"""Signatures, tokens and keys: from the environment only, to the hosts they are meant for, and renewed once."""

import pickle
import threading

import numpy as np
import pytest
from support.day_items import write_items
from support.guarded_files import Guard, serve_guarded

import eowidgets as eow
from eowidgets.cube.catalogues import credentials, listed
from eowidgets.cube.catalogues.catalogue import Catalogue
from eowidgets.cube.catalogues.credentials import access_to, is_meant, missing_credentials
from eowidgets.cube.catalogues.listed import find_catalogue
from eowidgets.errors import InputError, SourceError


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "EARTHDATA_TOKEN", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    monkeypatch.setattr(credentials, "_TOKENS", credentials._Tokens())
    monkeypatch.setattr(listed, "OWN", tmp_path / "none.toml")


@pytest.fixture
def small(romania):
    return romania[["red", "scl", "clouds", "valid"]].isel(time=slice(84, 86))


def signed(url):
    return Catalogue("signed", "A test", "", signing="planetary-computer", tokens=f"{url}/token", hosts=("127.0.0.1",))


def opened(items, catalogue):
    """Open items through the access of a catalogue."""
    from eowidgets.cube.sources.stac.find import find_items
    from eowidgets.cube.sources.stac.load import open_items

    pairs = find_items({"type": "FeatureCollection", "features": items}, None, None, 5, True)
    return open_items(pairs, access=access_to(catalogue), solar=22.0)


def test_a_signature_is_fetched_once_and_used_for_all_files(small, tmp_path):
    guard = Guard(tmp_path, signature="one")
    with serve_guarded(guard) as url:
        cube = opened(write_items(tmp_path / "container", small, root=f"{url}/container"), signed(url))
        np.testing.assert_allclose(cube.red.compute(), small.red, atol=1e-6)
    assert guard.tokens == 1
    assert guard.refused == 0


def test_a_signature_that_expires_between_opening_and_reading_is_renewed(small, tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "_FRESH", 0.0)
    guard = Guard(tmp_path, signature="one")
    with serve_guarded(guard) as url:
        cube = opened(write_items(tmp_path / "container", small, root=f"{url}/container"), signed(url))
        guard.signature = "two"
        np.testing.assert_allclose(cube.red.compute(), small.red, atol=1e-6)
    assert guard.refused > 0


def test_a_signature_is_fetched_again_before_it_expires(tmp_path):
    guard = Guard(tmp_path, signature="one", lifetime=30)
    with serve_guarded(guard) as url:
        access = access_to(signed(url))
        assert access.address(f"{url}/c/a.tif") == f"{url}/c/a.tif?sig=one"
        assert access.address(f"{url}/c/a.tif?x=1") == f"{url}/c/a.tif?x=1&sig=one"
        assert access.address(f"{url}/c/a.tif?sig=mine") == f"{url}/c/a.tif?sig=mine"
        assert guard.tokens == 2  # less than a minute of validity is left
        guard.lifetime = 3600
        for _ in range(3):
            access.address(f"{url}/c/a.tif")
        assert guard.tokens == 3


def test_threads_that_are_refused_together_fetch_one_signature(tmp_path):
    guard = Guard(tmp_path, signature="one")
    with serve_guarded(guard) as url:
        access = access_to(signed(url))
        access.address(f"{url}/c/a.tif")
        threads = [threading.Thread(target=lambda: access.renew(f"{url}/c/a.tif")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        access.address(f"{url}/c/a.tif")
    assert guard.tokens == 1  # it was seconds old: another thread had just fetched it


def test_a_signature_that_stays_refused_is_one_sentence(small, tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "_FRESH", 0.0)
    guard = Guard(tmp_path, signature="one")
    with serve_guarded(guard) as url:
        items = write_items(tmp_path, small, root=url)
        cube = opened(items, signed(url))
        guard.bearer = "nobody has this"
        with pytest.raises(SourceError, match="refuses to give .*signature, token or key is missing or has expired"):
            cube.red.compute()


def test_a_token_service_that_fails_is_one_sentence(tmp_path):
    with serve_guarded(Guard(tmp_path)) as url:
        catalogue = signed(f"{url}/nothing/")
        with pytest.raises(SourceError, match="gives no token"):
            access_to(catalogue).address(f"{url}/c/a.tif")


def test_a_bearer_token_is_sent_to_its_host_only(small, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    guard, other = Guard(tmp_path, bearer="s3cret"), Guard(tmp_path)
    catalogue = Catalogue("b", "A test", "", signing="bearer", environment=("MY_TOKEN",), hosts=("127.0.0.1",))
    with serve_guarded(guard) as url, serve_guarded(other) as plain:
        items = write_items(tmp_path, small.isel(time=[0]), root=url)
        cube = opened(items, catalogue)
        np.testing.assert_allclose(cube.red.compute(), small.red[:1], atol=1e-6)
        elsewhere = write_items(
            tmp_path, small.isel(time=[1]), root=plain.replace("127.0.0.1", "localhost"), name="S2B"
        )
        opened(elsewhere, catalogue).red.compute()
    assert any("Authorization" in h for h in guard.headers)
    assert other.headers
    assert not any("Authorization" in h for h in other.headers)
    assert b"s3cret" not in pickle.dumps(cube.red.data.dask)
    assert "s3cret" not in repr(catalogue) + str(cube.attrs)


@pytest.mark.parametrize(
    ("href", "meant"),
    [
        ("https://x.blob.core.windows.net/c/a.tif", True),
        ("https://X.BLOB.core.windows.net/c/a.tif", True),
        ("https://blob.core.windows.net.evil.org/a.tif", False),
        ("https://evilblob.core.windows.net.org/a.tif", False),
        ("https://user@evil.org/.blob.core.windows.net", False),
        ("s3://x.blob.core.windows.net/a.tif", False),
    ],
)
def test_which_hosts_a_token_is_meant_for(href, meant):
    assert is_meant(href, (".blob.core.windows.net",)) == meant


def test_missing_credentials_name_the_variables():
    assert "EARTHDATA_TOKEN (register at https://urs.earthdata.nasa.gov)" in missing_credentials(find_catalogue("hls"))
    with pytest.raises(InputError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        eow.open("copernicus", area=(22, 45, 22.1, 45.1), dates="2020")
    assert missing_credentials(find_catalogue("sentinel-2")) == ""


def test_files_on_s3_are_opened_by_gdal_at_the_endpoint_of_the_entry():
    access = access_to(find_catalogue("copernicus"))
    assert access.address("s3://eodata/a/b.jp2") == "/vsis3/eodata/a/b.jp2"
    assert access.options("s3://eodata/a/b.jp2")["AWS_S3_ENDPOINT"] == "eodata.dataspace.copernicus.eu"
    assert access.options("https://example.org/b.tif") == {}
    assert access_to(find_catalogue("landsat-usgs")).options("s3://x/y")["AWS_REQUEST_PAYER"] == "requester"
    assert access_to(find_catalogue("dea")).options("s3://x/y")["AWS_NO_SIGN_REQUEST"] == "YES"


def test_keys_of_s3_sign_requests_to_the_endpoint(small, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    guard = Guard(tmp_path)
    with serve_guarded(guard) as url:
        options = {"AWS_S3_ENDPOINT": url.removeprefix("http://"), "AWS_HTTPS": "NO", "AWS_VIRTUAL_HOSTING": "FALSE"}
        catalogue = Catalogue("s3", "A test", "", signing="s3", options=tuple(options.items()))
        (tmp_path / "bucket").mkdir()
        items = write_items(tmp_path / "bucket", small.isel(time=[0]), root="s3://bucket")
        found = opened(items, catalogue).red.compute()
    np.testing.assert_allclose(found, small.red[:1], atol=1e-6)
    sent = [h["Authorization"] for h in guard.headers if "Authorization" in h]
    assert sent
    assert all("Credential=a-key/" in h and "a-secret" not in h for h in sent)
