"""Hugging Face's layout: its names, what older files have, and what is refused."""

import json
import re

import numpy as np
import pytest
import safetensors.numpy

from reference.checkpoint import Layout, read_checkpoint
from reference.configuration import BertConfig
from reference.conversion import convert
from reference.errors import InputError
from tests.reference.random_bert import (
    CONFIG,
    assert_same_weights,
    random_weights,
    vocab,
    write_ours,
)

# As BertForPreTraining(config).state_dict() has them, with their shapes in CONFIG.
NAMES = {
    "bert.embeddings.word_embeddings.weight": (40, 8),
    "bert.embeddings.position_embeddings.weight": (16, 8),
    "bert.embeddings.token_type_embeddings.weight": (2, 8),
    "bert.embeddings.LayerNorm.weight": (8,),
    "bert.embeddings.LayerNorm.bias": (8,),
    "bert.pooler.dense.weight": (8, 8),
    "bert.pooler.dense.bias": (8,),
    "cls.predictions.bias": (40,),
    "cls.predictions.transform.dense.weight": (8, 8),
    "cls.predictions.transform.dense.bias": (8,),
    "cls.predictions.transform.LayerNorm.weight": (8,),
    "cls.predictions.transform.LayerNorm.bias": (8,),
    "cls.seq_relationship.weight": (2, 8),
    "cls.seq_relationship.bias": (2,),
}
LAYER_NAMES = {
    "attention.self.query.weight": (8, 8),
    "attention.self.query.bias": (8,),
    "attention.self.key.weight": (8, 8),
    "attention.self.key.bias": (8,),
    "attention.self.value.weight": (8, 8),
    "attention.self.value.bias": (8,),
    "attention.output.dense.weight": (8, 8),
    "attention.output.dense.bias": (8,),
    "attention.output.LayerNorm.weight": (8,),
    "attention.output.LayerNorm.bias": (8,),
    "intermediate.dense.weight": (24, 8),
    "intermediate.dense.bias": (24,),
    "output.dense.weight": (8, 24),
    "output.dense.bias": (8,),
    "output.LayerNorm.weight": (8,),
    "output.LayerNorm.bias": (8,),
}
for _layer in range(2):
    NAMES |= {f"bert.encoder.layer.{_layer}.{n}": s for n, s in LAYER_NAMES.items()}
WORDS = "bert.embeddings.word_embeddings.weight"
DECODER = "cls.predictions.decoder.weight"


def exported(tmp_path, weights):
    """A directory in Hugging Face's layout, and its arrays."""
    source = write_ours(tmp_path / "ours", weights, masking="wordpiece")
    target = tmp_path / "theirs"
    convert(source, target, Layout.HUGGINGFACE)
    return target, safetensors.numpy.load_file(target / "model.safetensors")


@pytest.fixture
def weights():
    return random_weights()


@pytest.fixture
def theirs(tmp_path, weights):
    return exported(tmp_path, weights)


def put(directory, arrays) -> None:
    data = safetensors.numpy.save(arrays, {"format": "pt"})
    (directory / "model.safetensors").write_bytes(data)


def refusal(directory) -> str:
    with pytest.raises(InputError) as caught:
        read_checkpoint(directory)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_names_and_shapes_are_theirs(theirs):
    directory, arrays = theirs
    assert {name: value.shape for name, value in arrays.items()} == NAMES
    config = json.loads((directory / "config.json").read_text())
    assert config["architectures"] == ["BertForPreTraining"]
    # Their "gelu" is exact; the original's approximation has this name there.
    assert config["hidden_act"] == "gelu_new"
    stated = json.loads((directory / "tokenizer_config.json").read_text())
    assert stated["do_lower_case"] is True
    assert (directory / "vocab.txt").read_text().splitlines() == vocab()


