"""MRPC in GLUE's layout, made of Microsoft's two files and GLUE's list of dev ids.

Source: GLUE's own `download_glue_data.py`, function `format_mrpc`. The pairs on the
list become dev.tsv and the others train.tsv, in the order of Microsoft's training file
and under its header; test.tsv has an index in place of the label. Bytes are dealt out
as they are, the byte-order mark of the header too.
"""

import os
from pathlib import Path

from reference.errors import InputError
from suite.tasks import TASKS

TRAIN, TEST, DEV_IDS = (
    "msr_paraphrase_train.txt",
    "msr_paraphrase_test.txt",
    "mrpc_dev_ids.tsv",
)
_TEST_HEADER = b"index\t#1 ID\t#2 ID\t#1 String\t#2 String"
_COLUMNS = 5  # Quality, #1 ID, #2 ID, #1 String, #2 String


def write_mrpc(train: Path, test: Path, dev_ids: Path, into: Path) -> None:
    """Write train.tsv, dev.tsv and test.tsv; InputError where they are not GLUE's."""
    on_list = {tuple(line.split(b"\t")) for line in _lines(dev_ids)}
    header, *pairs = _rows(train)

    def is_dev(row: list[bytes]) -> bool:
        return (row[1], row[2]) in on_list

    splits = {
        "train": [header, *(row for row in pairs if not is_dev(row))],
        "dev": [header, *(row for row in pairs if is_dev(row))],
        "test": [
            [_TEST_HEADER],
            *([b"%d" % i, *row[1:]] for i, row in enumerate(_rows(test)[1:])),
        ],
    }
    for split, rows in splits.items():
        official = TASKS["MRPC"].rows[split]
        if len(rows) - 1 != official:
            raise InputError(
                f"MRPC: expected {official:,} rows for {split}.tsv, found "
                f"{len(rows) - 1:,}; fetch {train.name}, {test.name} and "
                f"{dev_ids.name} again"
            )
        with open(into / f"{split}.tsv", "xb") as file:
            file.writelines(b"\t".join(row) + b"\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().removesuffix(b"\n").split(b"\n")


def _rows(path: Path) -> list[list[bytes]]:
    rows = [line.removesuffix(b"\r").split(b"\t") for line in _lines(path)]
    for line, row in enumerate(rows, start=1):
        if len(row) != _COLUMNS:
            raise InputError(
                f"{path.name}, line {line}: expected {_COLUMNS} tab-separated columns, "
                f"found {len(row)}; fetch it again"
            )
    return rows
