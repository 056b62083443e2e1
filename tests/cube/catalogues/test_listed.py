"""Names of catalogues, entries of the user, and sentences on what cannot be used."""

from collections import Counter

import pytest

import eowidgets as eow
from eowidgets.cube.catalogues import listed
from eowidgets.cube.catalogues.catalogue import plain_name
from eowidgets.cube.catalogues.listed import find_catalogue, known
from eowidgets.errors import InputError

ENTRY = """
[{name}]
title = "Mine"
api = "https://stac.example.org/v1"
"""


@pytest.fixture(autouse=True)
def no_own_file(monkeypatch, tmp_path):
    monkeypatch.delenv("EOWIDGETS_CATALOGUES", raising=False)
    monkeypatch.setattr(listed, "OWN", tmp_path / "none.toml")


@pytest.fixture
def own(monkeypatch, tmp_path):
    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        monkeypatch.setenv("EOWIDGETS_CATALOGUES", str(path))

    return write


def test_no_name_stands_for_two_presets():
    names = Counter(plain_name(n) for c in known().values() for n in (c.name, *c.aliases))
    assert not [n for n, count in names.items() if count > 1]
    assert not set(names) & {plain_name(s) for s in eow.samples()}


@pytest.mark.parametrize("name", ["sentinel-2", "Sentinel 2", "sentinel2", "SENTINEL_2", "s2"])
def test_names_are_compared_without_case_and_hyphens(name):
    assert find_catalogue(name).name == "sentinel-2"


@pytest.mark.parametrize(
    "name",
    [
        *("earth-search", "planetary-computer", "copernicus-data-space", "hls", "landsat-c2", "sentinel-1-rtc"),
        *("digital-earth-africa", "digital-earth-australia"),
    ],
)
def test_the_catalogues_of_the_documentation_exist(name):
    assert find_catalogue(name) is not None


def test_the_table_states_what_reading_needs(monkeypatch):
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)
    assert eow.catalogues().loc["hls", ["needs", "ready"]].tolist() == ["EARTHDATA_TOKEN", False]
    monkeypatch.setenv("EARTHDATA_TOKEN", "secret")
    table = eow.catalogues()
    assert table.loc["hls", "ready"]
    assert "secret" not in table.to_string()


def test_entries_of_the_user_are_added_and_replace_presets(own, monkeypatch, tmp_path):
    own(ENTRY.format(name="mine") + ENTRY.format(name="landsat"))
    assert find_catalogue("mine").api == "https://stac.example.org/v1"
    assert find_catalogue("landsat").title == "Mine"
    home = tmp_path / "home.toml"
    home.write_text(ENTRY.format(name="other").replace('"Mine"', '"From home"\naliases = ["s2"]'))
    monkeypatch.setattr(listed, "OWN", home)
    assert find_catalogue("s2").title == "From home"
    assert {"mine", "other"} <= set(eow.catalogues().index)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "is not TOML"),
        ("mine = 3", "write a table"),
        ("[mine]\ntitle = 'x'", "lacks the field 'api'"),
        (ENTRY.format(name="mine") + "licens = 'x'", "no field named 'licens'. Did you mean 'licence'"),
        (ENTRY.format(name="mine") + "resolution = 'x'", "resolution = 'x': give a size in metres"),
        (
            ENTRY.format(name="mine") + "signing = 'magic'",
            "signing = 'magic': give 'planetary-computer', 'bearer', 's3'",
        ),
        (ENTRY.format(name="mine") + "environment = ['a b']", "names of environment variables"),
        (
            ENTRY.format(name="mine") + "[mine.options]\nAWS_SECRET_ACCESS_KEY = 'x'",
            "give a table with some of AWS_S3_ENDPOINT",
        ),
        (ENTRY.format(name="mine") + "signing = 'bearer'\nenvironment = ['T']", "has no hosts"),
        (ENTRY.format(name="mine") + "signing = 'bearer'\nhosts = ['a.org']", "one environment variable"),
        (ENTRY.format(name="mine") + "signing = 'planetary-computer'\nhosts = ['a.org']", "has no tokens"),
        (ENTRY.format(name="'My Own'"), "has a name that cannot be used"),
    ],
)
def test_a_wrong_file_gets_one_sentence(own, text, words):
    own(text)
    with pytest.raises(InputError, match=words) as caught:
        eow.catalogues()
    assert "\n" not in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_file_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("EOWIDGETS_CATALOGUES", str(tmp_path / "absent.toml"))
    with pytest.raises(InputError, match=r"There is no file 'absent.toml', which EOWIDGETS_CATALOGUES names"):
        eow.catalogues()
