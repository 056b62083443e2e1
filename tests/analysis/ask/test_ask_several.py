import pytest

import eowidgets as eow
from eowidgets.analysis.ask.several import halves


@pytest.fixture(scope="module")
def forest():
    return eow.open("romania")


@pytest.mark.parametrize(
    "question",
    [
        "How much forest was lost, and where?",
        "How many rows and columns does the image have?",
        "Is there more forest than field and water?",
        "Was NDVI higher in 2018 or in 2019, and by how much?",
    ],
)
def test_one_question_is_not_taken_apart(question):
    assert halves(question) is None


def test_both_questions_are_answered_with_the_code_for_both(forest):
    answer = eow.ask(forest, "How many images are there, and when was the first one taken?")
    assert answer.value["first"] == 140
    assert answer.value["second"] == str(forest.time.values[0])[:10]
    scope = {"cube": forest}
    exec(answer.code, scope)
    assert scope["answer"] == answer.value


def test_a_second_half_that_only_names_another_time_asks_the_first_of_it(forest):
    answer = eow.ask(forest, "How many images were taken in 2018, and how many in 2019?")
    counts = forest.time.dt.year.values
    assert answer.value == {"first": int((counts == 2018).sum()), "second": int((counts == 2019).sum())}
    turned = eow.ask(forest, "Which year has the most images, and which one has the fewest?")
    assert turned.value["first"] != turned.value["second"]


def test_where_one_half_has_no_answer_neither_has(forest):
    answer = eow.ask(forest, "How many images are there, and who paid for the satellite?")
    assert answer.abstained and answer.value is None
