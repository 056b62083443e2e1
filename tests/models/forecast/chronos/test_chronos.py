"""Pretrained forecasters: the grid they see, and where weights come from."""

import sys
import types

import pytest
import torch

from eowidgets.analysis.forecast.names import forecasters
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError, MissingExtraError, ModelError, SourceError
from eowidgets.models.forecast.base import Forecaster, short_name
from eowidgets.models.forecast.chronos.model import ChronosForecaster


class Line:
    """Stands in for a pipeline of ``chronos``: goes on with the last difference, five times over as quantiles."""

    asked: list

    def __init__(self, folder):
        self.folder, self.asked = folder, []

    @classmethod
    def from_pretrained(cls, folder, device_map, use_safetensors):
        assert use_safetensors
        if not folder.endswith("good"):
            raise ValueError("Unrecognized model\nand more")
        return cls(folder)

    def predict_quantiles(self, inputs, prediction_length, quantile_levels):
        assert quantile_levels == [0.5]
        assert inputs.isfinite().all()
        self.asked.append(inputs.shape)
        slope = inputs[:, -1:] - inputs[:, -2:-1]
        made = inputs[:, -1:] + slope * torch.arange(1, prediction_length + 1)
        return made[..., None], made


@pytest.fixture
def package(monkeypatch):
    module = types.ModuleType("chronos")
    module.BaseChronosPipeline = Line
    monkeypatch.setitem(sys.modules, "chronos", module)


def test_chronos_sees_the_grid_and_gives_any_day(package, tmp_path):
    (tmp_path / "good").mkdir()
    model = get_model("forecast-chronos", weights=str(tmp_path / "good"), step=10.0, lookback=12)
    days = 18_000 + torch.arange(0.0, 300.0, 10.0)
    values = (0.01 * torch.arange(30.0)).reshape(1, -1, 1).repeat(300, 1, 2)
    made = model.forecast(values, days, None, days[-1] + torch.tensor([10.0, 25.0]))
    assert [tuple(shape) for shape in model.model.asked] == [(256, 12), (256, 12), (88, 12)]
    torch.testing.assert_close(made[0, :, 0], torch.tensor([0.30, 0.315]), rtol=0, atol=1e-5)
    hidden = values.clone()
    hidden[:, 7] = torch.nan
    assert model.forecast(hidden, days, None, days[-1] + torch.tensor([10.0])).isfinite().all()


def test_weights_are_a_folder_or_a_hub_id(package, tmp_path, monkeypatch):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SourceError, match="EOWIDGETS_OFFLINE is set"):
        ChronosForecaster(weights="nobody/nothing-of-this-name")
    with pytest.raises(InputError, match="neither a file here nor a hub id"):
        ChronosForecaster(weights="not an id")
    (tmp_path / "bad").mkdir()
    with pytest.raises(ModelError, match=r"holds no Chronos model \(Unrecognized model\)"):
        ChronosForecaster(weights=str(tmp_path / "bad"))


def test_without_its_package_it_is_not_offered(monkeypatch):
    monkeypatch.setitem(sys.modules, "chronos", None)
    with pytest.raises(MissingExtraError, match="chronos-forecasting"):
        ChronosForecaster()


def test_what_is_offered_can_be_made():
    for name, cls in forecasters().items():
        if issubclass(cls, Forecaster) and name != "chronos":
            assert short_name(cls().name) == name
