"""Speed and memory of making pre-training data.

    pytest suite/ --benchmark -k instances [--text FILE... --vocab FILE]

Each way turns the same text into the same TFRecord file, tokenising and writing
included and the start of Python left out; the ways take turns. The original runs, too,
where it is installed: `pip install --no-deps bert-tensorflow==1.0.4` has its
create_pretraining_data.py, that of WordPiece masking only. The text is the sample
corpus unless other files are named; the last benchmarks make a shard of each of eight.
"""

import importlib.util
import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from reference.corpus import read_lines
from reference.errors import InputError
from reference.instances import (
    InstanceSettings,
    as_arrays,
    create_training_instances,
    digest,
)
from reference.masking import MaskingScheme
from reference.shards import write_shard
from reference.tfrecords import read_tfrecords, write_tfrecords
from reference.tokenization import Tokenizer
from suite.instance_rates import DUPE_FACTOR
from suite.sample import write_sample

CHARACTERS = 2_000_000  # of the text that every way is measured on


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """As a worker has: what is compared is work, not cores."""
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def given(request, tmp_path_factory):
    """The text files and the vocabulary."""
    text, vocab = (request.config.getoption(name) for name in ("text", "vocab"))
    if bool(text) != bool(vocab):
        raise InputError("--text and --vocab: expected both or neither")
    if text:
        return text, vocab
    sample = write_sample(tmp_path_factory.mktemp("sample"))
    return _parts(sample.corpus, 8), sample.vocab


@pytest.fixture(scope="session")
def text(given, tmp_path_factory):
    """The beginning of the text, of whole lines, with a document at least every 100."""
    path = tmp_path_factory.mktemp("text") / "text.txt"
    lines = itertools.chain.from_iterable(map(read_lines, given[0]))
    written = 0
    with open(path, "w", encoding="utf-8") as file:
        for number, line in enumerate(lines):
            written += file.write(f"{line}\n" + "\n" * (number % 100 == 99))
            if written > CHARACTERS:
                break
    return path


@pytest.fixture(scope="session")
def made_before():
    """Masking -> digest of the records that the first way made."""
    return {}


def _parts(corpus: Path, count: int) -> list[Path]:
    """The documents of a corpus dealt out over so many files."""
    documents = corpus.read_text(encoding="utf-8").split("\n\n")
    paths = [corpus.with_name(f"part-{number}.txt") for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text("\n\n".join(documents[number::count]), encoding="utf-8")
    return paths


def _plainly(text, vocab, settings, output):
    tokenizer = Tokenizer.from_file(vocab)
    made = create_training_instances([text], tokenizer, settings)
    write_tfrecords([output], as_arrays(made, settings))


def _fast(text, vocab, settings, output):
    write_shard([text], [output], Tokenizer.from_file(vocab), settings)


def _originally(text, vocab, settings, output):
    from absl import flags
    from bert import create_pretraining_data, tokenization

    flags.FLAGS.mark_as_parsed()  # it reads one of its own
    tokenizer = tokenization.FullTokenizer(str(vocab), do_lower_case=True)
    length, predictions = settings.max_seq_length, settings.max_predictions_per_seq
    made = create_pretraining_data.create_training_instances(
        [str(text)],
        tokenizer,
        length,
        settings.dupe_factor,
        settings.short_seq_prob,
        settings.masked_lm_prob,
        predictions,
        random.Random(settings.seed),
    )
    create_pretraining_data.write_instance_to_example_files(
        made, tokenizer, length, predictions, [str(output)]
    )


WAYS = {"plain": _plainly, "fast": _fast, "original": _originally}
HAS_ORIGINAL = importlib.util.find_spec("bert") is not None


@pytest.mark.parametrize(
    ("way", "masking"),
    [
        *itertools.product(("plain", "fast"), MaskingScheme),
        pytest.param(
            *("original", MaskingScheme.WORDPIECE),
            marks=pytest.mark.skipif(not HAS_ORIGINAL, reason="not installed"),
        ),
    ],
)
@pytest.mark.parametrize("turn", range(5))
def test_instances(benchmark, given, text, tmp_path, made_before, turn, way, masking):
    """The plain functions, the compiled ones, the original's: the same records."""
    settings = InstanceSettings(dupe_factor=DUPE_FACTOR, masking=masking)
    arguments = (text, given[1], settings, tmp_path / "records")
    if turn == 0:
        WAYS[way](*arguments)  # compiles, imports
    benchmark.pedantic(WAYS[way], arguments, rounds=1)
    records = read_tfrecords([tmp_path / "records"])
    benchmark.extra_info.update(
        amount=len(records["input_ids"]),
        unit="instances",
        way=way,
        masking=str(masking),
    )
    # Rates of ways that made other records would say nothing of each other.
    assert digest(records) == made_before.setdefault(masking, digest(records))


@pytest.mark.parametrize(
    ("shards", "workers", "masking"),
    [
        *((shards, 1, MaskingScheme.WORDPIECE) for shards in (1, 2, 4, 8)),
        *((8, 2, masking) for masking in MaskingScheme),
    ],
)
def test_instances_of_shards(benchmark, given, tmp_path, shards, workers, masking):
    """The whole command, from start to end, with the memory of its largest process."""
    texts, vocab = given
    if len(texts) < shards:
        pytest.skip(f"--text names {len(texts)} files, and this wants {shards}")
    directories = (tmp_path / str(number) for number in itertools.count())
    peaks = []

    def make():
        directory = next(directories)
        command = [sys.executable, "-m", "suite", "instances", "--vocab", str(vocab)]
        command += ["--output-dir", str(directory), "--workers", str(workers)]
        command += ["--masking", masking, "--dupe-factor", str(DUPE_FACTOR), "--input"]
        command += map(str, texts[:shards])
        peaks.append(_peak_memory(command))
        return Path(directory)

    directory = benchmark.pedantic(make, rounds=1)
    sidecars = [json.loads(path.read_text()) for path in directory.glob("*.json")]
    benchmark.extra_info.update(
        amount=sum(sidecar["counts"]["instances"] for sidecar in sidecars),
        unit="instances",
        shards=shards,
        workers=workers,
        shard_masking=str(masking),
        characters=sum(
            len(line) for path in texts[:shards] for line in read_lines(path)
        ),
        peak_memory_bytes=max(peaks),
    )


# A process counts what its parent held when it was forked, and this one holds much; so
# a small one stands between.
MEASURING = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _peak_memory(command: list[str]) -> int:
    """Run a command; returns the most bytes that one of its processes held."""
    measuring = [sys.executable, "-c", MEASURING, *command]
    done = subprocess.run(measuring, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024  # kilobytes, on Linux
