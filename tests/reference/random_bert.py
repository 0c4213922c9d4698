"""A BERT small enough to write in every layout, with random weights; no framework."""

import shutil
from pathlib import Path

import numpy as np

from reference.checkpoint import write_checkpoint
from reference.configuration import BertConfig
from reference.tokenization import SPECIAL_TOKENS
from reference.variables import RELEASED, variable_shapes
from reference.weights import Weights

SMALL = Path(__file__).resolve().parents[1] / "data/model_small"
# All sizes differ, so that no two shapes are taken for one another.
CONFIG = BertConfig(
    vocab_size=40,
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=16,
    type_vocab_size=2,
)


def vocab(size: int = CONFIG.vocab_size) -> list[str]:
    return [*SPECIAL_TOKENS, *(f"piece{i}" for i in range(size - len(SPECIAL_TOKENS)))]


def random_weights(parts=RELEASED, outputs: int = 2, config=CONFIG) -> Weights:
    rng = np.random.default_rng(1)
    shapes = variable_shapes(config, parts, outputs)
    return {n: rng.standard_normal(s, dtype=np.float32) for n, s in shapes.items()}


def write_ours(directory: Path, weights: Weights, **description) -> Path:
    write_checkpoint(directory, CONFIG, weights, vocab(), description)
    return directory


def copy_original(directory: Path) -> Path:
    """The golden's TensorFlow 1 checkpoint, with a vocabulary, where it can be changed.

    Written by the original; the numbers in it are random, too.
    """
    shutil.copytree(SMALL, directory)
    (directory / "vocab.txt").write_text("".join(f"{p}\n" for p in vocab(120)))
    return directory


def assert_same_weights(found: Weights, expected: Weights) -> None:
    """Bit for bit."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == np.float32, name
        assert found[name].shape == value.shape, name
        assert found[name].tobytes() == value.tobytes(), name
