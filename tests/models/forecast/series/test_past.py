"""Series are sorted and checked once for all forecasters."""

import torch

from eowidgets.models.forecast.series.past import checked


def test_checked_averages_what_falls_on_one_day():
    values = torch.tensor([1.0, 3.0, 7.0, 9.0]).reshape(1, 4, 1)
    mask = torch.tensor([True, True, True, False]).reshape(1, 4, 1)
    found = checked(values, torch.tensor([5.0, 5.0, 2.0, 2.0]), mask)
    assert found.days.tolist() == [2.0, 5.0]
    assert found.values.flatten().tolist() == [7.0, 2.0]
    assert found.seen.all()


def test_rows_and_back():
    values = torch.rand(5, 40, 2, generator=torch.Generator().manual_seed(0))
    mask = torch.rand(values.shape, generator=torch.Generator().manual_seed(1)) > 0.3
    found = checked(values, torch.arange(40.0), mask)
    rows, seen = found.rows()
    assert rows.shape == (10, len(found.days))
    assert torch.equal(found.unrow(rows), found.values)
    assert torch.equal(found.unrow(seen), found.seen)
