"""What the encoder reads: wordings that no rule and no table of words knows."""

import pytest

import eowidgets as eow
from eowidgets.analysis.ask import encoded, kinds
from eowidgets.analysis.ask.language import to_json
from eowidgets.analysis.ask.understanding import understood

INDICES = ("NDVI", "NDMI", "NBR", "EVI")
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")


def read(question, **given):
    return encoded.read(question, "2015-08-01", "2021-01-01", INDICES, (), kinds.Given(BANDS, **given))


@pytest.mark.parametrize(
    ("question", "program"),
    [
        ("which year had the clearest skies", {"kind": "rank", "of": "cloud", "by": "year", "which": "lowest"}),
        ("How many square kilometres of snow are there?", {"kind": "area", "of": "snow", "unit": "km2"}),
        ("Is mean NDMI positive?", {"kind": "threshold", "of": "NDMI", "measure": "mean", "limit": 0.0, "unit": ""}),
        ("On how much of the land does NDVI exceed 0.5?", {"kind": "extent", "of": "NDVI"}),
        ("what percentage of the site is copse", {"kind": "share", "of": "forest"}),
        ("Has the woodland dwindled over the years?", {"kind": "trend", "of": "forest"}),
        ("Draw a line around every lake", {"kind": "locate", "of": "water", "how": "polygon"}),
        ("How much greenness was there on average?", {"kind": "statistic", "of": "NDVI"}),
    ],
)
def test_program_of_a_wording(question, program):
    found = read(question)
    assert found.program is not None and to_json(found.program) == program
    assert found.sure > 0.5


@pytest.mark.parametrize(
    "question",
    [
        "How deep is the lake?",
        "Who owns the forest in the north?",
        "What would a hectare of this land sell for?",
        "How many storks nest in the meadow?",
        "Write me a poem about the river",
    ],
)
def test_what_images_do_not_show_is_no_program(question):
    assert read(question).kind == "unanswerable"


@pytest.mark.parametrize("word", ["oak", "private", "organic", "abandoned"])
def test_a_word_that_changes_the_question_is_not_let_through(word):
    cube = eow.open("romania")
    program, _, reason = understood(cube, f"How many hectares of {word} forest are there?", {}, None)
    assert program is None and reason
    assert word not in read(f"How many hectares of {word} forest are there?").harmless
