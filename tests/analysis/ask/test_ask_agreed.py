import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.analysis.ask.agreed import SURE, Read, decided
from eowidgets.analysis.ask.language import AreaOf, Presence, Share

FOREST, SHARE = Presence(of="forest"), Share(of="forest")
PROGRAMS = st.sampled_from([None, FOREST, SHARE, AreaOf(of="water")])
READS = st.builds(
    Read, PROGRAMS, st.floats(0, 1), st.just("Why."), st.sampled_from(["presence", "share", "unanswerable"])
)


@given(READS, READS)
@settings(deadline=None)
def test_a_program_is_one_that_a_reader_gave_and_a_refusal_has_a_reason(rules, encoder):
    program, sure, reason = decided(rules, encoder)
    assert program in (None, rules.program, encoder.program)
    assert 0 <= sure <= 1
    assert bool(reason) is (program is None)


def test_two_readers_that_agree_are_followed_however_unsure():
    assert decided(Read(FOREST, 0.9), Read(FOREST, 0.1)) == (FOREST, 0.9, "")


@pytest.mark.parametrize(("sure", "program"), [(SURE - 0.01, None), (SURE, SHARE)])
def test_the_encoder_alone_must_be_sure(sure, program):
    assert decided(Read(None, 0.0, "I am not sure what is asked."), Read(SHARE, sure, kind="share"))[0] == program


def test_two_readers_that_differ_are_both_named_unless_the_encoder_is_sure():
    program, _, reason = decided(Read(FOREST, 0.95), Read(SHARE, SURE - 0.01, kind="share"))
    assert program is None
    assert "check whether there is any forest" in reason and "measure the share of forest" in reason
    assert decided(Read(FOREST, 0.95), Read(SHARE, SURE, kind="share"))[0] == SHARE


@pytest.mark.parametrize("sure", [0.1, 0.99])
def test_rules_alone_are_followed_only_where_the_encoder_hears_the_same_kind(sure):
    assert decided(Read(FOREST, 0.95), Read(None, sure, kind="presence"))[0] == FOREST
    program, _, reason = decided(Read(FOREST, 0.95), Read(None, sure, kind="unanswerable"))
    assert program is None and "check whether there is any forest" in reason


def test_hectares_or_percent_are_both_an_answer():
    hectares = AreaOf(of="forest")
    assert decided(Read(hectares, 0.9), Read(SHARE, 0.5))[0] == hectares
    assert decided(Read(hectares, 0.9), Read(Share(of="forest", negated=True), 0.5))[0] is None