def test_kernels_are_transposed_and_nothing_else_is(theirs, weights):
    _, arrays = theirs
    layer = "bert/encoder/layer_1"
    np.testing.assert_array_equal(
        arrays["bert.encoder.layer.1.intermediate.dense.weight"],
        weights[f"{layer}/intermediate/dense/kernel"].T,
    )
    for theirs_, ours in (
        (WORDS, "bert/embeddings/word_embeddings"),
        ("cls.seq_relationship.weight", "cls/seq_relationship/output_weights"),
        ("bert.embeddings.LayerNorm.weight", "bert/embeddings/LayerNorm/gamma"),
        ("cls.predictions.bias", "cls/predictions/output_bias"),
    ):
        np.testing.assert_array_equal(arrays[theirs_], weights[ours])


def test_a_bert_model_has_no_prefix(tmp_path):
    bare = random_weights(("encoder", "pooler"))
    directory, arrays = exported(tmp_path, bare)
    assert "embeddings.LayerNorm.weight" in arrays
    assert not [name for name in arrays if name.startswith("bert.")]
    found = read_checkpoint(directory)
    assert found.parts == ("encoder", "pooler")
    assert_same_weights(found.weights, bare)


@pytest.mark.parametrize(
    ("parts", "architecture"),
    [
        (("encoder", "masked_lm"), "BertForMaskedLM"),
        (("encoder", "pooler", "next_sentence"), "BertForNextSentencePrediction"),
        (("encoder", "pooler", "classifier"), "BertForSequenceClassification"),
        (("encoder", "squad"), "BertForQuestionAnswering"),
    ],
)
def test_other_heads(tmp_path, parts, architecture):
    weights = random_weights(parts, outputs=3)
    directory, _ = exported(tmp_path, weights)
    config = json.loads((directory / "config.json").read_text())
    assert config["architectures"] == [architecture]
    assert len(config.get("id2label", "abc")) == 3
    found = read_checkpoint(directory)
    assert found.parts == parts
    assert_same_weights(found.weights, weights)


def old_names(arrays):
    return {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for name, value in arrays.items()
    }


def with_buffers(arrays):
    row = np.arange(16)[None]
    return arrays | {"bert.embeddings.position_ids": row}


def with_decoder(arrays):
    bias = arrays["cls.predictions.bias"]
    return arrays | {DECODER: arrays[WORDS], "cls.predictions.decoder.bias": bias}


def with_decoder_alone(arrays):
    """What is left where shared arrays were written once, under the other names."""
    arrays = with_decoder(arrays)
    left_out = (WORDS, "cls.predictions.bias")
    return {name: value for name, value in arrays.items() if name not in left_out}


@pytest.mark.parametrize(
    "change", [old_names, with_buffers, with_decoder, with_decoder_alone]
)
def test_what_other_versions_wrote_is_read(theirs, weights, change):
    directory, arrays = theirs
    put(directory, change(arrays))
    assert_same_weights(read_checkpoint(directory).weights, weights)


def test_an_output_layer_of_its_own_is_refused(theirs):
    directory, arrays = theirs
    untied = arrays[WORDS].copy()
    untied[3, 3] += 1
    for other in (untied, untied[:-1], untied.astype(np.float16)):
        put(directory, arrays | {DECODER: other})
        assert f"expected {DECODER} equal to {WORDS}" in refusal(directory)


def test_all_that_does_not_fit_is_told_under_their_names(theirs):
    directory, arrays = theirs
    del arrays["bert.pooler.dense.bias"]
    arrays["bert.embeddings.LayerNorm.gamma"] = np.ones(8, np.float32)
    arrays["lm_head.weight"] = np.ones((2, 2), np.float32)
    name = "bert.encoder.layer.0.intermediate.dense.weight"
    arrays[name] = np.ascontiguousarray(arrays[name].T)
    arrays["cls.predictions.bias"] = arrays["cls.predictions.bias"].astype(np.float16)
    put(directory, arrays)
    said = refusal(directory)
    assert "1 missing (bert.pooler.dense.bias)" in said
    assert "2 extra (bert.embeddings.LayerNorm.gamma; lm_head.weight)" in said
    assert f"1 of another shape ({name} [8, 24], expected [24, 8])" in said
    assert "1 not float32 (cls.predictions.bias float16)" in said


