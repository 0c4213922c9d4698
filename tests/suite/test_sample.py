"""The sample as a whole: complete, reproducible, readable, and learnable."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, pearsonr
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from reference.errors import InputError
from suite import sample as sample_module
from suite.glue_files import Examples, read_examples
from suite.sample import SAMPLE_ROWS, SAMPLE_SEED, SamplePaths, sample_splits
from suite.sample_corpus import SPECIAL_PIECES, VOCABULARY_SIZE, read_documents
from suite.tasks import TASKS

SPLITS = [(task, split) for task in SAMPLE_ROWS for split in SAMPLE_ROWS[task]]
PENALTY = 10.0  # of the order of the pieces in a row; one for all tasks


@pytest.fixture(scope="module")
def documents():
    return read_documents()


@pytest.fixture(scope="module")
def sample(documents, tmp_path_factory) -> SamplePaths:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_module, "read_documents", lambda: documents)
        return sample_module.write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def tokenizer(sample) -> Tokenizer:
    pieces = sample.vocab.read_text(encoding="utf-8").splitlines()
    numbered = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(numbered, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def read(sample: SamplePaths, task: str, split: str) -> Examples:
    return read_examples(sample.glue_dir, TASKS[task], split, sample.test_labels)


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(sample, tmp_path):
    """Under another hash seed, in silence, without the frameworks that train."""
    program = (
        "import sys; from pathlib import Path; from suite.sample import write_sample; "
        "write_sample(Path(sys.argv[1])); "
        "loaded = {'tensorflow', 'keras', 'jax'} & set(sys.modules); "
        "sys.exit(' '.join(loaded) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "7", "RAYON_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert digests(tmp_path) == digests(sample.corpus.parent)


def test_the_seed_changes_the_tasks(documents):
    def texts(seed):
        splits = sample_splits(documents, seed)
        return {
            (task, split): [r.example for r in rows] for task, split, rows in splits
        }

    first, again, other = texts(SAMPLE_SEED), texts(SAMPLE_SEED), texts(SAMPLE_SEED + 1)
    assert first == again
    assert all(first[key] != other[key] for key in first)


@pytest.mark.parametrize(("task", "split"), SPLITS)
def test_the_task_reader_takes_every_split(sample, task, split):
    examples = read(sample, task, split)
    assert len(examples) == SAMPLE_ROWS[task][split]
    assert all(text and text == text.strip() for text in examples.text_a)
    if TASKS[task].is_regression:
        assert examples.labels.min() == 0
        assert examples.labels.max() == 5
        return
    counts = np.bincount(examples.labels, minlength=len(TASKS[task].labels))
    assert counts.min() > 0
    if task == "MRPC":  # two positives for a negative, about as in the original
        assert abs(counts[1] - 2 * counts[0]) <= 2
    else:
        assert counts.max() - counts.min() <= 1


def test_a_test_file_holds_no_labels_without_the_label_directory(sample):
    for task, split in SPLITS:
        if split.startswith("test"):
            assert read_examples(sample.glue_dir, TASKS[task], split).labels is None


HEADERS = {
    "CoLA/test": "index sentence",
    "SST-2/train": "sentence label",
    "SST-2/test": "index sentence",
    "STS-B/dev": "index genre filename year old_index source1 source2 sentence1 "
    "sentence2 score",
    "STS-B/test": "index genre filename year old_index source1 source2 sentence1 "
    "sentence2",
    "QQP/train": "id qid1 qid2 question1 question2 is_duplicate",
    "QQP/test": "id question1 question2",
    "MNLI/train": "index promptID pairID genre sentence1_binary_parse "
    "sentence2_binary_parse sentence1_parse sentence2_parse sentence1 sentence2 "
    "label1 gold_label",
    "MNLI/dev_mismatched": "index promptID pairID genre sentence1_binary_parse "
    "sentence2_binary_parse sentence1_parse sentence2_parse sentence1 sentence2 "
    "label1 label2 label3 label4 label5 gold_label",
    "MNLI/test_matched": "index promptID pairID genre sentence1_binary_parse "
    "sentence2_binary_parse sentence1_parse sentence2_parse sentence1 sentence2",
    "QNLI/dev": "index question sentence label",
    "RTE/train": "index sentence1 sentence2 label",
    "WNLI/test": "index sentence1 sentence2",
    "AX/diagnostic": "index sentence1 sentence2",
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_those_of_the_distributed_files(sample, name):
    with open(sample.glue_dir / f"{name}.tsv", encoding="utf-8") as file:
        header, first = (file.readline().rstrip("\n").split("\t") for _ in range(2))
    assert header == HEADERS[name].split()
    assert len(first) == len(header)


def test_files_with_unusual_headers(sample):
    cola = (sample.glue_dir / "CoLA/train.tsv").read_text(encoding="utf-8")
    source, label, star, sentence = cola.splitlines()[0].split("\t")
    assert (label, star) in {("0", "*"), ("1", "")}
    assert source
    assert sentence
    mrpc = (sample.glue_dir / "MRPC/dev.tsv").read_text(encoding="utf-8")
    assert mrpc.splitlines()[0] == "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"


def test_mnli_has_two_genres_matched_and_two_others(sample):
    def genres(name):
        path = sample.glue_dir / f"MNLI/{name}.tsv"
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        return {line.split("\t")[3] for line in lines}

    assert genres("train") == genres("dev_matched") == {"pandas", "scipy"}
    assert genres("dev_mismatched") == {"matplotlib", "numpy"}


def test_no_statement_is_in_two_splits_of_a_model(documents):
    """Rows keep their statement's place in no field: compare what was drawn."""
    drawn = {}
    original = sample_module.make_examples
    with pytest.MonkeyPatch.context() as patch:

        def record(task, statements, rng):
            model = "MNLI" if task == "AX" else task
            drawn.setdefault(model, []).append(set(statements))
            return original(task, statements, rng)

        patch.setattr(sample_module, "make_examples", record)
        list(sample_splits(documents, SAMPLE_SEED))
    for splits in drawn.values():
        assert all(one.isdisjoint(other) for one, other in combinations(splits, 2))


