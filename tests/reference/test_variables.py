"""Names, shapes and counts of a BERT's variables, and what does not fit."""

import re
from pathlib import Path

import numpy as np
import pytest

from reference.configuration import NAMED_SIZES, BertConfig, compact, named_size
from reference.errors import InputError
from reference.variables import (
    NAMES_SHOWN,
    RELEASED,
    Variable,
    check_variables,
    parameter_count,
    parts_of,
    variable_shapes,
)
from tests.reference.random_bert import CONFIG

GOLDEN = Path(__file__).resolve().parents[1] / "data/model_small"
PATH = Path("weights")


def header(parts=RELEASED, outputs: int = 2) -> dict[str, Variable]:
    shapes = variable_shapes(CONFIG, parts, outputs)
    return {name: Variable(shape) for name, shape in shapes.items()}


def refusal(found) -> str:
    with pytest.raises(InputError) as caught:
        check_variables(found, CONFIG, PATH)
    return str(caught.value)


def test_they_are_the_originals():
    config = BertConfig.from_file(GOLDEN / "bert_config.json")
    weights = np.load(GOLDEN / "weights.npz")
    found = {name: weights[name].shape for name in weights.files}
    assert variable_shapes(config) == found


def test_counts_are_those_published():
    """Tiny with pooler and Mini with its heads are exact, the others are rounded.

    Devlin et al. 2018, section 3, give 110M for Base and 340M for Large.
    """
    tiny, mini = named_size("tiny"), named_size("mini")
    assert parameter_count(tiny, ("encoder", "pooler")) == 4_385_920
    assert parameter_count(mini) == 11_267_900
    assert len(variable_shapes(mini)) == 78
    for name, published in (("base", 110e6), ("large", 340e6)):
        count = parameter_count(named_size(name))
        assert float(f"{count:.2g}") == published


@pytest.mark.parametrize("config", NAMED_SIZES.values(), ids=NAMED_SIZES.keys())
def test_the_count_has_a_closed_form(config):
    """By hand: tables, L × (4 H² + 2 HI + biases and norms), pooler, both heads."""
    v, s, h = config.vocab_size, config.max_position_embeddings, config.hidden_size
    i = config.intermediate_size
    tables = (v + s + 2) * h + 2 * h
    layer = 4 * h * h + 2 * h * i + 9 * h + i
    heads = (h * h + h + 2 * h + v) + (2 * h + 2)
    encoder = tables + config.num_hidden_layers * layer
    assert parameter_count(config) == encoder + (h * h + h) + heads
    assert parameter_count(config, ("encoder",)) == encoder


def test_a_cased_model_has_fewer_word_pieces_and_is_otherwise_the_same():
    """1,526 rows of the embeddings and as many output biases."""
    for size, width in (("base", 768), ("large", 1024)):
        less = parameter_count(named_size(size)) - parameter_count(
            named_size(f"{size}-cased")
        )
        assert less == (30522 - 28996) * (width + 1)


@pytest.mark.parametrize(
    "parts",
    [
        ("encoder",),
        ("encoder", "pooler"),
        ("encoder", "masked_lm"),
        RELEASED,
        ("encoder", "pooler", "classifier"),
        ("encoder", "squad"),
    ],
)
def test_heads_may_be_missing_as_a_whole(parts):
    found = header(parts, outputs=3)
    assert parts_of(found) == parts
    check_variables(found, CONFIG, PATH)


def test_all_that_does_not_fit_is_named():
    found = header()
    del found["bert/pooler/dense/bias"]
    del found["cls/seq_relationship/output_bias"]
    found["bert/encoder/layer_2/output/dense/bias"] = Variable((8,))
    found["bert/embeddings/LayerNorm/beta"] = Variable((9,))
    found["cls/predictions/output_bias"] = Variable((40,), "float16")
    assert refusal(found) == (
        "weights: the variables are not those of its config: "
        "2 missing (bert/pooler/dense/bias; cls/seq_relationship/output_bias); "
        "1 extra (bert/encoder/layer_2/output/dense/bias); "
        "1 of another shape (bert/embeddings/LayerNorm/beta [9], expected [8]); "
        "1 not float32 (cls/predictions/output_bias float16); "
        "take weights and config from one model"
    )


def test_of_many_names_the_first_are_told_with_a_count():
    found = {name: v for name, v in header().items() if "/layer_" not in name}
    missing = 2 * 16  # variables of a layer
    said = refusal(found)
    assert f"{missing} missing (" in said
    assert f"and {missing - NAMES_SHOWN} more)" in said
    assert len(re.findall("/layer_", said)) == NAMES_SHOWN


def test_a_classifier_is_as_wide_as_its_bias():
    found = header(("encoder", "pooler", "classifier"), outputs=3)
    found["output_bias"] = Variable((2,))
    assert "output_bias [2], expected [3]" in refusal(found)


def test_another_size_is_refused():
    with pytest.raises(
        InputError, match=r"word_embeddings \[40, 8\], expected \[30522"
    ):
        check_variables(header(), compact(2, 128), PATH)
