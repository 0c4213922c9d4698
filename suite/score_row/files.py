"""The cells of a file of scores, CSV, TSV or JSON, each with its heading.

Wide: a header, and one row of numbers. Long: the columns task, metric (may be left out)
and score, one number a line. JSON: an object of tasks, or a list of objects like the
lines of the long form. Text only: what headings and numbers mean is not here
(suite/score_row/headings.py, suite/score_row/rows.py).
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reference.errors import InputError
from reference.json_files import each_key_once

_MODEL = {"model", "name", "system", "checkpoint"}
_LONG = {"task", "metric", "score"}
_AS_PRINTED = dict.fromkeys(("parse_float", "parse_int", "parse_constant"), str)


@dataclass(frozen=True)
class HeadedCell:
    """A cell as it stands in the file, and where that is."""

    where: str
    heading: str
    text: str


def read_cells(path: Path) -> tuple[str, list[HeadedCell]]:
    """The model's name, "" where none is given, and the cells."""
    text = _text(path)
    if path.suffix.lower() == ".json":
        return _json_cells(path, text)
    return _table_cells(path, text)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: expected UTF-8 text, found byte "
            f"0x{raw[error.start]:02x}; save the file as UTF-8"
        ) from error


def _table_cells(path: Path, text: str) -> tuple[str, list[HeadedCell]]:
    """The model's name and the cells of a CSV or TSV file, wide or long."""
    header, *lines = list(_lines(path, text)) or [(1, [])]
    names = [name.lower() for name in header[1]]
    if {"task", "score"} <= set(names) <= _LONG:
        cells = []
        for number, line in lines:
            own = dict(zip(names, line, strict=True))
            heading = f"{own['task']} {own.get('metric', '')}".strip()
            cells.append(HeadedCell(f"{path}, line {number}", heading, own["score"]))
        return "", cells
    if len(lines) != 1:
        raise InputError(
            f"{path}, line {lines[1][0] if lines else header[0]}: expected one row of "
            f"scores under the header, found {len(lines)}; keep the row that is meant, "
            "or name the columns task, metric and score"
        )
    number, line = lines[0]
    where = f"{path}, line {number}"
    cells, model = [], ""
    for heading, cell in zip(header[1], line, strict=True):
        if heading.lower() in _MODEL:
            model = cell
        else:
            cells.append(HeadedCell(where, heading, cell))
    return model, cells


def _lines(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not blank, as wide as the first, each with its number."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if ";" in first and not {",", "\t"} & {*first}:
        raise InputError(
            f"{path}, line 1: expected commas or tabs between cells, found semicolons; "
            "save it with commas, and with points in its numbers"
        )
    reader = csv.reader(text.splitlines(), delimiter="\t" if "\t" in first else ",")
    width = 0
    for line in reader:
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise InputError(
                f"{path}, line {reader.line_num}: expected {width} cells as in the "
                f"header, found {len(cells)}; a cell is missing, or a number has a "
                "decimal comma"
            )
        yield reader.line_num, cells


def _json_cells(path: Path, text: str) -> tuple[str, list[HeadedCell]]:
    """The model's name and the cells of a JSON file; numbers stay as printed."""
    try:
        found = json.loads(text, **_AS_PRINTED, object_pairs_hook=each_key_once)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {error.lineno}: expected JSON, found {error.msg}; correct it"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if isinstance(found, dict):
        named = [key for key in found if key.lower() in _MODEL]
        model = str(found[named[0]]) if named else ""
        rest = {key: value for key, value in found.items() if key not in named}
        return model, list(_json_object(f"{path}", "", rest))
    cells = []
    for number, item in enumerate(found if isinstance(found, list) else [found], 1):
        where = f"{path}, entry {number}"
        if not isinstance(item, dict) or not {"task", "score"} <= set(item) <= _LONG:
            raise InputError(
                f"{where}: expected task, metric and score, found "
                f"{json.dumps(item)[:60]}; or write one object of tasks"
            )
        heading = f"{item['task']} {item.get('metric') or ''}".strip()
        cells.extend(_json_object(where, "", {heading: item["score"]}))
    return "", cells


def _json_object(
    where: str, task: str, found: Mapping[str, Any]
) -> Iterator[HeadedCell]:
    """A cell for every number; {"MRPC": {"f1": 81.1}} is headed "MRPC f1"."""
    for key, value in found.items():
        heading = f"{task} {key}".strip()
        if isinstance(value, dict) and not task:
            yield from _json_object(where, key, value)
            continue
        values = value if isinstance(value, list) else [value]
        if not all(v is None or isinstance(v, str) for v in values):
            raise InputError(
                f"{where}, key {heading!r}: expected a number, found "
                f"{json.dumps(value)[:60]}; correct it"
            )
        text = "/".join("" if v is None else v for v in values)
        yield HeadedCell(f"{where}, key {heading!r}", heading, text)
