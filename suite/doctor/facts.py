"""What GLUE's own files are known to hold, and how copies of them are known to break.

Counted in files whose archives have the published sums, or whose rows are complete
(CoLA, SST-2, MRPC, STS-B, RTE, WNLI, AX; of MNLI and QNLI the splits named below).
Only counts: no text of GLUE is here. Official numbers of rows are in suite/tasks.py.
"""

from collections.abc import Mapping

from suite.sample_files import split_file
from suite.tasks import TASKS, Task

# Rows of each label, where the whole split was at hand.
LABEL_COUNTS: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("CoLA", "train"): {"0": 2528, "1": 6023},
    ("CoLA", "dev"): {"0": 322, "1": 721},
    ("SST-2", "train"): {"0": 29780, "1": 37569},
    ("SST-2", "dev"): {"0": 428, "1": 444},
    ("MRPC", "train"): {"0": 1194, "1": 2474},
    ("MRPC", "dev"): {"0": 129, "1": 279},
    ("MNLI", "dev"): {"contradiction": 3213, "entailment": 3479, "neutral": 3123},
    ("MNLI", "dev_mismatched"): {
        "contradiction": 3240,
        "entailment": 3463,
        "neutral": 3129,
    },
    ("QNLI", "dev"): {"entailment": 2702, "not_entailment": 2761},
    ("RTE", "train"): {"entailment": 1249, "not_entailment": 1241},
    ("RTE", "dev"): {"entailment": 146, "not_entailment": 131},
    ("WNLI", "train"): {"0": 323, "1": 312},
    ("WNLI", "dev"): {"0": 40, "1": 31},
}

# Texts with a double quote in them.
TEXTS_WITH_QUOTES: Mapping[tuple[str, str], int] = {
    ("CoLA", "train"): 2,
    ("MRPC", "train"): 1305,
    ("MRPC", "dev"): 139,
    ("MRPC", "test"): 618,
    ("STS-B", "train"): 385,
    ("STS-B", "dev"): 153,
    ("STS-B", "test"): 79,
    ("MNLI", "dev"): 360,
    ("MNLI", "dev_mismatched"): 60,
    ("QNLI", "dev"): 640,
    ("QNLI", "test"): 693,
    ("RTE", "train"): 504,
    ("RTE", "dev"): 54,
    ("RTE", "test"): 564,
    ("WNLI", "train"): 30,
    ("WNLI", "dev"): 1,
    ("WNLI", "test"): 4,
    ("AX", "test"): 56,
}
# Quora's pairs were released quoted as CSV, and QQP has their lines as they were.
QUOTED_BY_ITS_SOURCE = "QQP"

# Rows that are left when a file is read as CSV, where a quote opens a cell that ends at
# the next one, lines further down: counted with Python's csv module.
ROWS_READ_AS_CSV: Mapping[tuple[str, str], int] = {
    ("MRPC", "train"): 3570,
    ("MRPC", "dev"): 389,
    ("MRPC", "test"): 1650,
    ("STS-B", "train"): 5711,
    ("STS-B", "dev"): 1470,
    ("STS-B", "test"): 1119,
    ("MNLI", "dev"): 9714,
    ("QNLI", "dev"): 5267,
    ("QNLI", "test"): 5332,
    ("RTE", "test"): 2985,
}
MRPC_PAIRS = 4076  # train and dev, before dev_ids.tsv parts them
QNLI_V1_ROWS = {"train": 108436, "dev": 5732, "test": 5740}

# Whose own files are so.
WITH_BYTE_ORDER_MARK = {("MRPC", "train"), ("MRPC", "dev")}
WITHOUT_LAST_LINE_END = {("CoLA", "dev"), ("AX", "test")}

# Published sums of files that are used as they are downloaded.
CHECKSUMS: Mapping[tuple[str, str], str] = {
    ("AX", "diagnostic.tsv"): (
        "0e13510b1bb14436ff7e2ee82338f0efb0133ecf2e73507a697dc210db3f05fd"
    ),
    ("MRPC", "dev_ids.tsv"): (
        "971d7767d81b997fd9060ade0ec23c4fc31cbb226a55d1bd4a1bac474eb81dc7"
    ),
    ("MRPC", "msr_paraphrase_train.txt"): (
        "60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89"
    ),
    ("MRPC", "msr_paraphrase_test.txt"): (
        "a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784"
    ),
}

# The largest share of rows that may repeat others, of the same or another split. Of
# GLUE's own, CoLA's test has 1.8 % of train's, and STS-B's train 0.8 % of its own.
MOST_REPEATED = 0.05

COLA_WIDTH = 4  # source, label, the linguist's star, sentence; without a header


def header(task: Task, split: str) -> tuple[str, ...]:
    """The official first line; empty for CoLA's train and dev, which have none."""
    first, _, _ = split_file(task.name, split, []).partition("\n")
    return tuple(first.split("\t")) if first else ()


def owners(first: tuple[str, ...]) -> set[tuple[str, str]]:
    """The tasks and splits whose official first line this is."""
    return {
        (task.name, split)
        for task in TASKS.values()
        for split in task.splits
        if header(task, split) == first
    }
