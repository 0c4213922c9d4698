"""The shape of a BERT model, and the named sizes that were released.

Sources: `BertConfig` of the original's modeling.py; the compact sizes of Turc et al.
2019 (arXiv:1908.08962) as released in March 2020; Devlin et al. 2018.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from reference.errors import InputError


@dataclass(frozen=True)
class BertConfig:
    """A model's shape: the fields of the original's bert_config.json."""

    vocab_size: int = 30522
    hidden_size: int = 128
    num_hidden_layers: int = 2
    num_attention_heads: int = 2
    intermediate_size: int = 512
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        if self.hidden_size % self.num_attention_heads:
            raise InputError(
                f"hidden_size {self.hidden_size} is not a multiple of "
                f"num_attention_heads {self.num_attention_heads}"
            )
        if self.hidden_act != "gelu":
            raise InputError(f'hidden_act must be "gelu", found "{self.hidden_act}"')

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    @classmethod
    def from_file(cls, path: Path) -> "BertConfig":
        """Read a bert_config.json; an unknown or badly typed key is an InputError."""
        try:
            fields = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(**fields)
        except FileNotFoundError as error:
            raise InputError(
                f"{path}: no such file; expected a bert_config.json"
            ) from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}: not a bert_config.json: {error}") from error

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def compact(num_hidden_layers: int, hidden_size: int) -> BertConfig:
    """One of the 24 compact sizes: heads of 64, intermediate 4H."""
    return BertConfig(
        hidden_size=hidden_size,
        num_hidden_layers=num_hidden_layers,
        num_attention_heads=hidden_size // 64,
        intermediate_size=4 * hidden_size,
    )


NAMED_SIZES = {
    "BERT-Tiny": compact(2, 128),
    "BERT-Mini": compact(4, 256),
    "BERT-Small": compact(4, 512),
    "BERT-Medium": compact(8, 512),
    "BERT-Base": compact(12, 768),
}


def named_size(name: str) -> BertConfig:
    """Look a size up by name, "BERT-Tiny" or "tiny"."""
    for known, config in NAMED_SIZES.items():
        if name.lower() in (known.lower(), known.lower().removeprefix("bert-")):
            return config
    raise InputError(f'unknown model "{name}"; known: {", ".join(NAMED_SIZES)}')


def size_name(config: BertConfig) -> str:
    """The name of a size whatever its vocabulary, or "BERT L/H" when it has none."""
    for name, known in NAMED_SIZES.items():
        if dataclasses.replace(known, vocab_size=config.vocab_size) == config:
            return name
    return f"BERT {config.num_hidden_layers}/{config.hidden_size}"
