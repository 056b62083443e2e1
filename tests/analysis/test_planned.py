from __future__ import annotations

import pytest

from eowidgets.analysis.change.detect import ChangeTask
from eowidgets.analysis.planned import bands_read, planned_change, planned_index
from eowidgets.engine.cost import planned_run
from eowidgets.errors import InputError


def test_a_series_is_read_up_to_the_last_day_as_the_run_does(romania):
    dates = ("2018-01-01", "2019-12-31")
    task = ChangeTask(romania, "break-iqr", dates=dates)
    run, planned = planned_run(task.model, task.cube), planned_change(romania, "break-iqr", dates)
    assert (planned.pixels, planned.dates, planned.bytes) == (run.pixels, run.dates, run.bytes)


def test_swapped_days_are_read_alike(romania):
    there, back = (
        planned_change(romania, "break-iqr", d) for d in (("2018-01-01", "2019-12-31"), ("2019-12-31", "2018-01-01"))
    )
    assert there == back


def test_of_two_images_two_dates_are_read(romania):
    days = [str(t)[:10] for t in romania.time.values[[3, 90]]]
    assert planned_change(romania, "change-otsu", days).dates == 2


def test_periods_count_all_their_dates(romania):
    days = romania.time.values.astype("datetime64[D]").astype(str)
    inside = sum("2018-06-01" <= d <= "2018-08-31" or d == days[-1] for d in days)
    assert planned_change(romania, "change-otsu", ("2018-06-01/2018-08-31", days[-1])).dates == inside


def test_auto_reads_all_bands(romania):
    dates = ("2018-01-01", "2019-12-31")
    assert planned_change(romania, "auto", dates).bytes > planned_change(romania, "break-ccdc", dates).bytes


@pytest.mark.parametrize("dates", [("soon", "2019-01-01"), ("1990-01-01", "1990-02-01")])
def test_dates_that_nothing_can_be_read_for_are_refused(romania, dates):
    with pytest.raises(InputError):
        planned_change(romania, "break-iqr", dates)


def test_an_index_reads_its_bands_of_one_pixel_up_to_a_day(romania):
    assert bands_read(romania, "NDVI") == ("nir", "red")
    assert bands_read(romania, "red") == ("red",)
    found = planned_index("forecast", romania, ["NDVI"], (22.15, 45.2), "2018-12-31")
    before = int((romania.time.values.astype("datetime64[D]").astype(str) <= "2018-12-31").sum())
    masks = sum(romania[m].dtype.itemsize for m in ("valid", "clouds") if m in romania)
    assert (found.pixels, found.dates, found.bytes) == (1, before, before * (8 + masks))
