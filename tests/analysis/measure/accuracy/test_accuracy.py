"""From labelled points to figures: the truth is found, and what is wrong with points is reported in one sentence."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.assessed import class_map, labelled

import eowidgets as eow
from eowidgets.analysis.measure.accuracy.agreement import agreement
from eowidgets.analysis.measure.accuracy.class_map import ClassMap
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def case():
    """A map, and the truth."""
    rng = np.random.default_rng(1)
    mapped = rng.choice(2, (80, 100), p=[0.8, 0.2])
    truth = np.where(rng.random(mapped.shape) < np.where(mapped == 1, 0.05, 0.12), 1 - mapped, mapped)
    return class_map(mapped, names="forest clear-cut"), truth


@pytest.fixture(scope="module")
def done(case):
    raster, truth = case
    return labelled(raster, eow.sample(raster, 400, allocation="equal"), truth)


def changed(done, **columns):
    """Return the table of a sample with its design, with other values in some columns."""
    return done._written().assign(**columns)


def test_a_complete_census_is_the_truth(case):
    raster, truth = case
    points = labelled(raster, eow.sample(raster, raster.size, allocation="proportional"), truth)
    found = eow.accuracy(raster, points, interval="normal")
    assert found.areas[1].value == pytest.approx((truth == 1).sum() * 0.09)
    assert found.overall.value == pytest.approx((raster.values == truth).mean())
    assert found.areas[1].se == pytest.approx(0, abs=1e-9)


def test_figures(case, done):
    raster, truth = case
    found = eow.accuracy(raster, done, kappa=True)
    true = (truth == 1).sum() * 0.09
    assert found.areas[1].low < true < found.areas[1].high
    assert abs(found.areas[1].value - true) < abs(found.mapped_areas[1] - true)
    assert found.n == 400 == found.error_matrix().to_numpy().sum()
    assert found.error_matrix("area").to_numpy().sum() == pytest.approx(1)
    assert 0 < found.kappa < 1
    assert "clear-cut" in found.sentence("clear-cut") and "95% confidence interval" in found.sentence()
    assert "Olofsson" in found.method
    html = found._repr_html_()
    assert html.count("<table>") == 2 and "user&#x27;s accuracy" in html
    assert eow.accuracy(raster, done).kappa is None


def test_units(case, done):
    raster, _ = case
    values = {u: eow.accuracy(raster, done, area_unit=u).areas[1].value for u in ("ha", "km2", "m2", "pixels")}
    assert values["km2"] == pytest.approx(values["ha"] / 100)
    assert values["m2"] == pytest.approx(values["ha"] * 1e4)
    assert values["pixels"] == pytest.approx(values["ha"] / 0.09)


def test_files_and_report(case, done, tmp_path):
    found = eow.accuracy(case[0], done)
    table = pd.read_csv(found.save(tmp_path / "a.csv"), index_col=0)
    assert table.loc["clear-cut", "area"] == pytest.approx(found.areas[1].value)
    everything = json.loads(found.save(tmp_path / "a.json").read_text())
    assert everything["areas"][1]["low"] == pytest.approx(found.areas[1].low)
    assert everything["provenance"]["sample"]["call"] == "sample"
    assert "<table>" in found.save(tmp_path / "a.html").read_text()
    with pytest.raises(InputError, match="must end in"):
        found.save(tmp_path / "a.xlsx")
    page = eow.report(found)
    assert "Olofsson" in page.html() and page.answer == found.sentence()


def test_strata_that_are_not_the_classes(case):
    raster, truth = case
    tiles = raster.copy(data=(np.arange(80)[:, None] // 27 + 0 * truth).astype("uint8"))
    tiles.attrs = {}
    points = labelled(raster, eow.sample(raster, 600, strata=tiles, allocation="equal", seed=3), truth)
    true = (truth == 1).sum() * 0.09
    found = [
        eow.accuracy(raster, points),
        eow.accuracy(raster, points, strata=tiles),
        eow.accuracy(raster, points, strata={s.name: s.pixels for s in points.strata}),
        eow.accuracy(raster, points, strata={s.name: s.weight for s in points.strata}),
        eow.accuracy(raster, points, strata=tiles, area_estimator="difference"),
    ]
    assert "Stehman" in found[0].method and "difference" in found[4].method
    for one in found:
        assert one.areas[1].low < true < one.areas[1].high
    assert found[1].areas[1].value == pytest.approx(found[0].areas[1].value)
    assert found[3].areas[1].value == pytest.approx(found[0].areas[1].value)
    assert found[4].areas[1].se < found[0].areas[1].se


def test_points_without_a_design(case, done):
    raster, _ = case
    plain = done.table.drop(columns="stratum")
    with pytest.raises(InputError, match="have no design"):
        eow.accuracy(raster, plain)
    found = eow.accuracy(raster, plain, design="random")
    assert any("simple random sample" in note for note in found.notes)
    with pytest.raises(InputError, match="no column stratum"):
        eow.accuracy(raster, plain, strata={"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("strata", "words"),
    [
        ({"forest": 0.5, "clear-cut": 0.4}, "add up to 0.9, not to 1"),
        ({"forest": 100, "clear-cut": -3}, "the size -3"),
        ({"forest": 100}, "strata without a size, such as 'clear-cut'"),
        ({}, "strata is empty"),
    ],
)
def test_weights_that_are_wrong(case, done, strata, words):
    with pytest.raises(InputError, match=words):
        eow.accuracy(case[0], done, strata=strata)


def test_a_class_that_the_map_lacks_is_a_column_without_a_row(case, done):
    raster, _ = case
    labels = done.table["label"].where(done.table.index % 50 != 0, "road")
    found = eow.accuracy(raster, changed(done, label=labels))
    assert found.classes == ("forest", "clear-cut", "road")
    assert found.matrix[2].sum() == 0 and found.matrix[:, 2].sum() == 8
    assert np.isnan(found.users[2].value) and found.producers[2].value == 0
    assert found.areas[2].value > 0 and found.mapped_areas[2] == 0
    assert any("not in the map" in note and "'road'" in note for note in found.notes)


@pytest.mark.parametrize("labels", [["FOREST", "Clear-cut"], [0, 1], [0.0, 1.0], ["0", "1"], [" forest ", "clear-cut"]])
def test_labels_are_names_or_values(case, done, labels):
    raster, _ = case
    truth = done.table["label"].astype(int)
    found = eow.accuracy(raster, changed(done, label=[labels[v] for v in truth]))
    assert found.classes == ("forest", "clear-cut")
    assert (found.matrix == eow.accuracy(raster, done).matrix).all()


def test_cant_tell_and_open_points_are_counted(case, done):
    labels = done.table["label"].astype(object)
    labels[:10], labels[10:30] = ["can't tell", "?"] * 5, ""
    found = eow.accuracy(case[0], changed(done, label=labels))
    assert (found.n, found.unsure) == (370, 10)
    assert '10 samples were labelled "can\'t tell" (2.6%)' in str(found)
    assert "20 samples are not labelled yet" in str(found)


def test_points_outside_duplicates_and_contradictions(case, done):
    table = changed(done)
    far = table.iloc[:3].assign(lon=10.0)
    same = table.iloc[3:5]
    other = table.iloc[5:6].assign(label=1 - int(table["label"].iloc[5]))
    found = eow.accuracy(case[0], pd.concat([table, far, same, other], ignore_index=True))
    assert found.n == 399
    text = str(found)
    assert "3 samples are outside the map" in text
    assert "2 labels repeat a pixel" in text
    assert "1 pixel has labels that contradict" in text


def test_an_empty_stratum_and_one_with_one_sample(case, done):
    raster, _ = case
    table = changed(done)
    mapped = table["stratum"] == "clear-cut"
    found = eow.accuracy(raster, table.assign(label=table["label"].where(~mapped, "")))
    assert found.covered == pytest.approx((raster.values == 0).mean())
    assert "No labelled sample lies in 'clear-cut'" in str(found)
    assert "These figures are for" in found.sentence()
    with pytest.raises(InputError, match="label points there"):
        eow.accuracy(raster, table.assign(label=table["label"].where(~mapped, "")), area_estimator="difference")
    first = table.index[mapped][0]
    one = eow.accuracy(raster, table.assign(label=table["label"].where(~mapped | (table.index == first), "")))
    assert "'clear-cut' has only one sample" in str(one)
    assert one.areas[1].high - one.areas[1].low > 0.1 * one.mapped_areas.sum()


def test_no_error_in_the_sample_is_not_certainty(case):
    raster, _ = case
    points = labelled(raster, eow.sample(raster, 60), raster.values)
    found = eow.accuracy(raster, points)
    assert found.overall.value == 1 and found.overall.low < 0.97
    assert all(u.high == 1 and u.low < 0.97 for u in found.users)
    assert found.areas[1].low < found.mapped_areas[1] < found.areas[1].high


def test_another_map_than_the_one_that_was_sampled(case, done):
    raster, _ = case
    other = raster.copy(data=np.roll(raster.values, 1, axis=0))
    found = eow.accuracy(other, done)
    assert "drawn from another map" in str(found) and "Stehman" in found.method


def test_nothing_can_be_used(case, done):
    with pytest.raises(InputError, match="None of the 400 samples has a usable label"):
        eow.accuracy(case[0], changed(done, label=""))
    with pytest.raises(InputError, match="no column of the samples named 'class'"):
        eow.accuracy(case[0], done, truth="class")
    with pytest.raises(InputError, match="give a class map, such as a result of eow.run"):
        eow.accuracy(get_model("fill-linear"), done)


# --- change with dates --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def change(case):
    """A map of change with dates, 60 days late on every second changed pixel."""
    raster, truth = case
    day = np.datetime64("2018-06-01")
    late = np.arange(raster.size).reshape(raster.shape) % 2
    dates = np.where(raster.values == 1, day + 60 * late, np.datetime64("NaT")).astype("datetime64[ns]")
    layers = {"change": (("y", "x"), raster.values), "date": (("y", "x"), dates)}
    return xr.Dataset(layers, coords={"y": raster.y, "x": raster.x}).rio.write_crs("EPSG:32635")


def test_dates_count_within_the_tolerance(change, case):
    _, truth = case
    points = labelled(change, eow.sample(change, 400, allocation="equal"), truth)
    dates = np.where(points.table["label"] == 1, "2018-06-01", "")
    table = points._written().assign(date=dates)
    plain = eow.accuracy(change, table)
    strict, loose = (eow.accuracy(change, table, tolerance=t) for t in (30, 60))
    assert loose.users[1].value == pytest.approx(plain.users[1].value)
    assert strict.users[1].value == pytest.approx(plain.users[1].value / 2, rel=0.2)
    assert strict.producers[1].value < plain.producers[1].value
    assert strict.areas[1].value == plain.areas[1].value
    by = plain.by_tolerance.set_index("tolerance")
    assert by["recall"].is_monotonic_increasing
    assert by.loc[60, "precision"] == pytest.approx(by.loc["any", "precision"])
    # The date on the ground lies between two images: any date within is right.
    interval = table.assign(before="2018-05-01", date=np.where(points.table["label"] == 1, "2018-08-01", ""))
    between = eow.accuracy(change, interval, date=("before", "date"), tolerance=0)
    assert between.users[1].value == pytest.approx(plain.users[1].value)


def test_areas_by_year(change, case):
    _, truth = case
    year = 2018 + np.arange(truth.size).reshape(truth.shape) % 3
    dates = (year - 1970).astype("datetime64[Y]").astype("datetime64[ns]")
    late = change.assign(date=(("y", "x"), np.where(change["change"] == 1, dates, np.datetime64("NaT"))))
    points = labelled(late, eow.sample(late, 600, allocation="equal", seed=1), truth)
    rows, columns, _ = ClassMap.of(late).at(points.table["lon"].to_numpy(), points.table["lat"].to_numpy())
    table = points._written().assign(date=np.where(truth == 1, year, 0)[rows, columns])
    table["date"] = [f"{d}-07-01" if d else "" for d in table["date"]]
    found = eow.accuracy(late, table, by_year=True)
    assert found.classes == ("no change", "change 2018", "change 2019", "change 2020")
    true = [0.09 * ((truth == 1) & (year == y)).sum() for y in (2018, 2019, 2020)]
    assert all(a.low < t < a.high for a, t in zip(found.areas[1:], true, strict=True))
    whole = eow.accuracy(late, table)
    assert sum(a.value for a in found.areas[1:]) == pytest.approx(whole.areas[1].value)
    assert "another map" not in str(found)
    some = late.assign(date=late["date"].where(late["date"] < np.datetime64("2020-01-01")))
    assert "change, no date" in eow.accuracy(some, table, by_year=True).classes
    undated = eow.accuracy(late, table.assign(date=table["date"].where(table.index > 300, "")), by_year=True)
    assert "change, no date" in undated.classes
    for options, words in (
        ({"tolerance": 30}, "both given"),
        ({"date": "day"}, "no column of the samples named 'day'"),
    ):
        with pytest.raises(InputError, match=words):
            eow.accuracy(late, table, by_year=True, **options)
    with pytest.raises(InputError, match="by_year is for maps of change"):
        eow.accuracy(case[0], table, by_year=True)


def test_tolerance_needs_dates(change, case, done):
    with pytest.raises(InputError, match="maps of change with dates"):
        eow.accuracy(case[0], done, tolerance=30)
    points = labelled(change, eow.sample(change, 50), case[1])
    with pytest.raises(InputError, match="needs the date on the ground"):
        eow.accuracy(change, points, tolerance=30)


def test_agreement_of_two_people(case):
    raster, truth = case
    points = eow.sample(raster, 20)
    one = labelled(raster, points, truth)
    two = one.with_labels({0: "can't tell", 1: 1 - int(one.table["label"][1])}, by="B")
    found = agreement(one, two)
    assert found.both == 19 and found.share == pytest.approx(18 / 19)
    assert sorted(found.different["id"]) == [0, 1]
    with pytest.raises(InputError, match="No point was labelled in both"):
        agreement(one, points)
