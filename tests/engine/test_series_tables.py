"""Models of series over tables: a row per series and date."""

import json

import numpy as np
import pandas as pd
import pytest
from support.series import Course, Mean, Told
from support.toys import CARD

import eowidgets as eow
from eowidgets.engine.run import make_job

DATES = pd.date_range("2021-01-04", periods=8, freq="9D")


def long(ids=("a", "b", "c"), seed=0, **columns):
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"id": i, "time": DATES, "red": rng.uniform(0.1, 0.9, len(DATES)), "other": "text", **columns})
        for i in ids
    ]
    return pd.concat(parts, ignore_index=True)


def irregular(series=9):
    """Series with dates of their own, some of them shared."""
    table = long(tuple(range(series)))
    keep = np.random.default_rng(1).random(len(table)) < 0.7
    keep[: 3 * len(DATES)] = True
    table.loc[table["id"] == 4, "time"] += pd.Timedelta("1h")
    return table[keep].reset_index(drop=True)


def test_every_series_has_its_result():
    table = long().sample(frac=1, random_state=3)
    table.loc[table.index[2], "red"] = np.nan
    found = eow.run(Mean, table)
    expected = table.groupby("id", sort=False)["red"].mean()
    pd.testing.assert_series_equal(found["mean"], expected, check_names=False, atol=1e-6, rtol=0)
    notes = json.loads(found.attrs["provenance"])
    assert notes["call"] == "table"
    assert notes["series"] == 3
    assert notes["input"]["bands"] == ["red"]
    assert notes["input"]["rows"] == len(table)
    other = json.loads(eow.run(Mean, table.assign(red=0.5)).attrs["provenance"])
    assert other["input"]["sha256"] != notes["input"]["sha256"]


def test_outputs_over_time_are_in_long_form_with_the_dates_of_each_series():
    table = irregular()
    table.loc[5, "red"] = np.nan
    found = eow.run(Course, table)
    assert list(found.columns) == [
        *("id", "time", "mean", "anomaly", "cover", "cover_probability", "embedding_0", "embedding_1"),
    ]
    both = table.merge(found, on=["id", "time"])
    assert len(both) == len(found) == len(table)
    np.testing.assert_allclose(both["anomaly"], both["red"] - both["mean"], atol=1e-6)
    assert both["anomaly"].isna().sum() == 1
    assert (both["cover"] == np.where(both["mean"] > 0.5, "open water", "forest")).all()
    np.testing.assert_allclose(both["cover_probability"], np.maximum(both["mean"], 1 - both["mean"]), atol=1e-5)


def test_the_answer_of_a_series_does_not_depend_on_its_neighbours():
    table = irregular()
    whole = eow.run(Course, table)
    for name in table["id"].unique():
        alone = eow.run(Course, table[table["id"] == name])
        pd.testing.assert_frame_equal(whole[whole["id"] == name].reset_index(drop=True), alone, atol=1e-6, rtol=0)
    pd.testing.assert_frame_equal(whole, eow.run(Course, table, batch=1), atol=1e-6, rtol=0)


def test_series_of_the_same_dates_share_a_batch_and_others_do_not():
    seen = []

    class Seen(Mean):
        def predict(self, batch):
            seen.append((len(batch.x), batch.x.shape[1]))
            return super().predict(batch)

    eow.run(Seen, long(range(10)))
    assert seen == [(10, len(DATES))]
    seen.clear()
    eow.run(Seen, long(range(10)), batch=4)
    assert seen == [(4, 8), (4, 8), (2, 8)]
    seen.clear()
    table = irregular()
    eow.run(Seen, table)
    assert sum(n for n, _ in seen) == 9
    assert len(seen) == table.groupby("id")["time"].agg(tuple).nunique()


def test_labels_texts_and_classes():
    found = eow.run(Told, long())
    mean = long().groupby("id")["red"].mean()
    assert list(found["kind"]) == list(np.where(mean > 0.5, "open water", "forest"))
    assert list(found["kind"]) == list(found["cover"])
    assert list(found["words"]) == [f"mean {m:.2f}" for m in mean]
    assert found.index.name == "id"


