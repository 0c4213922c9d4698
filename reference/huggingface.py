"""Hugging Face's layout of a BERT: config.json and model.safetensors.

After what `transformers` writes for BertModel (names without prefix) and for
BertForPreTraining, BertForMaskedLM, BertForSequenceClassification and
BertForQuestionAnswering (the encoder under "bert."). A `kernel` of the original is
stored transposed there, as a `weight`. Pickles (pytorch_model.bin) are never read.
"""

import json
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from reference.arrays import read_arrays, read_header, write_arrays
from reference.config_file import OPTIONAL, REQUIRED
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.files import written_whole
from reference.json_files import read_json_object
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from reference.variables import (
    ALL_PARTS,
    Shape,
    Variable,
    check_variables,
    parts_of,
    variable_shapes,
)
from reference.weights import Weights

# Buffers that older versions saved: numbers in a row, no weights.
BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")
# What a file may hold a second time, or only under this name: the output layer of the
# masked-LM head, which is the word embeddings again, and its bias.
TIED = {
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}
# Their names begin otherwise here than with the original's first words.
_HEADS = {
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
    "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
    "cls/squad/output_weights": "qa_outputs.weight",
    "cls/squad/output_bias": "qa_outputs.bias",
    "output_weights": "classifier.weight",
    "output_bias": "classifier.bias",
}
_LAST = {"kernel": "weight", "gamma": "weight", "beta": "bias"}


def spelling(name: str, shape: Shape) -> tuple[str, Shape]:
    """What is called so by the original, as `transformers` has it."""
    return spelt(name), shape[::-1] if _is_transposed(name) else shape


def spelt(name: str) -> str:
    """The name that `transformers` has for a variable of the original."""
    if name in _HEADS:
        return _HEADS[name]
    *scopes, last = name.replace("/layer_", "/layer/").split("/")
    if last.endswith("_embeddings"):
        return ".".join([*scopes, last, "weight"])
    return ".".join([*scopes, _LAST.get(last, last)])


def read_huggingface(path: Path, config: BertConfig) -> Weights:
    """Read a model.safetensors of Hugging Face under the original's names.

    InputError names the variables that do not fit the config, and an output layer that
    is not tied to the word embeddings.
    """
    header = read_header(path)
    usual = _usual_names(header)
    # What the file has a second time, and where it has it first.
    twice = {usual.pop(a): usual[b] for a, b in TIED.items() if a in usual}
    original = {spelt(name): name for name in variable_shapes(config, ALL_PARTS)}
    # Where the file has it, by the original's name.
    places = {original.get(name, place): place for name, place in usual.items()}
    found = {name: _turned(name, header[place]) for name, place in places.items()}
    check_variables(found, config, path, spelling)
    _check_tied(path, twice, lambda one, other: header[one] == header[other])
    arrays, _ = read_arrays(path)
    _check_tied(path, twice, lambda one, other: _equal(arrays[one], arrays[other]))
    return {name: _untransposed(name, arrays[place]) for name, place in places.items()}


def write_huggingface(
    directory: Path, config: BertConfig, weights: Weights, tokenizer: Tokenizer
) -> None:
    """Write config.json, vocab.txt, tokenizer_config.json and model.safetensors."""
    parts = parts_of(weights)
    architecture = _architecture(parts)
    stated = {name: getattr(config, name) for name in (*REQUIRED, *OPTIONAL)} | {
        "architectures": [architecture],
        "model_type": "bert",
        # Upstream: transformers' "gelu" is another function; this is the original's.
        "hidden_act": "gelu_new",
        "layer_norm_eps": 1e-12,
        "pad_token_id": tokenizer.pad_id,
        "position_embedding_type": "absolute",
    }
    if "classifier" in parts:
        classes = range(len(weights["output_bias"]))
        stated["id2label"] = {str(index): f"LABEL_{index}" for index in classes}
        stated["label2id"] = {f"LABEL_{index}": index for index in classes}
    _write_json(directory / "config.json", stated)
    how = {
        "do_lower_case": tokenizer.lower_case,
        "model_max_length": config.max_position_embeddings,
        "tokenizer_class": "BertTokenizer",
    }
    _write_json(directory / "tokenizer_config.json", how)
    with written_whole(directory / "vocab.txt") as file:
        file.writelines(f"{piece}\n" for piece in tokenizer.vocab)
    bare = "bert." if architecture == "BertModel" else ""
    arrays = {
        spelt(name).removeprefix(bare): value.T if _is_transposed(name) else value
        for name, value in weights.items()
    }
    # Without that word transformers takes the file for another framework's.
    write_arrays(directory / "model.safetensors", arrays, metadata={"format": "pt"})


def read_lower_case(directory: Path) -> bool | None:
    """The casing that tokenizer_config.json or tokenizer.json states, if any."""
    for name, scope, key in (
        ("tokenizer_config.json", None, "do_lower_case"),
        ("tokenizer.json", "normalizer", "lowercase"),
    ):
        lower_case = _stated(directory / name, scope).get(key)
        if isinstance(lower_case, bool):
            return lower_case
    return None


