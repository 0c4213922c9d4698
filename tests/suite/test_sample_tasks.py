"""The rules of the sample tasks: a label is true because of how the row was made."""

import re
from random import Random

import pytest

from suite.sample_statements import Statement, as_statement
from suite.sample_tasks import RULES, make_examples

SENTENCES = [
    "The first array is sorted by value.",
    "Two of these numbers must be positive.",
    "ARPACK can be used for sparse matrices.",
    "This function will return a copy.",
    "Some users are fond of the old name.",
    "It was added for the sake of speed.",
    "The column names should match the index.",
]
DENIAL = re.compile(r"\b(not|never|no longer|in no way)\b")
SEEDS = range(20)


@pytest.fixture
def statements() -> list[Statement]:
    return [as_statement(sentence, "numpy") for sentence in SENTENCES] * 20


@pytest.mark.parametrize("task", ["STS-B", *RULES])
def test_the_same_generator_gives_the_same_examples(task, statements):
    first, again = (make_examples(task, statements, Random(3)) for _ in range(2))
    assert first == again != make_examples(task, statements, Random(4))


@pytest.mark.parametrize("seed", SEEDS)
def test_cola_breaks_what_it_calls_broken(seed, statements):
    for statement, example in made("CoLA", statements, seed):
        assert (example.texts[0] == f"{statement.text}.") == (example.label == "1")


@pytest.mark.parametrize("seed", SEEDS)
def test_sst2_turns_the_opinion_with_a_negator(seed, statements):
    praise = {"clear", "helpful", "useful", "simple", "fast", "robust"}
    praise |= {"convenient", "accurate", "good", "great"}
    for _, example in made("SST-2", statements, seed):
        opinion = example.texts[0].split(" : ")[0]
        turned = opinion.startswith(("hardly", "far from", "anything but"))
        praised = opinion.split()[-1] in praise
        assert example.label == str(int(praised != turned))


@pytest.mark.parametrize("seed", SEEDS)
def test_mrpc_positives_are_never_denied(seed, statements):
    for statement, example in made("MRPC", statements, seed):
        second = example.texts[1]
        if example.label == "1":
            assert statement.words[-1] in second
            assert not DENIAL.search(second.removeprefix("It is not wrong that"))
        else:
            assert DENIAL.search(second) or statement.words[-1] not in second


@pytest.mark.parametrize("seed", SEEDS)
def test_stsb_scores_at_least_the_words_that_stayed(seed, statements):
    """Equal to the share, but for foreign words that happen to be the same."""
    exact = 0
    for _, example in made("STS-B", statements, seed):
        first, second = (text.rstrip(".").split() for text in example.texts)
        kept = sum(a == b for a, b in zip(first, second, strict=True))
        assert float(example.label) <= round(5 * kept / len(first), 3)
        exact += example.label == f"{5 * kept / len(first):.3f}"
    assert exact > 0.9 * len(statements)


@pytest.mark.parametrize("seed", SEEDS)
def test_qqp_duplicates_ask_for_the_same_kind(seed, statements):
    kinds = {"Why": 0, "For": 0, "How": 0, "When": 1, "Since": 1, "Where": 2, "In": 2}
    for _, example in made("QQP", statements, seed):
        one, two = (kinds[text.split()[0]] for text in example.texts)
        assert example.texts[0] != example.texts[1]
        assert (one == two) == (example.label == "1")


@pytest.mark.parametrize("task", ["MNLI", "AX"])
@pytest.mark.parametrize("seed", SEEDS)
def test_mnli_contradicts_only_by_denial(task, seed, statements):
    for statement, example in made(task, statements, seed):
        premise, hypothesis = example.texts
        assert premise == f"{statement.text}."
        denied = DENIAL.search(hypothesis) or re.match(
            r"It is (false|a mistake)", hypothesis
        )
        assert bool(denied) == (example.label == "contradiction")
        if example.label == "entailment":
            assert hypothesis.lower().endswith(premise.lower())
        if example.label == "neutral":
            assert hypothesis.lower() != premise.lower()


@pytest.mark.parametrize("seed", SEEDS)
def test_qnli_sentences_answer_only_what_they_entail(seed, statements):
    added = {
        "number": r"(in|within|for|up to) \d+ (steps|seconds|values|times)\.$",
        "reason": r"(because memory is scarce|to save time|for historical reasons)\.$",
        "place": r"(on the server|inside the main window|at the end of the file)\.$",
    }
    for _, example in made("QNLI", statements, seed):
        question, sentence = example.texts
        asked = question.split()[1]
        answered = re.search(added[asked], sentence) is not None
        assert answered == (example.label == "entailment")


def test_qnli_does_not_ask_for_what_the_statement_itself_holds():
    """A number, a purpose and a place are there: no question is left unanswered."""
    statement = as_statement("These are 2 numbers kept in memory for speed.", "numpy")
    unlike = as_statement(SENTENCES[0], "numpy")
    for seed in SEEDS:
        for example in make_examples("QNLI", [statement, unlike] * 8, Random(seed)):
            if example.label == "not_entailment":
                assert "2 numbers" not in example.texts[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_rte_weakens_what_it_entails(seed, statements):
    weaker = ("It is possible", "Sometimes", "In some cases", "At least once")
    for statement, example in made("RTE", statements, seed):
        hypothesis = example.texts[1]
        follows = hypothesis.startswith(weaker) or hypothesis == f"{statement.text}."
        assert follows == (example.label == "entailment")


@pytest.mark.parametrize("seed", SEEDS)
def test_wnli_resolves_the_pronoun(seed, statements):
    for _, example in made("WNLI", statements, seed):
        found = re.fullmatch(
            r"The (\w+) \w+ the (\w+) because (it|he|she) was \w+\.", example.texts[0]
        )
        meant = found[2] if found[3] == "it" else found[1]
        assert (example.texts[1].split()[1] == meant) == (example.label == "1")


def made(task, statements, seed):
    return zip(statements, make_examples(task, statements, Random(seed)), strict=True)
