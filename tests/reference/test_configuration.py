"""Named sizes, and the reading of bert_config.json and config.json."""

import json
import re
from dataclasses import asdict

import pytest

from reference.config_file import REQUIRED
from reference.configuration import (
    CASED_VOCABULARY,
    NAMED_SIZES,
    BertConfig,
    compact,
    named_size,
    size_name,
)
from reference.errors import InputError

# As transformers 4 wrote it for the released Tiny.
HUGGING_FACE = asdict(compact(2, 128)) | {
    "architectures": ["BertForPreTraining"],
    "classifier_dropout": None,
    "gradient_checkpointing": False,
    "layer_norm_eps": 1e-12,
    "model_type": "bert",
    "pad_token_id": 0,
    "position_embedding_type": "absolute",
    "transformers_version": "4.38.2",
    "use_cache": True,
}
# What the original's multilingual models have besides.
POOLER_KEYS = {
    "directionality": "bidi",
    "pooler_fc_size": 768,
    "pooler_num_attention_heads": 12,
    "pooler_num_fc_layers": 3,
    "pooler_size_per_head": 128,
    "pooler_type": "first_token_transform",
}


def refusal(tmp_path, stated) -> str:
    """What is said of a file with this text, or with Tiny's config changed so."""
    path = tmp_path / "bert_config.json"
    if isinstance(stated, dict):
        stated = json.dumps(asdict(compact(2, 128)) | stated)
    path.write_text(stated)
    with pytest.raises(InputError) as caught:
        BertConfig.from_file(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    "name", ["BERT-Tiny", "bert-tiny", "tiny", "Tiny", "uncased_L-2_H-128_A-2"]
)
def test_sizes_are_found_by_name(name):
    assert named_size(name) == compact(2, 128)


@pytest.mark.parametrize("name", ["BERT 6/256", "6/256", "uncased_L-6_H-256_A-4"])
def test_compact_sizes_without_a_nickname_are_found_by_layers_and_width(name):
    assert named_size(name) == compact(6, 256)


def test_all_that_was_released_is_named():
    shapes = {
        (c.num_hidden_layers, c.hidden_size)
        for c in NAMED_SIZES.values()
        if c.vocab_size != CASED_VOCABULARY
    }
    widths = (128, 256, 512, 768)
    assert shapes == {
        (24, 1024),
        *((depth, width) for depth in (2, 4, 6, 8, 10, 12) for width in widths),
    }
    assert named_size("large-cased") == named_size("large-cased-whole-word")
    assert named_size("large").num_attention_heads == 16


def test_an_unknown_size_lists_the_known_ones():
    with pytest.raises(InputError, match="BERT-Medium"):
        named_size("BERT-Gigantic")


def test_a_size_keeps_its_name_with_another_vocabulary():
    assert size_name(BertConfig(vocab_size=4000)) == "BERT-Tiny"
    assert size_name(compact(6, 256)) == "BERT 6/256"
    assert size_name(compact(3, 256)) == "BERT 3/256"
    for name in ("BERT-Base", "BERT-Base-Cased", "BERT-Large", "BERT-Large-Cased"):
        assert size_name(named_size(name)) == name


@pytest.mark.parametrize("config", NAMED_SIZES.values(), ids=NAMED_SIZES.keys())
def test_heads_are_64_wide(config):
    assert config.head_size == 64
    assert config.intermediate_size == 4 * config.hidden_size


def test_a_file_is_read_back(tmp_path):
    path = tmp_path / "bert_config.json"
    path.write_text(compact(4, 256).to_json())
    assert BertConfig.from_file(path) == NAMED_SIZES["BERT-Mini"]


def test_the_published_config_is_read(shared):
    path = shared / "goldens/mini_checkpoint_index/bert_config.json"
    assert BertConfig.from_file(path) == NAMED_SIZES["BERT-Mini"]


@pytest.mark.parametrize("extra", [HUGGING_FACE, POOLER_KEYS, {}])
@pytest.mark.parametrize("act", ["gelu", "gelu_new", "gelu_pytorch_tanh"])
def test_keys_without_effect_are_passed_over(tmp_path, extra, act):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(asdict(compact(2, 128)) | extra | {"hidden_act": act}))
    assert BertConfig.from_file(path) == compact(2, 128)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_act", "relu"),
        ("position_embedding_type", "relative_key"),
        ("layer_norm_eps", 1e-5),
        ("is_decoder", True),
        ("add_cross_attention", True),
        ("tie_word_embeddings", False),
        ("model_type", "roberta"),
        ("pruned_heads", {"0": [1]}),
        ("classifier_dropout", 0.3),
        ("directionality", "left"),
    ],
)
def test_what_is_not_computed_is_refused_by_key_and_value(tmp_path, key, value):
    said = refusal(tmp_path, {key: value})
    assert f"expected {key} " in said
    assert f"found {json.dumps(value)}; such a model is not implemented" in said


def test_every_unknown_key_is_named(tmp_path):
    said = refusal(tmp_path, {"layers": 2, "embedding_size": 64, "is_decoder": True})
    assert "found embedding_size, layers;" in said
    assert "is_decoder" in said


def test_every_missing_size_is_named(tmp_path):
    """Other programs have other defaults."""
    said = refusal(tmp_path, '{"hidden_size": 128}')
    assert all(name in said for name in REQUIRED if name != "hidden_size")
    assert "hidden_size" not in said


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("{", "expected JSON, found none"),
        ("[2, 128]", "expected a JSON object .* found a list"),
        ({"hidden_size": 100, "num_attention_heads": 3}, "100 is not a multiple .* 3"),
        ({"num_attention_heads": 0}, "num_attention_heads a whole number .* found 0"),
        ({"vocab_size": "30522"}, "vocab_size a whole number .* found '30522'"),
        ({"num_hidden_layers": 2.0}, "num_hidden_layers a whole number"),
        ({"type_vocab_size": True}, "type_vocab_size a whole number .* found True"),
        ({"hidden_dropout_prob": 1.5}, "hidden_dropout_prob a number .* found 1.5"),
    ],
)
def test_bad_files_are_refused(tmp_path, stated, said):
    assert re.search(said, refusal(tmp_path, stated))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json"):
        BertConfig.from_file(tmp_path / "nowhere.json")


def test_sequences_longer_than_the_positions_are_refused():
    compact(2, 128).check_sequence_length(512, "text")
    with pytest.raises(InputError, match=r"text: .* at most 512 tokens, .* found 513"):
        compact(2, 128).check_sequence_length(513, "text")
