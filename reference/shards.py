"""One shard of pre-training data: text files in, TFRecord files out.

Shards are independent of each other: a corpus is cut into shards, each is made with
its own call (and process), and the memory needed is that of the largest. Not here:
how an instance is made (reference/instances.py) or stored (reference/tfrecords.py).
"""

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from reference.fast_instances import (
    InstanceTable,
    create_instance_table,
    feature_blocks,
)
from reference.instances import InstanceSettings
from reference.tfrecords import check_distinct, write_blocks
from reference.tokenization import Tokenizer

# Called with how many passes of how many are done: one to read the text, one for each
# time it is gone through, one to write.
Passes = Callable[[float, int], None]


def write_shard(
    input_files: Sequence[str | os.PathLike],
    output_files: Sequence[str | os.PathLike],
    tokenizer: Tokenizer,
    settings: InstanceSettings,
    progress: Passes | None = None,
) -> dict[str, int]:
    """Make the instances of the input files and write them round-robin.

    Returns how many instances there are, how many have a random second segment, and
    how many tokens (padding not counted) and predictions they hold. Either all output
    files are put in place or none.
    """
    check_distinct(output_files)
    report, total = progress or (lambda done, total: None), settings.dupe_factor + 2
    report(0, total)

    def through(done: int, of: int) -> None:
        report(1 + settings.dupe_factor * done / of, total)

    table = create_instance_table(input_files, tokenizer, settings, through)
    write_blocks(output_files, _reported_blocks(table, report, total))
    return {
        "instances": len(table.lengths),
        "random_next": int(table.is_random_next.sum()),
        "tokens": int(table.lengths.sum()),
        "predictions": int(table.num_predictions.sum()),
    }


def _reported_blocks(
    table: InstanceTable, report: Passes, total: int
) -> Iterator[dict[str, np.ndarray]]:
    """The blocks of the table; the last pass is over when the last is written."""
    written = 0
    for block in feature_blocks(table):
        yield block
        written += len(block["input_ids"])
        report(total - 1 + written / len(table.lengths), total)
