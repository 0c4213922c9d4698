"""A checkpoint: is its vocabulary the model's, and its casing the vocabulary's?

A wrong one raises no error in training, only scores that are too low. Whatever else is
wrong with a checkpoint, reference/checkpoint.py says, and its words are passed on. Not
here: whether the weights are any good.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.arrays import read_header
from reference.checkpoint import DESCRIPTION_FILE, WEIGHTS_FILE, read_checkpoint
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.huggingface import read_lower_case, read_vocabulary, spelt
from reference.json_files import read_json_object
from reference.tf1_checkpoint import find_prefix, read_tf1_header
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.doctor.finding import Finding, Level, has_fault
from suite.fetching.addresses import VOCABULARIES

# Name and SHA-256 of the original's vocab.txt, by its number of pieces.
_VOCABULARIES = {
    30522: ("uncased", VOCABULARIES[False]),
    28996: ("cased", VOCABULARIES[True]),
}
_EMBEDDINGS = "bert/embeddings/word_embeddings"
_OWN = "take the vocab.txt that came with the checkpoint"


@dataclass(frozen=True)
class _Parts:
    """What was read of a directory; None where it cannot be."""

    directory: Path
    vocab_path: Path
    config: BertConfig | None
    vocab: list[str] | None
    vocab_sha256: str | None


def examine_checkpoint(directory: Path) -> list[Finding]:
    """Go through a checkpoint of any layout; InputError when there is no directory."""
    if not directory.is_dir():
        raise InputError(f"{directory}: expected a checkpoint directory, found none")
    found: list[Finding] = []
    parts = _read_parts(directory, found)
    if parts.vocab is not None:
        found += _vocabulary(parts)
        stated = _tried(found, "casing", _stated_casing, directory)
        found += _casing(parts, stated or {})
    found += _embedding_rows(parts)
    if not has_fault(found):
        found.append(_whole(directory))
    return found


def _read_parts(directory: Path, found: list[Finding]) -> _Parts:
    """Config and vocabulary; what cannot be read goes to `found`."""
    names = ("bert_config.json", "config.json")
    config_path = next(
        (p for name in names if (p := directory / name).exists()), directory / names[0]
    )
    config = _tried(found, "config", BertConfig.from_file, config_path)
    vocab_path, theirs = directory / "vocab.txt", directory / "tokenizer.json"
    if theirs.exists() and not vocab_path.exists():
        vocab_path = theirs
    tokenizer = _tried(found, "vocabulary", _tokenizer, vocab_path)
    if tokenizer is None:
        return _Parts(directory, vocab_path, config, None, None)
    return _Parts(directory, vocab_path, config, tokenizer.vocab, tokenizer.sha256)


def _tokenizer(path: Path) -> Tokenizer:
    """Its casing does not matter here."""
    if path.suffix == ".json":
        return Tokenizer(read_vocabulary(path))
    return Tokenizer.from_file(path)


def _tried(found: list[Finding], name: str, read: Callable, path: Path):
    """What `read` makes of it; None, and a fault, where it is not what it must be."""
    try:
        return read(path)
    except InputError as error:
        found.append(_passed_on(name, path, error))
    return None


def _passed_on(name: str, path: Path, error: InputError) -> Finding:
    """A fault in the words of the error, which says all that a finding says."""
    told = str(error)
    if told.startswith(str(path)):
        told = told.removeprefix(str(path)).lstrip(":, /")
    return Finding(Level.FAULT, name, path, advice=told)


def _vocabulary(parts: _Parts) -> Iterator[Finding]:
    pieces = len(parts.vocab)
    which, published = _VOCABULARIES.get(pieces, (None, None))
    if parts.config and pieces != parts.config.vocab_size:
        wanted, _ = _VOCABULARIES.get(parts.config.vocab_size, (None, None))
        yield Finding(
            Level.FAULT,
            "wrong vocabulary",
            parts.vocab_path,
            f"{pieces:,}" + (f", as the {which} one has" if which else ""),
            f"{parts.config.vocab_size:,} word pieces, as the config says"
            + (f": the {wanted} one" if wanted else ""),
            _OWN,
        )
    elif parts.vocab_sha256 == published:
        found = f"the original's {which} one"
        yield Finding(Level.OK, "vocabulary", parts.vocab_path, found)
    elif which:
        yield Finding(
            Level.NOTE,
            "unknown vocabulary",
            parts.vocab_path,
            f"SHA-256 {parts.vocab_sha256} of its pieces",
            f"{published}, the original's {which} one of the same size",
            "right only if the model was pre-trained with it: the same pieces in "
            "another order make nonsense of its embeddings",
        )


def _casing(parts: _Parts, stated: dict[str, bool]) -> Iterator[Finding]:
    """What states the casing must agree with the pieces, and with each other."""
    capitals = [p for p in parts.vocab if p != p.lower() and p not in SPECIAL_TOKENS]
    for source, lower_case in stated.items():
        if lower_case == bool(capitals):
            yield _wrong_casing(parts.directory / source, lower_case, len(capitals))
    if len(set(stated.values())) > 1:
        found = ", ".join(f"{name} {value}" for name, value in stated.items())
        expected, advice = "one casing", "let them say what the vocabulary is"
        yield Finding(
            Level.FAULT, "two casings", parts.directory, found, expected, advice
        )
    name = parts.directory.name.lower()
    if "cased" in name and ("uncased" in name) == bool(capitals):
        found = f"{len(capitals):,} pieces with capitals"
        advice = f"the folder is named otherwise; {_OWN}"
        expected = f"what the name {parts.directory.name} says"
        yield Finding(
            Level.FAULT, "wrong casing", parts.vocab_path, found, expected, advice
        )
    if not stated:
        found = "a cased vocabulary" if capitals else "a lower-cased vocabulary"
        yield Finding(Level.OK, "casing", parts.vocab_path, found)


def _stated_casing(directory: Path) -> dict[str, bool]:
    """Which files say whether text is lower-cased, and what."""
    stated = {}
    ours = directory / DESCRIPTION_FILE
    if ours.exists():
        stated[DESCRIPTION_FILE] = read_json_object(ours).get("lower_case")
    theirs = read_lower_case(directory)
    name = "tokenizer_config.json"
    if not (directory / name).exists():
        name = "tokenizer.json"
    stated[name] = theirs
    return {name: value for name, value in stated.items() if isinstance(value, bool)}


def _wrong_casing(path: Path, lower_case: bool, capitals: int) -> Finding:
    if lower_case:
        found = f"lower_case true beside {capitals:,} pieces with capitals"
        why = "no lower-cased text meets them"
    else:
        found = "lower_case false beside a vocabulary without capitals"
        why = "every word with a capital would be unknown"
    expected = "the casing of the vocabulary"
    advice = f"{why}; change what it states, or {_OWN}"
    return Finding(Level.FAULT, "wrong casing", path, found, expected, advice)


def _embedding_rows(parts: _Parts) -> Iterator[Finding]:
    """The table of word embeddings has a row for each piece."""
    if parts.config is None:
        return
    found: list[Finding] = []
    rows = _tried(found, "weights", _rows_in_weights, parts.directory)
    yield from found
    if rows is not None and rows != parts.config.vocab_size:
        yield Finding(
            Level.FAULT,
            "wrong vocabulary size",
            parts.directory,
            f"{rows:,} in the weights",
            f"{parts.config.vocab_size:,} rows of word embeddings, as the config says",
            "take config, vocabulary and weights from one model",
        )


def _rows_in_weights(directory: Path) -> int | None:
    """None where there is no such table under a name that is known."""
    path = directory / WEIGHTS_FILE
    if path.exists():
        header = read_header(path)
    elif prefix := find_prefix(directory):
        header = read_tf1_header(prefix)
    else:
        return None
    theirs = spelt(_EMBEDDINGS)
    for name in (_EMBEDDINGS, theirs, theirs.removeprefix("bert.")):
        if name in header:
            return header[name].shape[0]
    return None


def _whole(directory: Path) -> Finding:
    """All of it read and verified, as `python -m suite checkpoint inspect` does."""
    try:
        checkpoint = read_checkpoint(directory)
    except InputError as error:
        return _passed_on("unusable checkpoint", directory, error)
    if odd := [n for n, w in checkpoint.weights.items() if not np.isfinite(w).all()]:
        more = f", and {len(odd) - 1} more such variables" if len(odd) > 1 else ""
        return Finding(
            Level.FAULT,
            "weights that are no numbers",
            directory,
            f"NaN or infinity in {odd[0]}{more}",
            "finite numbers",
            "its training diverged, or the file is damaged; take one from before",
        )
    count = f"{len(checkpoint.weights)} variables of {checkpoint.name}"
    found = f"{count}, of the names, shapes and types that the config asks for"
    return Finding(Level.OK, "weights", directory, found)
