"""Five tasks over the same networks."""

import pytest
import torch

from eowidgets.errors import InputError
from eowidgets.models.forecast.networks.tasks import TASKS, series_task

ALL = ("dlinear", "itransformer", "nlinear", "patchtst", "spacetime", "timemixer", "timesnet")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("network", ALL)
def test_every_network_does_every_task(task, network):
    torch.manual_seed(0)
    if network == "spacetime" and task in ("imputation", "anomaly-detection"):
        with pytest.raises(InputError, match="only runs forwards"):
            series_task(task, network, 24, 2)
        return
    model = series_task(task, network, 24, 2, horizon=6, classes=3)
    x, seen = torch.randn(4, 24, 2), torch.rand(4, 24, 2) > 0.3
    shape = {"imputation": (4, 24, 2), "anomaly-detection": (4, 24), "classification": (4, 3)}.get(task, (4, 6, 2))
    assert model(x, seen).shape == shape
    truth = {"classification": torch.tensor([0, 1, 2, 0]), "imputation": x, "anomaly-detection": x}
    loss = model.loss(x, truth.get(task, torch.randn(4, 6, 2)), None if "forecast" in task else seen)
    loss.backward()
    assert loss.isfinite()
    # What is not seen plays no part, whatever stands there.
    model.eval()
    assert torch.equal(model(x, seen), model(torch.where(seen, x, torch.nan), seen))


def train(model, batches, rate=3e-3):
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    model.train()
    for x, y, seen in batches:
        loss = model.loss(x, y, seen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


def waves(n, period=12.0, length=36):
    phase = torch.rand(n, 1, 2) * 6.283
    return torch.sin(torch.arange(length)[:, None] * 6.283 / period + phase)


def test_imputation_beats_the_mean_and_keeps_what_was_seen():
    torch.manual_seed(0)

    def batch():
        x = waves(64)
        return x, x, torch.rand_like(x) > 0.4

    model = train(series_task("imputation", "timemixer", 36, 2, dropout=0.0), (batch() for _ in range(120)))
    x, _, seen = batch()
    filled = model(x, seen)
    assert torch.equal(filled[seen], x[seen])
    assert (filled - x)[~seen].square().mean() < 0.3 * x.var()


def test_anomalies_stand_out():
    torch.manual_seed(0)
    model = series_task("anomaly-detection", "patchtst", 36, 2, width=8, depth=1, dropout=0.0)
    train(model, ((x, x, None) for x in (waves(64) for _ in range(150))))
    normal, strange = waves(64), waves(64)
    strange[:, 20] += 1.5
    limit = model.threshold(normal, 0.02)
    assert (model(normal) > limit).float().mean() < 0.03
    assert (model(strange)[:, 20] > limit).float().mean() > 0.9


def test_classes_are_told_apart():
    torch.manual_seed(0)

    def batch():
        y = torch.arange(64) % 2
        return torch.where(y[:, None, None] == 1, waves(64, 12.0), waves(64, 7.0)), y, None

    model = train(series_task("classification", "timesnet", 36, 2, classes=2), (batch() for _ in range(60)))
    x, y, _ = batch()
    assert (model(x).argmax(1) == y).float().mean() > 0.95


def test_smape_by_hand():
    model = series_task("short-forecast", "nlinear", 4, 1, horizon=1)
    x, y = torch.ones(1, 4, 1), torch.full((1, 1, 1), 3.0)
    made = model(x)
    assert torch.isclose(model.loss(x, y), 200 * (made - 3).abs().squeeze() / (made.abs().squeeze() + 3))


def test_plain_errors():
    with pytest.raises(InputError, match="Did you mean 'imputation'"):
        series_task("imputaton", "nlinear", 4, 1)
    with pytest.raises(InputError, match="give 1 or more steps"):
        series_task("long-forecast", "nlinear", 4, 1)
    with pytest.raises(InputError, match="2 or more"):
        series_task("classification", "nlinear", 4, 1)
    with pytest.raises(InputError, match="between 0 and 1"):
        series_task("anomaly-detection", "nlinear", 4, 1).threshold(torch.randn(2, 4, 1), 2.0)
