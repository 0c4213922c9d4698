"""`transformers` loads what we write and computes the same; we load what it writes.

Run where PyTorch and transformers are installed (`tox -e peers`), skipped elsewhere.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import Layout, read_checkpoint, write_checkpoint
from reference.configuration import BertConfig
from reference.conversion import convert
from reference.errors import InputError
from reference.huggingface import spelt
from tests.reference.float32 import tolerance
from tests.reference.random_bert import (
    CONFIG,
    assert_same_weights,
    random_weights,
    vocab,
    write_ours,
)

# Everything is on this machine; nothing is to be looked up elsewhere.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SMALL = Path(__file__).resolve().parents[1] / "data/model_small"
TEXTS = ["piece1 piece2", "Piece3, piece4 PIECE34!"]


def arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(SMALL / f"{name}.npz") as found:
        return dict(found)


def loaded(kind, directory: Path):
    """The model, and that nothing was left over or made up on the way."""
    model, said = kind.from_pretrained(directory, output_loading_info=True)
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not said[problem], problem
    return model.eval()


def random_model(kind, directory: Path, **changes):
    """One of theirs, saved with its vocabulary."""
    torch.manual_seed(1)
    stated = {
        "vocab_size": CONFIG.vocab_size,
        "hidden_size": CONFIG.hidden_size,
        "num_hidden_layers": CONFIG.num_hidden_layers,
        "num_attention_heads": CONFIG.num_attention_heads,
        "intermediate_size": CONFIG.intermediate_size,
        "max_position_embeddings": CONFIG.max_position_embeddings,
    }
    model = kind(transformers.BertConfig(**stated | changes))
    # Their initial biases and norms are all alike, and would hide a mistake.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    model.save_pretrained(directory)
    (directory / "vocab.txt").write_text("".join(f"{p}\n" for p in vocab()))
    return model


def assert_holds(weights, model) -> None:
    """Our weights are the model's, under its names and the way they lie there."""
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    prefix = "" if "bert.embeddings.LayerNorm.bias" in state else "bert."
    for name, value in weights.items():
        theirs = state[spelt(name).removeprefix(prefix)]
        turned = theirs.T if name.endswith("/kernel") else theirs
        np.testing.assert_array_equal(value, turned, err_msg=name)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert sum(value.size for value in weights.values()) == parameters


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What transformers computes from our export of the original's small golden."""
    place = tmp_path_factory.mktemp("small")
    config = BertConfig.from_file(SMALL / "bert_config.json")
    pieces = vocab(config.vocab_size)
    write_checkpoint(place / "ours", config, arrays("weights"), pieces, {})
    convert(place / "ours", place / "theirs", Layout.HUGGINGFACE)
    model = loaded(transformers.BertForPreTraining, place / "theirs")
    inputs = {name: torch.from_numpy(v).long() for name, v in arrays("inputs").items()}
    with torch.no_grad():
        found = model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["input_mask"],
            token_type_ids=inputs["segment_ids"],
            output_hidden_states=True,
        )
        pooled = model.bert.pooler(found.hidden_states[-1])
    positions = inputs["masked_lm_positions"][:, :, None]
    logits = torch.take_along_dim(found.prediction_logits, positions, dim=1)
    return config, {
        "embedding_output": found.hidden_states[0],
        "encoder_layer_0": found.hidden_states[1],
        "encoder_layer_1": found.hidden_states[2],
        "pooled_output": pooled,
        "masked_lm_log_probs": logits.log_softmax(-1).flatten(0, 1),
        "next_sentence_log_probs": found.seq_relationship_logits.log_softmax(-1),
    }


@pytest.mark.parametrize(
    "name",
    [
        "embedding_output",
        "encoder_layer_0",
        "encoder_layer_1",
        "pooled_output",
        "masked_lm_log_probs",
        "next_sentence_log_probs",
    ],
)
def test_it_computes_what_the_original_computes(outputs, name):
    config, found = outputs
    expected = arrays("outputs")[name].astype(np.float64)
    error = np.abs(found[name].numpy() - expected).max() / np.abs(expected).max()
    # Both have rounded.
    assert error < 2 * tolerance(config)


KINDS = {
    "BertModel": ("encoder", "pooler"),
    "BertForPreTraining": ("encoder", "pooler", "masked_lm", "next_sentence"),
    "BertForMaskedLM": ("encoder", "masked_lm"),
    "BertForNextSentencePrediction": ("encoder", "pooler", "next_sentence"),
    "BertForSequenceClassification": ("encoder", "pooler", "classifier"),
    "BertForQuestionAnswering": ("encoder", "squad"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_is_read_and_written_back(kind, tmp_path):
    outputs = 3 if kind == "BertForSequenceClassification" else 2
    model = random_model(
        getattr(transformers, kind), tmp_path / "theirs", num_labels=outputs
    )
    found = read_checkpoint(tmp_path / "theirs")
    assert found.layout == Layout.HUGGINGFACE
    assert (found.config, found.parts) == (CONFIG, KINDS[kind])
    assert_holds(found.weights, model)
    convert(tmp_path / "theirs", tmp_path / "ours", Layout.OURS)
    convert(tmp_path / "ours", tmp_path / "back", Layout.HUGGINGFACE)
    again = loaded(getattr(transformers, kind), tmp_path / "back")
    state, before = again.state_dict(), model.state_dict()
    assert state.keys() == before.keys()
    assert all(torch.equal(state[name], before[name]) for name in before)


def test_around_and_back_to_the_same_bits(tmp_path):
    weights = random_weights()
    write_ours(tmp_path / "ours", weights)
    convert(tmp_path / "ours", tmp_path / "theirs", Layout.HUGGINGFACE)
    model = loaded(transformers.BertForPreTraining, tmp_path / "theirs")
    model.save_pretrained(tmp_path / "again")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "theirs")
    tokenizer.save_pretrained(tmp_path / "again")
    found = read_checkpoint(tmp_path / "again")
    assert found.config == CONFIG
    assert found.tokenizer.vocab == vocab()
    assert_same_weights(found.weights, weights)


@pytest.mark.parametrize("lower_case", [True, False])
def test_its_tokenizer_cuts_as_ours_does(tmp_path, lower_case):
    write_ours(tmp_path / "ours", random_weights(), lower_case=lower_case)
    convert(tmp_path / "ours", tmp_path / "theirs", Layout.HUGGINGFACE)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "theirs")
    ours = read_checkpoint(tmp_path / "theirs").tokenizer
    for text in TEXTS:
        ids = theirs(text, add_special_tokens=False)["input_ids"]
        assert ids == ours.encode_batch([text])[0]


@pytest.mark.parametrize("odd", ["", "it's a $(place) of"])
def test_the_command_that_converts_a_pickle_does(tmp_path, odd):
    directory = tmp_path / odd / "pickled"
    model = random_model(transformers.BertForPreTraining, directory)
    (directory / "model.safetensors").unlink()
    torch.save(model.state_dict(), directory / "pytorch_model.bin")
    with pytest.raises(InputError) as caught:
        read_checkpoint(directory)
    _, _, command = str(caught.value).partition("installed: ")
    words = shlex.split(command)
    assert words[0] == "python"
    subprocess.run([sys.executable, *words[1:]], check=True)
    assert_holds(read_checkpoint(directory).weights, model)