def test_too_little_documentation_is_the_users_to_mend(documents):
    with pytest.raises(
        InputError, match=r"expected 256 plain statements .*, found \d+"
    ):
        list(sample_splits(documents[:50], SAMPLE_SEED))


def test_vocabulary(sample, tokenizer):
    pieces = sample.vocab.read_text(encoding="utf-8").splitlines()
    assert tuple(pieces[: len(SPECIAL_PIECES)]) == SPECIAL_PIECES
    assert len(set(pieces)) == len(pieces) == VOCABULARY_SIZE
    corpus = sample.corpus.read_text(encoding="utf-8").splitlines()
    encoded = tokenizer.encode_batch([line for line in corpus if line])
    found = Counter(piece for encoding in encoded for piece in encoding.tokens)
    assert "[UNK]" not in found
    assert sum(n for piece, n in found.items() if piece.startswith("##")) > 10_000


def test_texts_are_short_enough_for_a_cpu(sample, tokenizer):
    """With [CLS] and [SEP]: a sentence within 32 pieces, a pair within 64."""
    for task, split in SPLITS:
        examples = read(sample, task, split)
        first = tokenizer.encode_batch(examples.text_a)
        if examples.text_b is None:
            assert max(len(a) + 2 for a in first) <= 32, task
        else:
            second = tokenizer.encode_batch(examples.text_b)
            pairs = zip(first, second, strict=True)
            assert max(len(a) + len(b) + 3 for a, b in pairs) <= 64, task


@pytest.mark.parametrize(("name", "split"), [s for s in SPLITS if s[1] != "train"])
def test_a_linear_model_is_above_chance(sample, tokenizer, name, split):
    """Ridge regression on the counts of pieces in either text, from the train split.

    It sees no order and no match between the texts; what it learns from some hundred
    rows, a small BERT can. It must be right more often than the majority class would,
    or correlate more than 0, in all but one of a thousand draws of the examples.
    """
    train = read(sample, "MNLI" if name == "AX" else name, "train")
    test = read(sample, name, split)
    if TASKS[name].is_regression:
        scores = _ridge_predictions(train, test, train.labels, tokenizer)
        assert pearsonr(scores, test.labels).confidence_interval(0.998).low > 0
        return
    one_hot = np.eye(len(TASKS[name].labels))[train.labels]
    predicted = _ridge_predictions(train, test, one_hot, tokenizer).argmax(1)
    right = int((predicted == test.labels).sum())
    majority = np.bincount(test.labels).max() / len(test)
    assert binomtest(right, len(test), majority, "greater").pvalue < 1e-3
    assert right < len(test)  # and no task is solved by single words


def _ridge_predictions(
    train: Examples, test: Examples, targets: np.ndarray, tokenizer: Tokenizer
) -> np.ndarray:
    """Least squares with a penalty, in its dual form: fewer rows than pieces."""
    x, y = (_piece_counts(examples, tokenizer) for examples in (train, test))
    gram = x @ x.T + PENALTY * np.eye(len(x))
    return y @ (x.T @ np.linalg.solve(gram, targets))


def _piece_counts(examples: Examples, tokenizer: Tokenizer) -> np.ndarray:
    """float64 [n, 2 V + 1]: how often each piece is in either text, and a constant."""
    size = tokenizer.get_vocab_size()
    counts = np.zeros((len(examples), 2 * size + 1))
    counts[:, -1] = 1
    for side, texts in enumerate((examples.text_a, examples.text_b or [])):
        for row, encoding in enumerate(tokenizer.encode_batch(texts)):
            np.add.at(counts[row], np.array(encoding.ids, int) + side * size, 1)
    return counts
