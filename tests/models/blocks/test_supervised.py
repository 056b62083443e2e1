"""The loop of models that are trained on labels: seeds, progress, gaps, turns, and the season of dates."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.labelled import CLASSES, NUMBER, labelled

from eowidgets.contract.trainable import NO_TARGET, Examples
from eowidgets.errors import InputError
from eowidgets.models.blocks.scaled import BandScale, Scaled
from eowidgets.models.blocks.supervised import balanced, cross_entropy, default_loss, turned
from eowidgets.models.crops.psetae import PseTaeModel


@pytest.fixture(scope="module")
def examples():
    return labelled((60, 8))


def test_the_seed_decides(examples):
    one, same, other = (PseTaeModel(steps=3).fit(examples, CLASSES, seed=s).network.state_dict() for s in (1, 1, 2))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not all(torch.equal(one[k], other[k]) for k in one)


def test_the_callers_random_numbers_are_left_alone(examples):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    PseTaeModel(steps=2).fit(examples, CLASSES)
    assert torch.equal(torch.rand(3), expected)


def test_progress_rises_to_one_and_can_stop_the_training(examples):
    seen = []
    PseTaeModel(steps=5).fit(examples, CLASSES, progress=seen.append)
    assert seen[0] == 0
    assert seen[-1] == 1
    assert seen == sorted(seen)

    class Stopped(Exception):
        pass

    def stop(share):
        if share > 0.3:
            raise Stopped

    with pytest.raises(Stopped):
        PseTaeModel(steps=50).fit(examples, CLASSES, progress=stop)


def test_the_model_that_is_trained_is_left_as_it_is(examples):
    model = PseTaeModel(steps=2)
    model.fit(examples, CLASSES)
    assert model.network is None
    assert model.target is None


def test_rows_without_target_or_date_do_not_count(examples):
    batch = examples.take(np.arange(60)).batch
    batch.usable[:20] = False
    batch.x[:20] = 0
    target = examples.target.clone()
    target[20:40] = NO_TARGET
    found = PseTaeModel(steps=2).fit(Examples(batch, target, examples.group), CLASSES)
    chances = found.predict(batch)["kind"]
    assert chances[:20].isnan().all()
    assert chances[20:].isfinite().all()
    with pytest.raises(InputError, match="No example"):
        PseTaeModel(steps=2).fit(Examples(batch, torch.full_like(target, NO_TARGET), examples.group), CLASSES)


def test_losses_are_those_of_torch_where_a_target_is_given():
    found, truth = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([[0, 1, 2, -1]] * 6)
    expected = torch.nn.functional.cross_entropy(found, truth, ignore_index=-1)
    torch.testing.assert_close(cross_entropy(found, truth), expected)
    assert cross_entropy(found, torch.full_like(truth, -1)) == 0
    numbers = torch.tensor([1.0, 3.0, torch.nan])
    squared = default_loss(numbers)(torch.tensor([[1.0], [2.0], [9.0]]), numbers)
    assert float(squared) == pytest.approx(0.5)


def test_rare_classes_weigh_more():
    truth = torch.tensor([0] * 90 + [1] * 10)
    wrong_rare, wrong_common = torch.zeros(100, 2), torch.zeros(100, 2)
    wrong_rare[90:, 0], wrong_common[:10, 1] = 5, 5
    loss = balanced(truth, 2)
    assert loss(wrong_rare, truth) > loss(wrong_common, truth)


@given(quarters=st.integers(0, 3), mirrored=st.booleans())
@settings(max_examples=8, deadline=None)
def test_turned_windows_keep_target_and_image_together(quarters, mirrored):
    source = labelled((4, 2, 3, 3), seed=1).batch
    whole = labelled((4, 3, 6, 6), sources={"series": source})
    found = turned(whole, quarters, mirrored)
    first = found.batch.x[:, :, 0].sum(1) / found.batch.usable.sum(1).clamp_min(1)
    there = found.batch.usable.any(1)
    assert torch.equal(((first - 0.2) / 0.2).round()[there].long(), found.target[there])
    assert found.batch.raw is found.batch.x
    assert sorted(found.batch.sources["series"].x.flatten().tolist()) == sorted(source.x.flatten().tolist())


def test_bands_are_scaled_where_they_were_seen():
    scale = BandScale(2)
    x, seen = labelled((50, 6)).batch.x, labelled((50, 6)).batch.usable
    scale.learn(x, seen)
    values = scale(x, seen)
    torch.testing.assert_close(values[seen].mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(values[seen].std(0, correction=0), torch.ones(2), atol=1e-4, rtol=0)
    assert (values[~seen] == 0).all()


def test_the_season_is_found_in_other_years():
    network = Scaled(torch.nn.Identity(), 1)
    network.season = torch.tensor([17900.0, 18170.0], dtype=torch.float64)
    year = 365.2425
    days = torch.arange(17880, 17880 + 3 * 366, 30, dtype=torch.float64) + 2 * year
    offsets, inside = network.aligned(days)
    assert (offsets[inside] >= -20).all()
    assert (offsets[inside] <= 290).all()
    assert int(inside.sum()) >= 9
    # The last of the years that have as many dates is taken.
    assert float(days[inside][0]) > 17900 + 3 * year


def test_numbers_are_given_in_their_unit():
    examples = labelled((80, 8), numbers=True)
    found = PseTaeModel(steps=80).fit(examples, NUMBER)
    error = (found.predict(examples.batch)["mass"] - examples.target).abs()
    assert float(error.nanmedian()) < 20
