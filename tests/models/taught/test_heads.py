"""Heads: what scikit-learn has fitted is predicted by tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eowidgets.models.taught.heads import HEADS

ensemble = pytest.importorskip("sklearn.ensemble")


def data(k: int, n: int = 500):
    rng = np.random.default_rng(k)
    x = rng.normal(size=(n, 12)).astype("float32")
    score = x[:, 0] + x[:, 1] ** 2
    y = np.digitize(score, np.quantile(score, np.linspace(0, 1, k + 1)[1:-1])) if k else score.astype("float32")
    return x, y, {"features": 12, "outputs": max(1, k), "numeric": int(not k)}


@pytest.mark.parametrize("k", [2, 4])
def test_a_forest_predicts_what_scikit_learn_predicts(k):
    x, y, sizes = data(k)
    head = HEADS["forest"].fit(x[:300], y[:300], sizes, seed=3)
    forest = ensemble.RandomForestClassifier(200, max_features="sqrt", min_samples_leaf=2, random_state=3)
    want = forest.fit(x[:300], y[:300]).predict_proba(x[300:])
    np.testing.assert_allclose(head(torch.from_numpy(x[300:])).exp().numpy(), want.clip(1e-3), atol=1e-5)


@pytest.mark.parametrize("k", [0, 2, 4])
def test_boosted_trees_predict_what_scikit_learn_predicts(k):
    x, y, sizes = data(k)
    head = HEADS["boosting"].fit(x[:300], y[:300], sizes, seed=3)
    kind = ensemble.HistGradientBoostingClassifier if k else ensemble.HistGradientBoostingRegressor
    fitted = kind(max_iter=100, early_stopping=False, random_state=3).fit(x[:300], y[:300])
    found = head(torch.from_numpy(x[300:]))
    if k:
        np.testing.assert_allclose(found.softmax(dim=1).numpy(), fitted.predict_proba(x[300:]), atol=1e-5)
    else:
        np.testing.assert_allclose(found[:, 0].numpy(), fitted.predict(x[300:]), atol=1e-4)


@pytest.mark.parametrize(("name", "k"), [(name, k) for name in HEADS for k in (0, 2, 4) if k or name != "centroids"])
def test_every_head_beats_a_constant(name, k):
    x, y, sizes = data(k)
    head = HEADS[name].fit(x[:300], y[:300], sizes, seed=0).eval()
    found = head(torch.from_numpy(x[300:]))
    if k:
        assert found.shape == (200, k)
        assert (found.argmax(dim=1).numpy() == y[300:]).mean() > 1.2 * np.bincount(y[300:]).max() / 200
    else:
        assert np.mean((found[:, 0].numpy() - y[300:]) ** 2) < 0.9 * y[300:].var()
    again = HEADS[name].fit(x[:300], y[:300], sizes, seed=0).eval()(torch.from_numpy(x[300:]))
    torch.testing.assert_close(found, again, rtol=0, atol=0)
    importance = head.importance()
    assert importance.shape == (12,) and (importance >= 0).all()


@pytest.mark.parametrize("name", HEADS)
def test_a_class_without_examples_is_never_predicted(name):
    x, y, sizes = data(2)
    head = HEADS[name].fit(x, 2 * y, {**sizes, "outputs": 3}, seed=0).eval()
    assert 1 not in head(torch.from_numpy(x)).argmax(dim=1)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_built_again_from_its_sizes_and_weights(name):
    x, y, sizes = data(4)
    head = HEADS[name].fit(x, y, sizes, seed=0).eval()
    again = HEADS[name](dict(head.sizes)).eval()
    again.load_state_dict(head.state_dict())
    torch.testing.assert_close(head(torch.from_numpy(x)), again(torch.from_numpy(x)), rtol=0, atol=0)
