import numpy as np
import pytest
import torch

from eowidgets.errors import InputError
from eowidgets.models.vqa.calibrate import calibration_error, fit_temperature


def test_error_by_hand():
    p = np.array([0.95, 0.95, 0.65, 0.65])
    right = np.array([True, False, True, True])
    assert calibration_error(p, right, bins=10) == pytest.approx((2 * 0.45 + 2 * 0.35) / 4)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0.0


def test_error_of_honest_confidences_is_small():
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, 50_000)
    assert calibration_error(p, rng.random(50_000) < p) < 0.02
    assert calibration_error(p**0.3, rng.random(50_000) < p) > 0.1


def test_temperature_that_was_put_in_is_found():
    rng = np.random.default_rng(1)
    logits = torch.tensor(rng.normal(0, 2, (20_000, 4)))
    chance = logits.softmax(-1).numpy()
    truth = (chance.cumsum(1) > rng.random((20_000, 1))).argmax(1)
    loud = 2.5 * logits  # as sure as a network that was trained too long
    best = loud.argmax(-1)

    def confidence(temperature):
        return (loud / temperature).softmax(-1).gather(-1, best[:, None])[:, 0].numpy()

    right = best.numpy() == truth
    assert fit_temperature(confidence, right) == pytest.approx(2.5, rel=0.1)
    assert calibration_error(confidence(2.5), right) < 0.02 < calibration_error(confidence(1.0), right)


def test_nothing_to_judge_is_refused():
    with pytest.raises(InputError, match="one confidence per answer"):
        calibration_error(np.array([]), np.array([], bool))
    with pytest.raises(InputError, match="2 confidences for 1"):
        calibration_error(np.array([0.5, 0.5]), np.array([True]))
