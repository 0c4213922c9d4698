"""The sample corpus: English prose out of the documentation of installed packages.

Docstrings are read with `ast` from the sources of packages of the `core` group, which
are never imported. What is left of a docstring is its prose: signatures, tables,
doctests, directives and formulas go. No file of text is shipped, and the same pinned
packages give the same sentences. A vocabulary is trained on them with `tokenizers`.
Not here: the tasks made from these sentences (sample_tasks.py).
"""

import ast
import importlib.util
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

PACKAGES = ("matplotlib", "numpy", "pandas", "scipy")
SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
VOCABULARY_SIZE = 4000

# Tests and vendored code speak of something else; distutils is not in every wheel.
_LEFT_OUT_FOLDERS = {"tests", "testing", "_vendor", "extern", "externals", "distutils"}
_WORDS_A_SENTENCE = range(4, 41)
_SENTENCES_A_DOCUMENT = 3
_ABBREVIATIONS = ("e.g.", "i.e.", "etc.", "vs.", "cf.", "resp.", "approx.", "Eq.")

_PROSE = re.compile(r"[A-Z][A-Za-z0-9 ,;:'()\-]*[.?!]")
_UNDERLINE = re.compile(r"[-=~^*#+]{3,}")
_MARKUP = (
    (re.compile(r"\s*\[[^\]\s]{1,12}\]_"), ""),  # a citation
    (re.compile(r":[a-z:+]+:`~[\w.]*?(\w+)`"), r"\1"),  # a role, the short name shown
    (re.compile(r":[a-z:+]+:`\.?([^`<]*?)\s*(?:<[^`]*>)?`"), r"\1"),  # a role
    (re.compile(r"``([^`]*)``"), r"\1"),  # code
    (re.compile(r"`([^`<]*?)\s*(?:<[^`]*>)?`_{0,2}"), r"\1"),  # a name, a link
    (re.compile(r"\*{1,2}([^*\s][^*]*)\*{1,2}"), r"\1"),  # emphasis
)


@dataclass(frozen=True)
class Document:
    """The prose of one docstring, and the package it is from."""

    package: str
    sentences: tuple[str, ...]


def read_documents(packages: Iterable[str] = PACKAGES) -> list[Document]:
    """The documents of all packages, in the order of packages and sorted paths.

    A sentence that occurred before, in any document, is left out: much documentation is
    shared between functions.
    """
    seen: set[str] = set()
    documents = []
    for package in packages:
        for docstring in _docstrings_of(package):
            new = dict.fromkeys(s for s in prose_sentences(docstring) if s not in seen)
            if len(new) >= _SENTENCES_A_DOCUMENT:
                seen.update(new)
                documents.append(Document(package, tuple(new)))
    return documents


def corpus_text(documents: Iterable[Document]) -> str:
    """One sentence a line, a blank line between documents."""
    return "\n\n".join("\n".join(document.sentences) for document in documents) + "\n"


def prose_sentences(docstring: str) -> list[str]:
    """The whole English sentences of a docstring, without their markup."""
    sentences = []
    for paragraph in _paragraphs(docstring.expandtabs()):
        for pattern, replacement in _MARKUP:
            paragraph = pattern.sub(replacement, paragraph)
        sentences += [s for s in _split(paragraph) if _is_prose(s)]
    return sentences


def train_vocabulary(text: str, size: int = VOCABULARY_SIZE) -> list[str]:
    """The pieces of a lower-case WordPiece vocabulary, BERT's special ones first.

    The trainer numbers the continuing characters in the order of a hash table, which
    changes from process to process, and breaks ties between pairs by those numbers.
    Announcing the characters beforehand, in alphabetical order, settles both.
    """
    characters = sorted(set(text.lower()) - {" ", "\n"})
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=[*SPECIAL_PIECES, *(f"##{c}" for c in characters)],
        show_progress=False,
    )
    tokenizer.train_from_iterator(text.splitlines(), trainer)
    pieces = tokenizer.get_vocab()
    return sorted(pieces, key=pieces.__getitem__)


def _docstrings_of(package: str) -> Iterator[str]:
    """Every docstring of a package as it stands, files in sorted order."""
    root = Path(importlib.util.find_spec(package).origin).parent
    paths = sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).parts)
    for path in paths:
        if not _LEFT_OUT_FOLDERS.intersection(path.relative_to(root).parts):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes in their formulas
                tree = ast.parse(path.read_bytes())
            yield from _docstrings_within(tree)


def _docstrings_within(
    node: ast.Module | ast.ClassDef | ast.FunctionDef,
) -> Iterator[str]:
    docstring = ast.get_docstring(node, clean=False)
    if docstring:
        yield docstring
    for child in node.body:
        if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
            yield from _docstrings_within(child)


def _paragraphs(docstring: str) -> Iterator[str]:
    """Runs of lines with the same indent, joined; literal blocks are passed over.

    A block is literal from a line that ends with `::`, or is a doctest or directive, to
    the next line that is indented no deeper. Headings are dropped.
    """
    run: list[str] = []
    run_indent = literal_indent = None
    for line in [*docstring.splitlines(), ""]:
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if text and literal_indent is not None and indent > literal_indent:
            continue
        if _UNDERLINE.fullmatch(text):
            run = []  # what it underlines is a heading
            continue
        if run and (not text or indent != run_indent):
            yield " ".join(run)
            run = []
        if text:
            literal_indent = indent if _opens_literal(text) else None
            run_indent = indent
            run.append(text)


def _opens_literal(text: str) -> bool:
    return text.endswith("::") or text.startswith((".. ", ">>>"))


def _split(paragraph: str) -> Iterator[str]:
    """Sentences: an end mark, a space and a capital, but not after an abbreviation."""
    start = 0
    for match in re.finditer(r"[.?!] +(?=[A-Z])", paragraph):
        sentence = paragraph[start : match.start() + 1]
        if not sentence.endswith(_ABBREVIATIONS):
            yield sentence
            start = match.end()
    yield paragraph[start:]


def _is_prose(sentence: str) -> bool:
    """Plain characters only, a sentence's length, words rather than names."""
    words = sentence.split()
    plain = sum(word.strip("(),;:.?!'-").isalpha() for word in words)
    return (
        _PROSE.fullmatch(sentence) is not None
        and len(words) in _WORDS_A_SENTENCE
        and plain >= 0.75 * len(words)
        and sentence.count("(") == sentence.count(")")
    )
