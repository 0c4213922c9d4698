"""A sweep so small that a test can afford it: one layer, two tasks, two by two.

As a program, `python -m tests.suite.miniature DIRECTORY RUN`, it records one trial and
waits to be killed.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reference.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from reference.configuration import BertConfig
from reference.variables import variable_shapes
from suite.glue_files import split_path
from suite.local_executor import LocalExecutor
from suite.plan import Grid
from suite.records import RunDirectory
from suite.sample_files import Row, label_file, split_file
from suite.sample_tasks import Example
from suite.sources import Glue, entries
from suite.sweep import Sweep
from suite.tasks import TASKS

WORDS = [*"abcdefghijklmnop", "good", "bad"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##a", *WORDS]
CONFIG = BertConfig(
    vocab_size=len(PIECES),
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=128,
)
ROWS = {"train": 48, "dev": 24, "test": 24}
# The documented lists cut short; the learning rates suit a model this small.
GRID = Grid(batch_sizes=(8, 16), learning_rates=(1e-2, 1e-3), epochs=1)


@dataclass(frozen=True)
class Miniature:
    """A checkpoint directory and two tasks in GLUE's layout, one with test labels."""

    directory: Path

    @property
    def checkpoint_dir(self) -> Path:
        return self.directory / "checkpoint"

    @property
    def checkpoint(self) -> Checkpoint:
        return read_checkpoint(self.checkpoint_dir)

    @property
    def glue(self) -> Glue:
        labels = self.directory / "test_labels"
        return Glue(self.directory / "glue", labels, ("SST-2", "RTE"), sample=True)

    def sweep(
        self, run: RunDirectory, grid: Grid = GRID, stack: int | None = None
    ) -> Sweep:
        return Sweep(run, entries([self.checkpoint], self.glue), grid, stack)

    def write(self) -> "Miniature":
        write_checkpoint_to(self.checkpoint_dir)
        for task in self.glue.tasks:
            for split, count in ROWS.items():
                rows = _rows(task, split, count)
                path = split_path(self.glue.directory, TASKS[task], split)
                _write(path, split_file(task, split, rows))
                if task == "SST-2" and split == "test":
                    _write(self.glue.test_labels / "SST-2.tsv", label_file(rows))
        return self


def write_checkpoint_to(directory: Path, change=lambda weights: weights) -> None:
    """The one-layer model with its initial weights, which `change` may replace."""
    from reference.weights import initial_weights

    shapes = variable_shapes(CONFIG).items()
    encoder = {name: shape for name, shape in shapes if name.startswith("bert/")}
    weights = change(initial_weights(encoder, 0.1, seed=1))
    write_checkpoint(directory, CONFIG, weights, PIECES, {"masking": "wordpiece"})


def _rows(task: str, split: str, count: int) -> list[Row]:
    """One word tells the label; 16 tokens at most, so that few programs are needed."""
    rng = Random(f"{task} {split}")
    rows = []
    for index in range(count):
        label = rng.randint(0, 1)
        texts = [" ".join(rng.choices(WORDS[:16], k=rng.randint(3, 8)))]
        texts[0] += (" bad", " good")[label]
        if task == "RTE":
            texts.append(" ".join(rng.choices(WORDS[:16], k=4)))
        rows.append(Row(index, Example(tuple(texts), TASKS[task].labels[label]), "-"))
    return rows


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    made, recorded = Miniature(Path(sys.argv[1])), RunDirectory(sys.argv[2])
    with LocalExecutor(1, recorded.path / "logs") as executor:
        for record in made.sweep(recorded).run(executor):
            if record is not None:
                time.sleep(600)