def test_masks_and_places_are_used():
    class Where(Mean):
        def outputs(self, bands):
            return (eow.Value("mean"), eow.Vector("where", size=2))

        def predict(self, batch):
            assert batch.raw[~batch.usable & batch.measured].abs().min() > 0
            return super().predict(batch) | {"where": batch.lonlat}

    table = long(lon=25.5, lat=46.0, clouds=False, valid=True)
    table.loc[[1, 2], "clouds"], table.loc[[3], "valid"] = True, False
    found = eow.run(Where, table)
    seen = ~table["clouds"] & table["valid"]
    np.testing.assert_allclose(found["mean"], table[seen].groupby("id")["red"].mean(), atol=1e-6)
    assert (found[["where_0", "where_1"]] == [25.5, 46.0]).all(axis=None)


def test_a_series_without_observations_has_no_result():
    table = long()
    table.loc[table["id"] == "b", "red"] = np.nan
    found = eow.run(Told, table)
    assert found.loc["b"].isna().all()
    assert found.loc["a"].notna().all()
    assert len(found) == 3
    nothing = eow.run(Course, table.assign(red=np.nan))
    assert nothing[["mean", "anomaly", "cover_probability", "embedding_0"]].dtypes.eq("float64").all()
    assert nothing.drop(columns=["id", "time"]).isna().all(axis=None)


def test_tables_by_dates():
    table = long(("a", "b"))
    wide = table.pivot(index="time", columns="id", values="red")
    expected = eow.run(Mean, table)
    pd.testing.assert_frame_equal(eow.run(Mean, wide), expected)
    pd.testing.assert_frame_equal(eow.run(Mean, wide.rename_axis(None)), expected)
    pd.testing.assert_frame_equal(eow.run(Mean, table.set_index(["id", "time"])), expected)
    pd.testing.assert_frame_equal(eow.run(Mean, table.set_index("time")), expected)
    numbered = eow.run(Mean, wide.set_axis([7, 8], axis=1))
    assert numbered["mean"].tolist() == expected["mean"].tolist()
    assert list(numbered.index) == [7, 8]
    one = eow.run(Mean, wide["b"])
    assert one["mean"].tolist() == [expected.loc["b", "mean"]]
    bands = eow.run(Mean, pd.DataFrame({"red": wide["a"], "nir": wide["b"]}))
    assert bands["mean"].to_dict() == {"series": expected.loc["a", "mean"]}
    zones = table.assign(time=table["time"].dt.tz_localize("UTC"))
    pd.testing.assert_frame_equal(eow.run(Mean, zones), expected)


def test_a_model_of_any_bands_takes_all_columns_of_numbers():
    class Bands(eow.Model):
        name = "toy-bands"
        task = eow.Task.RECONSTRUCT
        card = CARD
        feed = eow.Series()

        def outputs(self, bands):
            return (eow.Bands(),)

        def predict(self, batch):
            return {"bands": batch.raw}

    table = long().assign(nir=0.25).rename(columns={"nir": 5})
    found = eow.run(Bands, table)
    assert list(found.columns) == ["id", "time", "red", "5"]
    np.testing.assert_allclose(found["red"], table["red"], atol=1e-6)


def test_a_break_monitor_takes_a_table_and_judges_each_series_by_its_own_dates():
    days = pd.date_range("2018-01-01", periods=110, freq="16D")
    wave = 0.7 + 0.1 * np.sin(2 * np.pi * np.arange(110) * 16 / 365.25)
    noise = np.random.default_rng(0).normal(0, 0.01, (2, 110))
    cut = wave - 0.4 * (days >= "2021-06-01")
    table = pd.concat(
        [
            pd.DataFrame({"id": "stable", "time": days, "NDVI": wave + noise[0]}),
            pd.DataFrame({"id": "cut", "time": days + pd.Timedelta("3D"), "NDVI": cut + noise[1]}),
        ]
    )
    found = eow.run("break-ccdc", table, watch="NDVI")
    assert list(found["change"]) == ["no change", "change"]
    date = pd.Timestamp("1970-01-01") + pd.Timedelta(days=found.loc["cut", "break_date"])
    assert pd.Timestamp("2021-06-01") <= date < pd.Timestamp("2021-07-01")
    with pytest.raises(eow.EowidgetsError, match="choose another length of the history"):
        eow.run("break-ccdc", table[table["time"] < "2019-06-01"], watch="NDVI")


