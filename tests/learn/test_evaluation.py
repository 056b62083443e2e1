"""Scores on held-out blocks, and calibration."""

from __future__ import annotations

import numpy as np
import pytest

from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.target import Target
from eowidgets.learn.calibration import calibration_error, interval, temperature
from eowidgets.learn.evaluation import evaluate

TWO = Target("cover", (ClassInfo(0, "forest", "#00ff00"), ClassInfo(1, "open", "#ffff00")))


def test_scores_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, group = rng.integers(0, 2, 300), rng.integers(0, 12, 300)
    found = np.where(rng.random(300) < 0.8, truth, 1 - truth)
    done = evaluate(TWO, truth, found, group, folds=5, block_metres=100)
    assert done.scores["balanced_accuracy"].value == pytest.approx(metrics.balanced_accuracy_score(truth, found))
    assert done.scores["f1"].value == pytest.approx(metrics.f1_score(truth, found, average="macro"))
    assert (done.table().to_numpy() == metrics.confusion_matrix(truth, found)).all()
    figure = done.main
    assert figure.low < figure.value < figure.high
    assert "12 blocks of 100 m" in done.sentence


def test_intervals_are_wider_where_errors_come_in_blocks():
    rng = np.random.default_rng(0)
    truth, group = np.tile([0, 1], 200), np.repeat(np.arange(20), 20)
    by_pixel = np.where(rng.random(400) < 0.25, 1 - truth, truth)
    by_block = np.where(group < 5, 1 - truth, truth)
    one, two = (evaluate(TWO, truth, f, group, folds=5, block_metres=10).main for f in (by_pixel, by_block))
    assert two.high - two.low > 2 * (one.high - one.low)


def test_numbers():
    rng = np.random.default_rng(0)
    truth = rng.normal(50, 10, 500)
    found = truth + rng.normal(0, 2, 500)
    done = evaluate(Target("biomass", unit="Mg/ha"), truth, found, np.arange(500) % 25, folds=5, block_metres=0)
    assert done.main.value == pytest.approx(2, abs=0.2)
    assert done.scores["r2"].value == pytest.approx(0.96, abs=0.02)
    assert done.majority == pytest.approx(10, abs=1) and "Mg/ha" in done.sentence


def test_a_temperature_makes_probabilities_agree_with_frequencies():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 4000)
    logits = rng.normal(size=(4000, 3))
    logits[np.arange(4000), truth] += 1.5
    over = 4 * logits

    def error(scaled):
        chances = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return calibration_error(chances / chances.sum(axis=1, keepdims=True), truth)

    t = temperature(over, truth)
    assert t > 2
    assert error(over / t) < 0.02 < error(over)


def test_an_interval_holds_nine_of_ten():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=1000)
    found = truth + rng.exponential(1, 1000) - 0.5
    low, high = interval(found[:500], truth[:500])
    inside = (truth[500:] >= found[500:] - low) & (truth[500:] <= found[500:] + high)
    assert inside.mean() == pytest.approx(0.9, abs=0.04)
    assert low > high  # predictions are too high
