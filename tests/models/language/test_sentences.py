import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.models.language import sentences
from eowidgets.models.language.sentences import (
    HEADS,
    LONGEST,
    MARKS,
    TAGS,
    WORD,
    SentenceReader,
    letters,
    mark_of,
    sentence_reader,
)
from training.sentences import Net, batch_of
from training.wordings import Writer, frames

WORDS = ("how", "much", "forest", "is", "there", "copse")


@pytest.fixture(scope="module")
def twins():
    """The network in torch, and what runs in NumPy with its weights."""
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).integers(-127, 128, (len(WORDS), WORD)).astype(np.int8)
    scale = np.full(WORD, 0.02, np.float32)
    net = Net(np.concatenate([np.zeros((1, WORD), np.float32), vectors * scale]).astype(np.float32)).eval()
    kept = {"vectors": vectors, "scale": scale, "words": np.frombuffer("\n".join(WORDS).encode(), np.uint8)}
    return net.half().float(), SentenceReader(net.arrays() | kept)


def _numbers(tokens):
    marks = [mark_of(t) for t in ("‹^›", *tokens)]
    rows = [0 if m else WORDS.index(t) + 1 if t in WORDS else 0 for t, m in zip(("‹^›", *tokens), marks, strict=True)]
    spelt = [[0] if m else letters(t) for t, m in zip(("‹^›", *tokens), marks, strict=True)]
    return {"marks": marks, "words": rows, "letters": spelt, "tags": [0] * len(marks), "chosen": {}, "frame": 0}


@given(st.lists(st.sampled_from([*WORDS, *MARKS[1:8], "zzyzx", "2019"]), min_size=1, max_size=12))
@settings(deadline=None, max_examples=25)
def test_numpy_gives_what_the_trained_network_gives(twins, tokens):
    net, reader = twins
    with torch.no_grad():
        scores, tags = net(batch_of([_numbers(tokens), _numbers(["how", "much", *tokens, "‹d›"])])[0])
    read = reader(tokens)
    for head in HEADS:
        np.testing.assert_allclose(list(read.choices[head].values()), scores[head][0].softmax(0).numpy(), atol=2e-3)
    np.testing.assert_allclose(read.tags, tags[0, 1 : len(tokens) + 1].softmax(-1).numpy(), atol=2e-3)


@given(st.lists(st.text(max_size=12), max_size=2 * LONGEST))
@settings(deadline=None, max_examples=40)
def test_any_words_give_probabilities(tokens):
    read = sentence_reader()(tokens)
    for choices in read.choices.values():
        assert sum(choices.values()) == pytest.approx(1, abs=1e-4)
    assert read.tags.shape == (len(tokens), len(TAGS))
    assert (read.tags[LONGEST:, 1] == 1).all()


def test_weights_are_small_and_their_words_are_unique():
    assert sentences.CHECKPOINT.size <= 2_000_000
    reader = sentence_reader()
    assert len(reader.words) == len(reader._vectors)


def test_questions_for_training_fit_the_heads():
    rng = np.random.default_rng(5)
    writer = Writer(rng, ("justice", "tractor"))
    for _ in range(2000):
        asked = writer.draw()
        assert all(choice in HEADS[head] for head, choice in asked.choices.items()), asked
        assert asked.text.strip(" .?") and not set("{}[]|~") & set(asked.text), asked
    assert {choices["kind"] for _, choices in frames()} == set(HEADS["kind"])