def test_progress_cancel_and_seed():
    job = make_job(Mean, long(range(10)), batch=3)
    shares = []
    job.on_change(lambda job: shares.append(job.progress))
    job.execute()
    assert job.windows == (10, 10)
    assert sorted(shares) == shares
    stopped = make_job(Mean, long(range(10)), batch=1)
    stopped.on_change(lambda job: job.progress > 0.4 and job.cancel())
    stopped.execute()
    assert stopped.state == "cancelled"

    class Drawn(Mean):
        def predict(self, batch):
            import torch

            return {"mean": torch.rand(len(batch.x))}

    one, two, other = (eow.run(Drawn, long(), seed=s)["mean"].tolist() for s in (1, 1, 2))
    assert one == two != other


def without(*names):
    return long().drop(columns=list(names))


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (without("time"), r"^The table has no column 'time': give one row per series and date"),
        (without("red"), r"finds no bands in this table: give one column of numbers per band"),
        (
            without("red").assign(nir=0.1),
            r"^Model 'toy-series-mean' needs the band red, and this table has nir: add these",
        ),
        (long().iloc[:0], "The table has no rows"),
        (
            pd.concat([long(), long().iloc[[3]]]),
            r"^The series 'a' has two rows for 2021-01-31: keep one row per series",
        ),
        (long().assign(time=pd.NaT), r"24 of 24 dates are missing \(NaT\): drop these rows first"),
        (
            long().assign(time="2020-01-01"),
            r"The column 'time' holds str, which is not a date: convert it with pandas.to_datetime",
        ),
        (long().assign(time=20200101), "holds int64, which is not a date"),
        (long().assign(id=[None, *["a"] * 23]), "1 rows of the table have no 'id'"),
        (long().assign(red="low"), r"The column 'red' holds str: convert it to numbers with pandas.to_numeric"),
        (long().assign(clouds=0), r"The column 'clouds' holds int64: give True and False"),
        (
            pd.concat([long(), long(("d",)).iloc[:2]]),
            r"^Model 'toy-series-mean' needs at least 3 dates, and the series 'd' has 2: leave it out, or give more dates\.$",
        ),
        (long()["red"], "The table has no column 'time'"),
        (
            long().rename(columns={"red": "nir"}).set_index("time").rename_axis(None),
            "needs the band red, and this table has",
        ),
        (pd.concat([long(), long()[["red"]]], axis=1), "The table has two columns named 'red': keep one of them"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence(table, sentence):
    with pytest.raises(eow.EowidgetsError, match=sentence):
        eow.run(Mean, table)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: eow.run("fill-linear", long()),
            "Model 'fill-linear' takes no table: give a cube, or choose a model whose",
        ),
        (lambda: eow.run(Mean, long(), places=long()), "GeoDataFrame"),
        (lambda: eow.run(Mean, long(), out="x.zarr"), "The result is a table"),
        (
            lambda: eow.run(type("Id", (Mean,), {"outputs": lambda s, b: (eow.Value("id"),)}), long()),
            "an output named 'id'",
        ),
        (
            lambda: eow.run(type("Wide", (Mean,), {"predict": lambda s, b: {"mean": b.x}}), long()),
            r"gave 'mean' with shape \(n, 8, 1\); Value over yx must be \(n,\)",
        ),
        (
            lambda: eow.run(
                type("Short", (Told,), {"predict": lambda s, b: {"kind": b.x[:1, 0], "words": []}}), long()
            ),
            r"gave 'kind' with shape \(1, 1\) for 3 series: return \(n, ...\), one row per series",
        ),
    ],
)
def test_a_call_that_does_not_fit_is_one_sentence(call, sentence):
    with pytest.raises(eow.EowidgetsError, match=sentence):
        call()
