"""What commands are typed on: one of everything, good and bad; and a shell."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from reference.checkpoint import write_checkpoint
from reference.configuration import BertConfig
from reference.tfrecords import write_tfrecords
from reference.variables import variable_shapes
from tests.suite.miniature import PIECES

ROOT = Path(__file__).resolve().parents[2]
RTE_TRAIN_ROWS = 2490


def typed_in_a_shell(*words, **options) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "suite", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, **pipes, **options)


def write_one_of_everything(directory: Path) -> None:
    """Text, vocabularies, records, GLUE and checkpoints."""
    _write_files(directory)
    _write_tasks(directory)
    _write_checkpoints(directory)


def listing(directory: Path) -> dict[Path, int]:
    """All that is there, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in directory.rglob("*")}


def _write_files(directory: Path) -> None:
    files = {
        "vocab.txt": "\n".join(PIECES) + "\n",
        "no_mask.txt": "\n".join(p for p in PIECES if p != "[MASK]") + "\n",
        "text.txt": "a b c d\ne f good\n\nbad g h\ni j k l\n\nm n o\n" * 5,
        "empty.txt": "\n\n",
        "damaged.tfrecord": "this is no record",
    }
    for name, text in files.items():
        (directory / name).write_text(text)
    (directory / "latin.txt").write_bytes(b"a b\nc \xe9 d\n")
    write_tfrecords([directory / "good.tfrecord"], {"input_ids": np.ones((2, 8), int)})


def _write_tasks(directory: Path) -> None:
    _write_rte(directory / "glue")
    _write_rte(directory / "wrong_label", "2\ta b\tc d\tmaybe\n")
    _write_rte(directory / "cut_off", "2\ta b\n")
    (directory / "no_dev" / "RTE").mkdir(parents=True)
    train = (directory / "glue/RTE/train.tsv").read_bytes()
    (directory / "no_dev/RTE/train.tsv").write_bytes(train)
    (directory / "few" / "RTE").mkdir(parents=True)
    (directory / "few/RTE/train.tsv").write_bytes(train[: train.index(b"\n9\t") + 1])


def _write_checkpoints(directory: Path) -> None:
    config = BertConfig(len(PIECES), 8, 1, 2, 16)
    shapes = variable_shapes(config)
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    write_checkpoint(directory / "checkpoint", config, weights, PIECES, {})
    ones = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    write_checkpoint(directory / "other", config, ones, PIECES, {})
    write_checkpoint(directory / "other_vocab", config, weights, PIECES[:-1], {})
    without = {n: w for n, w in weights.items() if "pooler" not in n}
    write_checkpoint(directory / "no_pooler", config, without, PIECES, {})
    short = replace(config, max_position_embeddings=127)
    name = "bert/embeddings/position_embeddings"
    cut = weights | {name: weights[name][:127]}
    write_checkpoint(directory / "short", short, cut, PIECES, {})


def _write_rte(directory: Path, third_row: str | None = None) -> None:
    """A whole RTE; `third_row` stands on line 4 of train.tsv."""
    rows = [f"{n}\ta b\tc d\tentailment\n" for n in range(RTE_TRAIN_ROWS)]
    if third_row:
        rows[2] = third_row
    header = "index\tsentence1\tsentence2\tlabel\n"
    (directory / "RTE").mkdir(parents=True)
    (directory / "RTE/train.tsv").write_text(header + "".join(rows))
    (directory / "RTE/dev.tsv").write_text(header + "".join(rows[:2]))
