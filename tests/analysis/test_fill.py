"""``eow.fill`` as a user calls it."""

from __future__ import annotations

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def cube():
    found = eow.open("bouconne").isel(y=slice(0, 40), x=slice(0, 40)).load()
    found["clouds"] = found["clouds"].copy()
    found["clouds"].values[2, :20, :25] = True
    found["clouds"].values[4] = True
    return found


@pytest.fixture(scope="module")
def filled(cube):
    return eow.fill(cube, networks=False)


def test_clear_values_stay_and_no_gap_is_left(cube, filled):
    clear = ~cube["clouds"].values
    for band in ("red", "nir"):
        assert (filled[band].values[clear] == cube[band].values[clear]).all()
        assert np.isfinite(filled[band].values).all()


def test_the_record_holds_the_test_and_repeats_the_result(cube, filled):
    record = eow.Record.of(filled)
    assert record.choice.winner in {s.method for s in record.choice.scores}
    assert "fill-auto" in record.code()
    assert eow.rerun(filled, cube).identical


def test_the_table_is_that_of_choose(cube, filled):
    assert eow.choose(cube, "fill", networks=False).to_json() == eow.Record.of(filled).choice.to_json()


def test_it_resumes_on_disk_with_its_test(cube, filled, tmp_path):
    out = eow.fill(cube, networks=False, out=tmp_path / "filled.zarr")
    assert eow.Record.of(out).choice == eow.Record.of(filled).choice
    np.testing.assert_array_equal(out["red"].values, filled["red"].values)


def test_names_may_be_short_and_others_are_refused(cube):
    assert eow.Record.of(eow.fill(cube, "linear")).notes["model"] == "fill-linear"
    assert eow.Record.of(eow.fill(cube, "linear")).choice is None
    with pytest.raises(InputError, match="does not fill gaps"):
        eow.fill(cube, "break-ccdc")
    with pytest.raises(eow.EowidgetsError, match="lineer"):
        eow.fill(cube, "lineer")
