"""One shard of pre-training data: text files in, TFRecord files out.

Shards are independent of each other: a corpus is cut into shards, each is made with
its own call (and process), and the memory needed is that of the largest. Not here:
how an instance is made (reference/instances.py) or stored (reference/tfrecords.py).
"""

import os
from collections.abc import Sequence

from reference.instances import (
    InstanceSettings,
    Progress,
    as_arrays,
    create_training_instances,
)
from reference.tfrecords import write_tfrecords
from reference.tokenization import Tokenizer


def write_shard(
    input_files: Sequence[str | os.PathLike],
    output_files: Sequence[str | os.PathLike],
    tokenizer: Tokenizer,
    settings: InstanceSettings,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Make the instances of the input files and write them round-robin.

    Returns how many instances there are, how many have a random second segment, and
    how many tokens (padding not counted) and predictions they hold. Either all output
    files are put in place or none.
    """
    instances = create_training_instances(input_files, tokenizer, settings, progress)
    write_tfrecords(output_files, as_arrays(instances, settings))
    return {
        "instances": len(instances),
        "random_next": sum(i.is_random_next for i in instances),
        "tokens": sum(len(i.token_ids) for i in instances),
        "predictions": sum(len(i.masked_lm_positions) for i in instances),
    }
