import pytest
from hypothesis import given
from hypothesis import strategies as st

from eowidgets.analysis.ask.agreed import AGAINST, ALONE, DOUBT, Read, decided
from eowidgets.analysis.ask.language import AreaOf, Presence, Share

FOREST, SHARE = Presence(of="forest"), Share(of="forest")
PROGRAMS = st.sampled_from([None, FOREST, SHARE, AreaOf(of="water")])
READS = st.builds(Read, PROGRAMS, st.floats(0, 1), st.just("Why."), st.sampled_from(["presence", "share", "unanswerable"]))


@given(READS, READS)
def test_a_program_is_one_that_a_reader_gave_and_a_refusal_has_a_reason(rules, encoder):
    program, sure, reason = decided(rules, encoder)
    assert program in (None, rules.program, encoder.program)
    assert 0 <= sure <= 1
    assert bool(reason) is (program is None)


def test_two_readers_that_agree_are_followed_however_unsure():
    assert decided(Read(FOREST, 0.9), Read(FOREST, 0.1)) == (FOREST, 0.9, "")


@pytest.mark.parametrize(("sure", "program"), [(ALONE - 0.01, None), (ALONE, SHARE)])
def test_the_encoder_alone_must_be_sure(sure, program):
    assert decided(Read(None, 0.0, "I am not sure what is asked."), Read(SHARE, sure, kind="share"))[0] == program


def test_two_readers_that_differ_are_both_named_unless_the_encoder_is_sure():
    program, _, reason = decided(Read(FOREST, 0.95), Read(SHARE, AGAINST - 0.01, kind="share"))
    assert program is None
    assert "look whether there is any forest" in reason and "measure the share of forest" in reason
    assert decided(Read(FOREST, 0.95), Read(SHARE, AGAINST, kind="share"))[0] == SHARE


def test_rules_are_not_followed_where_the_encoder_is_sure_of_another_kind():
    assert decided(Read(FOREST, 0.95), Read(None, DOUBT, kind="unanswerable"))[0] is None
    assert decided(Read(FOREST, 0.95), Read(None, DOUBT - 0.01, kind="unanswerable"))[0] == FOREST
    assert decided(Read(FOREST, 0.95), Read(None, 0.99, kind="presence"))[0] == FOREST
