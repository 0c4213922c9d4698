"""The shape of a BERT model, and the named sizes that were released.

Sources: `BertConfig` of the original's modeling.py; the compact sizes of Turc et al.
2019 (arXiv:1908.08962) as released in March 2020; Devlin et al. 2018; the whole-word
models of May 2019, which have the shape of the plain ones. Not here: which keys a
file may have (config_file.py), and the variables of a shape (variables.py).
"""

import dataclasses
import json
import numbers
from dataclasses import dataclass
from pathlib import Path

from reference.config_file import OPTIONAL, REQUIRED, read_config_fields
from reference.errors import InputError

HEAD_SIZE = 64  # of every released model
UNCASED_VOCABULARY, CASED_VOCABULARY = 30522, 28996

# Upstream: "gelu" is its tanh approximation. The exact function is what others compute,
# and stands in no file of the original's.
GELU, EXACT_GELU = "gelu", "exact gelu"


@dataclass(frozen=True)
class BertConfig:
    """A model's shape: the fields of the original's bert_config.json."""

    vocab_size: int = UNCASED_VOCABULARY
    hidden_size: int = 128
    num_hidden_layers: int = 2
    num_attention_heads: int = 2
    intermediate_size: int = 512
    hidden_act: str = GELU
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        for name in REQUIRED:
            _check_size(name, getattr(self, name))
        for name in OPTIONAL:
            _check_fraction(name, getattr(self, name))
        if self.hidden_size % self.num_attention_heads:
            raise InputError(
                f"hidden_size {self.hidden_size} is not a multiple of "
                f"num_attention_heads {self.num_attention_heads}; give sizes of one "
                "model"
            )
        if self.hidden_act not in (GELU, EXACT_GELU):
            raise InputError(f'hidden_act must be "{GELU}", found "{self.hidden_act}"')

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    def check_sequence_length(self, length: int, where: str) -> None:
        """InputError for sequences that have more tokens than the model positions."""
        if length > self.max_position_embeddings:
            raise InputError(
                f"{where}: expected sequences of at most "
                f"{self.max_position_embeddings} tokens, the model's positions, found "
                f"{length}; choose a shorter length, or a model with more positions"
            )

    @classmethod
    def from_file(cls, path: Path) -> "BertConfig":
        """Read a bert_config.json or a config.json of Hugging Face.

        InputError for a key that is unknown or missing, and for a value that cannot be
        or asks for what is not computed here.
        """
        try:
            fields = read_config_fields(path)
        except FileNotFoundError as error:
            raise InputError(
                f"{path}: no such file; expected the model's config beside its weights"
            ) from error
        try:
            return cls(**fields)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def _check_size(name: str, value) -> None:
    # A count taken from an array is as good; True is none.
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < 1:
        raise InputError(f"expected {name} a whole number from 1 up, found {value!r}")


def _check_fraction(name: str, value) -> None:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0 <= value < 1:
        raise InputError(
            f"expected {name} a number from 0 up and below 1, found {value!r}"
        )


def sized(
    num_hidden_layers: int, hidden_size: int, vocab_size: int = UNCASED_VOCABULARY
) -> BertConfig:
    """A shape as all released ones are: heads of 64, intermediate 4H."""
    return BertConfig(
        vocab_size=vocab_size,
        hidden_size=hidden_size,
        num_hidden_layers=num_hidden_layers,
        num_attention_heads=hidden_size // HEAD_SIZE,
        intermediate_size=4 * hidden_size,
    )


def compact(num_hidden_layers: int, hidden_size: int) -> BertConfig:
    """One of the 24 compact sizes, all of them uncased."""
    return sized(num_hidden_layers, hidden_size)


def unnamed(config: BertConfig) -> str:
    """What a size without a name is called: "BERT 6/256", its layers and width."""
    return f"BERT {config.num_hidden_layers}/{config.hidden_size}"


_COMPACT = [
    compact(layers, width)
    for layers in (2, 4, 6, 8, 10, 12)
    for width in (128, 256, 512, 768)
]
_NICKNAMED = {
    "BERT-Tiny": compact(2, 128),
    "BERT-Mini": compact(4, 256),
    "BERT-Small": compact(4, 512),
    "BERT-Medium": compact(8, 512),
    "BERT-Base": compact(12, 768),
}
_CASED_AND_LARGE = {
    "BERT-Base-Cased": sized(12, 768, CASED_VOCABULARY),
    "BERT-Large": sized(24, 1024),
    "BERT-Large-Cased": sized(24, 1024, CASED_VOCABULARY),
    "BERT-Large-Whole-Word": sized(24, 1024),
    "BERT-Large-Cased-Whole-Word": sized(24, 1024, CASED_VOCABULARY),
}
NAMED_SIZES = (
    _NICKNAMED
    | _CASED_AND_LARGE
    | {unnamed(c): c for c in _COMPACT if c not in _NICKNAMED.values()}
)


def released_as(config: BertConfig) -> str:
    """How the original calls the directory of a compact size."""
    return (
        f"uncased_L-{config.num_hidden_layers}_H-{config.hidden_size}"
        f"_A-{config.num_attention_heads}"
    )


def named_size(name: str) -> BertConfig:
    """Look a size up: "BERT-Tiny", "tiny", "6/256" or "uncased_L-6_H-256_A-4"."""
    asked = name.lower()
    for known, config in NAMED_SIZES.items():
        full = known.lower()
        short = full.removeprefix("bert").lstrip(" -")
        if asked in (full, short):
            return config
    for config in _COMPACT:
        if asked == released_as(config).lower():
            return config
    raise InputError(f'unknown model "{name}"; known: {", ".join(NAMED_SIZES)}')


def size_name(config: BertConfig) -> str:
    """The name of a size, whatever its vocabulary, or its layers and width.

    A whole-word model has the shape of the plain one, and so its name.
    """
    for name, known in NAMED_SIZES.items():
        if known == config:
            return name
    for name, known in NAMED_SIZES.items():
        if dataclasses.replace(known, vocab_size=config.vocab_size) == config:
            return name
    return unnamed(config)
