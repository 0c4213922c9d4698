"""Named sizes and the reading of bert_config.json."""

import pytest

from reference.configuration import (
    NAMED_SIZES,
    BertConfig,
    compact,
    named_size,
    size_name,
)
from reference.errors import InputError


@pytest.mark.parametrize("name", ["BERT-Tiny", "bert-tiny", "tiny", "Tiny"])
def test_sizes_are_found_by_name(name):
    assert named_size(name) == compact(2, 128)


def test_an_unknown_size_lists_the_known_ones():
    with pytest.raises(InputError, match="BERT-Medium"):
        named_size("BERT-Gigantic")


def test_a_size_keeps_its_name_with_another_vocabulary():
    assert size_name(BertConfig(vocab_size=4000)) == "BERT-Tiny"
    assert size_name(compact(6, 256)) == "BERT 6/256"


@pytest.mark.parametrize("config", NAMED_SIZES.values(), ids=NAMED_SIZES.keys())
def test_heads_are_64_wide(config):
    assert config.head_size == 64
    assert config.intermediate_size == 4 * config.hidden_size


def test_a_file_is_read_back(tmp_path):
    path = tmp_path / "bert_config.json"
    path.write_text(compact(4, 256).to_json())
    assert BertConfig.from_file(path) == NAMED_SIZES["BERT-Mini"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a bert_config.json"),
        ('{"layers": 2}', "layers"),
        ('{"hidden_size": 100, "num_attention_heads": 3}', "not a multiple"),
        ('{"hidden_act": "relu"}', "gelu"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, said):
    path = tmp_path / "bert_config.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        BertConfig.from_file(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json"):
        BertConfig.from_file(tmp_path / "nowhere.json")