def check_tokenizing(directory: Path, lower_case: bool) -> None:
    """InputError where tokenizer_config.json or tokenizer.json asks for other pieces.

    The original's tokeniser, which is ours, takes accents off what it lower-cases, and
    off nothing else, and sets CJK characters apart.
    """
    accents, always = (None, lower_case), (None, True)
    for name, scope, key, computed in (
        ("tokenizer_config.json", None, "strip_accents", accents),
        ("tokenizer_config.json", None, "tokenize_chinese_chars", always),
        ("tokenizer_config.json", None, "do_basic_tokenize", always),
        ("tokenizer.json", "normalizer", "strip_accents", accents),
        ("tokenizer.json", "normalizer", "handle_chinese_chars", always),
    ):
        stated = _stated(directory / name, scope).get(key)
        if stated not in computed:
            raise InputError(
                f"{directory / name}: expected {key} {json.dumps(computed[-1])}, found "
                f"{json.dumps(stated)}; such a tokeniser is not implemented"
            )


def read_vocabulary(path: Path) -> list[str]:
    """The pieces of a tokenizer.json, where a vocab.txt is not beside it."""
    model = read_json_object(path).get("model")
    is_wordpiece = isinstance(model, dict) and model.get("type") == "WordPiece"
    ids = model.get("vocab") if is_wordpiece else None
    counted = isinstance(ids, dict) and all(type(n) is int for n in ids.values())
    if not counted or sorted(ids.values()) != list(range(len(ids))):
        raise InputError(
            f"{path}: expected the WordPiece vocabulary of a BERT, found none; put the "
            "vocab.txt of the model beside it"
        )
    missing = [token for token in SPECIAL_TOKENS if token not in ids]
    if missing:
        raise InputError(
            f"{path}: expected the pieces {' '.join(SPECIAL_TOKENS)}, found no "
            f"{' '.join(missing)}; take the file of the model"
        )
    return sorted(ids, key=ids.get)


def pickle_refusal(path: Path) -> str:
    """Why a pytorch_model.bin is not read, and the command that converts it."""
    code = (
        "import sys, torch, safetensors.torch as s; "
        "w = torch.load(sys.argv[1], weights_only=True); "
        "s.save_file({k: v.clone().contiguous() for k, v in w.items()}, sys.argv[2], "
        "{'format': 'pt'})"
    )
    target = path.with_name("model.safetensors")
    paths = f"{shlex.quote(str(path))} {shlex.quote(str(target))}"
    return (
        f"{path}: a pickle, which can run any code and is never read; convert it where "
        f'PyTorch is installed: python -c "{code}" {paths}'
    )


def _architecture(parts: Collection[str]) -> str:
    """The class of transformers that has just these heads."""
    if "classifier" in parts:
        return "BertForSequenceClassification"
    if "squad" in parts:
        return "BertForQuestionAnswering"
    if "masked_lm" in parts:
        both = "next_sentence" in parts
        return "BertForPreTraining" if both else "BertForMaskedLM"
    return "BertForNextSentencePrediction" if "next_sentence" in parts else "BertModel"


def _usual_names(names: Iterable[str]) -> dict[str, str]:
    """The file's names by what today's BertForPreTraining calls them."""
    usual: dict[str, str] = {}
    # Today's names first: of two for one thing the older is one too many, and as such
    # keeps its own.
    for name in sorted(names, key=lambda name: _usual(name) != name):
        called = _usual(name)
        if not name.endswith(BUFFERS):
            usual[name if called in usual else called] = name
    for again, name in TIED.items():
        if again in usual and name not in usual:
            usual[name] = usual.pop(again)
    return usual


def _usual(name: str) -> str:
    """Without the older names, and with the prefix that BertModel leaves away."""
    if name.startswith(("embeddings.", "encoder.", "pooler.")):
        name = f"bert.{name}"
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    return name.replace("LayerNorm.beta", "LayerNorm.bias")


def _check_tied(
    path: Path, twice: Mapping[str, str], same: Callable[[str, str], bool]
) -> None:
    for again, name in twice.items():
        if not same(again, name):
            raise InputError(
                f"{path}: expected {again} equal to {name}, found something else; a "
                "masked-LM head that is not tied to the embeddings is not implemented"
            )


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _turned(name: str, variable: Variable) -> Variable:
    if _is_transposed(name):
        return Variable(variable.shape[::-1], variable.dtype)
    return variable


def _untransposed(name: str, value: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(value.T) if _is_transposed(name) else value


def _is_transposed(name: str) -> bool:
    return name.endswith("/kernel")


def _read_if_there(path: Path) -> dict:
    return read_json_object(path) if path.exists() else {}


def _stated(path: Path, scope: str | None) -> dict:
    """What a file states, or one part of it does; nothing where that is not there."""
    stated = _read_if_there(path)
    stated = stated if scope is None else stated.get(scope)
    return stated if isinstance(stated, dict) else {}


def _write_json(path: Path, stated: dict) -> None:
    with written_whole(path) as file:
        file.write(json.dumps(stated, indent=2, sort_keys=True) + "\n")