def test_truncated_and_prolonged_files_are_refused(theirs):
    directory, _ = theirs
    path = directory / "model.safetensors"
    whole = path.read_bytes()
    for other in (whole[:-4], whole + b"\0\0\0\0", whole[:100], b""):
        path.write_bytes(other)
        assert "not a readable safetensors file" in refusal(directory)


def test_a_vocabulary_may_be_in_tokenizer_json_alone(theirs, weights):
    directory, _ = theirs
    (directory / "vocab.txt").unlink()
    (directory / "tokenizer_config.json").unlink()
    (directory / "checkpoint.json").unlink()
    ids = {piece: index for index, piece in enumerate(vocab())}
    made = {"model": {"type": "WordPiece", "vocab": ids}}
    for lowercase in (True, False):
        stated = made | {"normalizer": {"type": "Bert", "lowercase": lowercase}}
        (directory / "tokenizer.json").write_text(json.dumps(stated))
        found = read_checkpoint(directory)
        assert found.tokenizer.vocab == vocab()
        assert found.tokenizer.lower_case is lowercase
    for bad, said in (
        ({"type": "BPE", "vocab": ids}, "expected the WordPiece vocabulary"),
        (None, "expected the WordPiece vocabulary"),
        ({"type": "WordPiece", "vocab": {"[PAD]": None}}, "expected the WordPiece"),
        ({"type": "WordPiece", "vocab": {"[PAD]": 1}}, "expected the WordPiece"),
        ({"type": "WordPiece", "vocab": {"[PAD]": 0}}, r"found no \[UNK\]"),
    ):
        (directory / "tokenizer.json").write_text(json.dumps({"model": bad}))
        assert re.search(said, refusal(directory))


@pytest.mark.parametrize(
    ("name", "stated", "said"),
    [
        ("tokenizer_config.json", {"strip_accents": False}, "strip_accents true, fo"),
        ("tokenizer_config.json", {"tokenize_chinese_chars": False}, "chars true, fou"),
        ("tokenizer_config.json", {"do_basic_tokenize": False}, "tokenize true, found"),
        ("tokenizer.json", {"normalizer": {"strip_accents": False}}, "accents true, f"),
        (
            "tokenizer.json",
            {"normalizer": {"handle_chinese_chars": False}},
            "handle_chinese_chars true, found false; such a tokeniser is not",
        ),
    ],
)
def test_a_tokeniser_that_makes_other_pieces_is_refused(theirs, name, stated, said):
    directory, _ = theirs
    (directory / name).write_text(json.dumps({"do_lower_case": True} | stated))
    assert said in refusal(directory)
    as_ours = {"do_lower_case": True, "strip_accents": None}
    as_ours |= {"tokenize_chinese_chars": True, "do_basic_tokenize": True}
    (directory / name).write_text(json.dumps(as_ours))
    read_checkpoint(directory)


def test_a_pickle_is_refused_with_the_way_to_convert_it(theirs):
    directory, _ = theirs
    (directory / "model.safetensors").unlink()
    (directory / "optimizer.bin").touch()
    # Were it read, unpickling would raise another error.
    (directory / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    said = refusal(directory)
    assert "pytorch_model.bin: a pickle" in said
    assert "weights_only=True" in said
    assert said.endswith(f"{directory / 'model.safetensors'}")


def test_two_configs_must_agree(theirs):
    directory, _ = theirs
    (directory / "bert_config.json").write_text(CONFIG.to_json())
    assert read_checkpoint(directory).config == CONFIG
    (directory / "bert_config.json").write_text(BertConfig().to_json())
    assert "of different models" in refusal(directory)
