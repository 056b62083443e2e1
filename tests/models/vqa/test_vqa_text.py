import pytest

from eowidgets.models.vqa.answers import ANSWERS, answer_class, bin_of
from eowidgets.models.vqa.text import END, NULL, START, UNKNOWN, Vocabulary, words


def test_words():
    assert words("Is THERE any water in the north-west, or northeastern 0.5 ha?") == [
        *(["is", "there", "any", "water", "in", "the", "north", "west", ",", "or", "north", "eastern", "0.5", "ha"]),
    ]
    assert words("\U0001f333 <b>") == ["b"]


def test_numbers_and_back():
    known = Vocabulary.of(["two houses", "two roads", "one road"], least=1)
    assert known.known[4:] == ["houses", "one", "road", "roads", "two"]
    line = known.encode("two new roads", 6, marked=True)
    assert line == [START, known.number["two"], UNKNOWN, known.number["roads"], END, NULL]
    assert known.decode(line[1:]) == "two roads"
    assert known.encode("two two two", 2) == [known.number["two"]] * 2
    assert known.strange("two new roads") == ["new"]
    assert len(Vocabulary.of(["a b b"])) == 5


@pytest.mark.parametrize(
    ("kind", "answer", "unit", "said"),
    [
        ("presence", False, "ha", "no"),
        ("count", 0, "ha", "0"),
        ("count", 1, "ha", "1"),
        ("count", 3, "ha", "2 to 3"),
        ("count", 11, "ha", "11 to 100"),
        ("area", 0.0, "m2", "none"),
        ("area", 100.0, "m2", "up to 0.5 ha"),
        ("area", 0.2, "km2", "10.5 to 100 ha"),
        ("compare", "forest", "ha", "forest"),
        ("compare", "equal", "ha", None),
        ("settlement", "urban", "ha", "urban"),
    ],
)
def test_answers_are_grouped(kind, answer, unit, said):
    assert answer_class(kind, answer, unit) == said
    assert said is None or said in ANSWERS


def test_ranges_meet():
    assert [bin_of(x) for x in (0, 0.005, 0.006, 0.5, 0.51, 1000.6)] == [0, 0, 1, 1, 2, 7]
