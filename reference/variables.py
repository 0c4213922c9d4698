"""The variables of a BERT by name and shape, counted, and held against a file's.

Names and shapes are those of the original's checkpoints (modeling.py,
run_pretraining.py, run_classifier.py, run_squad.py). A checkpoint always holds the
encoder; the pooler and the heads are parts that are there whole or not at all. Not
here: how other layouts call them (huggingface.py), and values (weights.py).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.configuration import BertConfig
from reference.errors import InputError

Shape = tuple[int, ...]
Shapes = dict[str, Shape]
# How a layout calls a variable and its shape.
Spelling = Callable[[str, Shape], tuple[str, Shape]]

ENCODER = "encoder"
# What the released checkpoints hold.
RELEASED = (ENCODER, "pooler", "masked_lm", "next_sentence")
# Of a longer list of names an error tells the first.
NAMES_SHOWN = 10


@dataclass(frozen=True)
class Variable:
    """What a file's header says of one variable; `dtype` is spelt as NumPy does."""

    shape: Shape
    dtype: str = "float32"


def variable_shapes(
    config: BertConfig, parts: Iterable[str] = RELEASED, outputs: int = 2
) -> Shapes:
    """Shape by name of these parts; a classifier has so many `outputs`."""
    shapes: Shapes = {}
    for part in parts:
        shapes |= _PARTS[part](config, outputs)
    return shapes


def parameter_count(config: BertConfig, parts: Iterable[str] = RELEASED) -> int:
    """Parameters of these parts; by default of all that was released of a model."""
    return sum(map(math.prod, variable_shapes(config, parts).values()))


def parts_of(names: Iterable[str]) -> tuple[str, ...]:
    """The parts of which any variable is among the names."""
    found = set(names)
    any_config = BertConfig(num_hidden_layers=1)
    return tuple(
        part for part, shapes in _PARTS.items() if found & shapes(any_config, 1).keys()
    )


def check_variables(
    found: Mapping[str, Variable],
    config: BertConfig,
    path: Path,
    spelling: Spelling = lambda name, shape: (name, shape),
) -> None:
    """InputError that names every variable missing, extra or not as it must be.

    `found` has the original's names and shapes; what no BERT has may be among them
    under any name. `spelling` gives what the file at `path` calls them.
    """
    parts = {ENCODER, *parts_of(found)}
    outputs = _outputs(found)
    expected = variable_shapes(config, [p for p in _PARTS if p in parts], outputs)
    spelt = {name: spelling(name, shape) for name, shape in expected.items()}
    reshaped = [
        f"{spelt[name][0]} {_brackets(spelling(name, found[name].shape)[1])}, expected "
        f"{_brackets(spelt[name][1])}"
        for name, shape in expected.items()
        if name in found and found[name].shape != shape
    ]
    retyped = [
        f"{spelt[name][0]} {found[name].dtype}"
        for name in expected
        if name in found and found[name].dtype != "float32"
    ]
    problems = {
        "missing": [spelt[name][0] for name in expected if name not in found],
        "extra": sorted(found.keys() - expected.keys()),
        "of another shape": reshaped,
        "not float32": retyped,
    }
    said = [f"{len(p)} {what} ({shortened(p)})" for what, p in problems.items() if p]
    if said:
        raise InputError(
            f"{path}: the variables are not those of its config: {'; '.join(said)}; "
            "take weights and config from one model"
        )


def shortened(names: Sequence[str]) -> str:
    """The names in a row; of many the first, and how many more there are."""
    shown = "; ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown}; and {more} more" if more > 0 else shown


def _outputs(found: Mapping[str, Variable]) -> int:
    """How many outputs the classifier has, which no config says."""
    for name in ("output_weights", "output_bias"):
        if name in found and found[name].shape:
            return found[name].shape[0]
    return 2


def _brackets(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _encoder(config: BertConfig, _) -> Shapes:
    size = config.hidden_size
    embeddings = {
        "word_embeddings": (config.vocab_size, size),
        "position_embeddings": (config.max_position_embeddings, size),
        "token_type_embeddings": (config.type_vocab_size, size),
        **_norm("LayerNorm", size),
    }
    shapes = _within("bert/embeddings", embeddings)
    for index in range(config.num_hidden_layers):
        shapes |= _within(f"bert/encoder/layer_{index}", _layer(config))
    return shapes


def _layer(config: BertConfig) -> Shapes:
    size, wide = config.hidden_size, config.intermediate_size
    return {
        **_dense("attention/self/query", size, size),
        **_dense("attention/self/key", size, size),
        **_dense("attention/self/value", size, size),
        **_dense("attention/output/dense", size, size),
        **_norm("attention/output/LayerNorm", size),
        **_dense("intermediate/dense", size, wide),
        **_dense("output/dense", wide, size),
        **_norm("output/LayerNorm", size),
    }


def _pooler(config: BertConfig, _) -> Shapes:
    return _dense("bert/pooler/dense", config.hidden_size, config.hidden_size)


def _masked_lm(config: BertConfig, _) -> Shapes:
    size = config.hidden_size
    head = {
        **_dense("transform/dense", size, size),
        **_norm("transform/LayerNorm", size),
        "output_bias": (config.vocab_size,),
    }
    return _within("cls/predictions", head)


def _next_sentence(config: BertConfig, _) -> Shapes:
    return _within("cls/seq_relationship", _output(2, config.hidden_size))


def _squad(config: BertConfig, _) -> Shapes:
    return _within("cls/squad", _output(2, config.hidden_size))


def _classifier(config: BertConfig, outputs: int) -> Shapes:
    return _output(outputs, config.hidden_size)


def _dense(name: str, size_in: int, size_out: int) -> Shapes:
    return _within(name, {"kernel": (size_in, size_out), "bias": (size_out,)})


def _norm(name: str, size: int) -> Shapes:
    return _within(name, {"gamma": (size,), "beta": (size,)})


def _output(outputs: int, size: int) -> Shapes:
    return {"output_weights": (outputs, size), "output_bias": (outputs,)}


def _within(scope: str, shapes: Shapes) -> Shapes:
    return {f"{scope}/{name}": shape for name, shape in shapes.items()}


_PARTS: dict[str, Callable[[BertConfig, int], Shapes]] = {
    ENCODER: _encoder,
    "pooler": _pooler,
    "masked_lm": _masked_lm,
    "next_sentence": _next_sentence,
    "classifier": _classifier,
    "squad": _squad,
}
ALL_PARTS = tuple(_PARTS)
