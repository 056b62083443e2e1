import numpy as np
import pytest
import torch

from eowidgets.models.change.fcsiam import FCSiamDiff, SiamDiffConfig
from eowidgets.models.change.lenet import LENet, LENetConfig
from eowidgets.models.change.lenet.network import UNBUILT, UNKNOWN
from eowidgets.models.change.mci import MCI, MCIConfig

calibrate = pytest.importorskip("training.calibrate", reason="the recipes are not in an installed package")
real = pytest.importorskip("benchmarks.change_real_pairs")
NETWORKS = [
    FCSiamDiff(SiamDiffConfig(widths=(4, 4, 4, 4), symmetric=True)),
    LENet(LENetConfig(widths=(8, 8, 8, 8), width=8, heads=2)),
    MCI(MCIConfig(widths=(8, 8, 8, 16), heads=(1, 1, 1, 2), layers=1, text_width=16, text_heads=2, words=12)),
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: type(n).__name__)
def test_log_odds_are_shifted_and_scaled(network):
    network.eval()
    rng = np.random.default_rng(0)
    labels = rng.choice([0, 2, UNBUILT, UNKNOWN], (64, 64)).astype(np.uint8)
    sets = [real.RealSet("two places", 0.5, [(rng.random((2, 3, 64, 64), np.float32), labels)])]
    before, truth = calibrate.margins(network, sets)
    assert len(before) == (labels != UNKNOWN).sum() and int(truth.sum()) == (labels == 2).sum()
    calibrate.adjust(network, 0.7, 1.0)
    torch.testing.assert_close(calibrate.margins(network, sets)[0], before - 0.7, atol=1e-4, rtol=1e-4)
    calibrate.adjust(network, 0.0, 2.0)
    after = calibrate.margins(network, sets)[0]
    assert float(after.std()) < 0.7 * float(before.std())


def test_the_cut_has_the_highest_f1_and_the_temperature_the_least_cross_entropy():
    generator = torch.Generator().manual_seed(0)
    odds = 3 * torch.randn(20_000, generator=generator)
    truth = torch.rand(20_000, generator=generator) < torch.sigmoid(odds / 1.5)
    assert calibrate.temperature(odds, truth, 0.0) == pytest.approx(1.5, rel=0.15)
    cut, f1 = calibrate.best_shift(odds, truth)
    others = [
        2 * float((truth & (odds > c)).sum()) / float((odds > c).sum() + truth.sum()) for c in np.linspace(-4, 4, 81)
    ]
    assert f1 >= max(others) - 1e-9
    assert 2 * float((truth & (odds > cut)).sum()) / float((odds > cut).sum() + truth.sum()) == pytest.approx(f1)


def test_scores_of_both_orders_and_of_unchanged_pairs():
    rng = np.random.default_rng(0)
    pair = np.tile(rng.random((1, 3, 32, 32), np.float32), (2, 1, 1, 1))
    labels = np.zeros((32, 32), np.uint8)
    labels[4:12, 4:12] = 2
    pair[1, :, 4:12, 4:12] = 1.0
    labels[20:, 20:] = UNKNOWN
    sets = [
        real.RealSet("pasted", 0.5, [(pair, labels)]),
        real.RealSet(real.QUIET, 0.5, [(pair[[0, 0]], np.zeros((32, 32), np.uint8))]),
    ]
    rows = real.rows_of(sets, real.vectors, real.best_cut(sets[:1], real.vectors))
    assert rows["0.5 m"]["F1"] > 0.8 and rows["0.5 m"]["F1 swapped"] == pytest.approx(rows["0.5 m"]["F1"])
    assert rows["marked, 0.5 m (%)"]["F1"] == 0
    one_way = real.rows_of(sets, lambda a, b, metres: (b - a).mean(dim=0), 0.5)
    assert one_way["0.5 m"]["F1"] > one_way["0.5 m"]["F1 swapped"]


def test_other_networks_have_no_last_layer_to_adjust():
    with pytest.raises(TypeError, match="Linear"):
        calibrate.last_layers(torch.nn.Linear(1, 1))
