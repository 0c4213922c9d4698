"""What was tried and what came of it: trials, their records, and a run's directory.

A trial's id is a hash of the fields that can change its result and of nothing else.
A run directory holds

    run.json            what was run: versions, commit, device, command, checkpoints
    plan.json           which trials were trained together (suite/plan_file.py)
    labels.npz          the labels scored against, so that a report needs no GLUE
    trials.jsonl        one record a line, appended when the trial is over
    predictions/ID.npz  a trial's logits per split, there before its line is

so that a killed run loses at most the trials in flight. One process appends at a time
(suite/recorded_sweep.py).
What a record means for a published number is not here (suite/verdicts.py).
"""

import hashlib
import json
import logging
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from reference.errors import InputError
from reference.files import written_whole
from reference.json_files import read_json_object
from suite.run_file import read_run_file

log = logging.getLogger(__name__)

_MASKINGS = ("wordpiece", "whole-word", None)
_HALF = np.finfo(np.float16)


@dataclass(frozen=True)
class Trial:
    """One configuration and one seed on one task, from one checkpoint."""

    checkpoint: str  # SHA-256 of the checkpoint's content
    task: str
    data: str  # SHA-256 of the task's splits
    batch_size: int
    learning_rate: float
    seed: int
    epochs: int = 4
    max_seq_length: int = 128
    warmup_proportion: float = 0.1
    precision: str = "float32"
    variation: str = ""  # what is done otherwise (suite/knobs.py)

    @property
    def id(self) -> str:
        """First 12 hexadecimal digits of SHA-256 over canonical JSON of the fields."""
        # The declared types, so that 1 and 1.0 or a NumPy number give the same id.
        values = {f.name: f.type(getattr(self, f.name)) for f in fields(self)}
        _leave_out_nothing(values)
        canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class TrialRecord:
    """What came of a trial: scores, or the reason why there are none.

    `scores` maps split -> metric -> fraction of 1, for the splits that have labels.
    `losses` are mean training losses per epoch; a diverged trial lists those before it
    diverged. `degenerate` says how the trial collapsed, None if it did not. `ran` is
    free-form: what can change no more than the rounding (stack size, place, device,
    processor, backend).

    A failed trial whose reason begins with "diverged" failed by its own numbers and
    would again, so a resumed sweep lets it stand; remove its line to have it run. Any
    other lost its worker, or met an error there, and is run again.
    """

    trial: Trial
    model: str
    masking: str | None
    status: str
    reason: str | None
    degenerate: str | None
    scores: dict[str, dict[str, float]]
    losses: list[float]
    seconds: float
    ran: dict

    def __post_init__(self) -> None:
        _check_record(self)

    def processor(self, run: Mapping) -> str:
        """What it was run on; a record of before that was kept, where its run was."""
        return self.ran.get("processor") or run.get("device", "").split(",")[0]

    def to_json(self) -> dict:
        """A JSON object with the trial's fields under "trial" and its id beside it."""
        values = {"id": self.trial.id, **asdict(self)}
        _leave_out_nothing(values["trial"])
        return values

    @classmethod
    def from_json(cls, values: dict) -> "TrialRecord":
        """The inverse of `to_json`; InputError says what is missing or unknown."""
        _check_keys(values, {"id", *(f.name for f in fields(cls))}, "a record")
        trial = values["trial"]
        if isinstance(trial, dict):
            trial = {"variation": ""} | trial
        _check_keys(trial, {f.name for f in fields(Trial)}, "a trial")
        for field in fields(Trial):
            _expect(_is_a(trial[field.name], field.type), f"trial.{field.name}", trial)
        rest = {key: values[key] for key in values if key not in ("id", "trial")}
        record = cls(trial=Trial(**trial), **rest)
        if values["id"] != record.trial.id:
            raise InputError(
                f"a record's id: expected {record.trial.id} from its trial's fields, "
                f"found {values['id']!r}; the line was edited, remove it"
            )
        return record


class RunDirectory:
    """The records, predictions and labels of a run, on disk."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._trials = self.path / "trials.jsonl"

    def append(
        self, record: TrialRecord, predictions: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Keep a trial for good: predictions first, then its line, synced.

        `predictions` are per split float logits [n, C], or scores [n] or [n, 1] for
        regression. Logits are kept as float16 relative to the largest of their row,
        which leaves the softmax as it is and the winning class exactly as it was.
        """
        line = json.dumps(record.to_json(), sort_keys=True, allow_nan=False) + "\n"
        if predictions:
            compact = {split: _compact(a) for split, a in predictions.items()}
            _write_arrays(self._predictions_path(record.trial.id), compact)
        self.path.mkdir(parents=True, exist_ok=True)
        self._cut_torn_line()
        with open(self._trials, "ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def records(self) -> list[TrialRecord]:
        """All records in the order of their first line; a later line of an id wins."""
        records: dict[str, TrialRecord] = {}
        for number, line in enumerate(self._whole_lines(), start=1):
            record = self._parse(number, line)
            records[record.trial.id] = record
        return list(records.values())

    def finished_ids(self) -> set[str]:
        """Trials that have scores and predictions; no failed one is among them."""
        return {
            record.trial.id
            for record in self.records()
            if record.status == "finished"
            and self._predictions_path(record.trial.id).is_file()
        }

    def predictions(self, trial_id: str) -> dict[str, np.ndarray]:
        """Split -> float16 logits [n, C] (each row's largest is 0) or float32 [n]."""
        return _read_arrays(self._predictions_path(trial_id))

    @property
    def has_trials(self) -> bool:
        """Whether there is a line of one."""
        return bool(self._whole_lines())

    def stacks(self) -> dict[str, tuple[str, ...]]:
        """By trial the ids it was planned with (plan.json), its own too."""
        path = self.path / "plan.json"
        plan = read_json_object(path) if path.exists() else {}
        try:
            stacks = [tuple(stack["trials"]) for stack in plan.get("stacks", [])]
        except (TypeError, KeyError) as error:
            raise InputError(
                f"{path}: expected the stacks of a sweep, found {error!r}; restore the "
                "file as it was written"
            ) from error
        return {own: ids for ids in stacks for own in ids}

    def write_labels(self, labels: Mapping[str, np.ndarray]) -> None:
        """Keep labels under "TASK/split"; those of other splits stay as they are."""
        _write_arrays(self.path / "labels.npz", self.labels() | dict(labels))

    @property
    def has_labels(self) -> bool:
        return (self.path / "labels.npz").exists()

    def labels(self) -> dict[str, np.ndarray]:
        """ "TASK/split" -> int32 [n] classes or float32 [n] scores; empty if none."""
        path = self.path / "labels.npz"
        return _read_arrays(path) if path.exists() else {}

    def write_run(self, run: Mapping) -> None:
        """Write run.json, whole."""
        with written_whole(self.path / "run.json") as file:
            json.dump(run, file, indent=2, ensure_ascii=False, allow_nan=False)
            file.write("\n")

    def run(self) -> dict:
        """What run.json says; InputError if it is missing or not of its types."""
        return read_run_file(self.path / "run.json")

    def stated(self, *keys: str) -> dict:
        """The same; InputError unless it says all of these."""
        run = self.run()
        if missing := [key for key in keys if key not in run]:
            raise InputError(
                f"{self.path / 'run.json'}: expected {', '.join(missing)}, found no "
                "such key; restore the file as it was written"
            )
        return run

    def _predictions_path(self, trial_id: str) -> Path:
        return self.path / "predictions" / f"{trial_id}.npz"

    def _whole_lines(self) -> list[bytes]:
        """Lines that end in a line feed; what follows the last one was torn off."""
        if not self._trials.exists():
            return []
        *lines, torn = self._trials.read_bytes().split(b"\n")
        if torn:
            log.warning(
                "%s, line %d: cut off while it was written; ignored, the trial runs "
                "again",
                self._trials,
                len(lines) + 1,
            )
        return lines

    def _cut_torn_line(self) -> None:
        if self._trials.exists():
            whole = self._trials.read_bytes().rfind(b"\n") + 1
            os.truncate(self._trials, whole)

    def _parse(self, number: int, line: bytes) -> TrialRecord:
        try:
            return TrialRecord.from_json(json.loads(line))
        except ValueError as error:  # InputError and JSON's own are both ValueErrors
            raise InputError(
                f"{self._trials}, line {number}: expected a record, found {error}; "
                "remove the line and resume the run"
            ) from error


def _leave_out_nothing(trial: dict) -> None:
    """A trial without a variation is as it was before there were any."""
    if not trial["variation"]:
        del trial["variation"]


def _compact(values: np.ndarray) -> np.ndarray:
    """Regression scores as float32 [n]; logits as float16 that keep their winner."""
    values = np.asarray(values, np.float32)
    if values.ndim == 1 or values.shape[-1] == 1:
        return values.reshape(len(values))
    below = values - values.max(axis=-1, keepdims=True)
    half = np.maximum(below, _HALF.min).astype(np.float16)
    half[(half == 0) & (below < 0)] = -_HALF.smallest_subnormal
    return half


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with written_whole(path, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: expected arrays of a run, found no such file; restore it, or "
            "resume the run, which runs such a trial again"
        ) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: expected arrays of a run, found {error}; restore the file, or "
            "remove it and resume the run"
        ) from error


def _check_record(record: TrialRecord) -> None:
    """InputError unless the fields agree with each other and no number is NaN."""
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    _expect(isinstance(record.model, str) and record.model, "model", values)
    _expect(record.masking in _MASKINGS, "masking", values)
    _expect(record.status in ("finished", "failed"), "status", values)
    failed = record.status == "failed"
    _expect(bool(record.reason) == failed, "reason (of a failed trial only)", values)
    _expect(record.degenerate is None or bool(record.degenerate), "degenerate", values)
    _expect(isinstance(record.scores, dict), "scores", values)
    _expect(bool(record.scores) != failed, "scores (of a finished trial only)", values)
    for split in record.scores.values():
        _expect(isinstance(split, dict) and split, "scores", values)
        _expect(all(_is_finite(value) for value in split.values()), "scores", values)
    _expect(isinstance(record.losses, list), "losses", values)
    _expect(all(_is_finite(loss) for loss in record.losses), "losses", values)
    _expect(_is_finite(record.seconds) and record.seconds >= 0, "seconds", values)
    _expect(isinstance(record.ran, dict), "ran", values)


def _check_keys(values: object, expected: set[str], what: str) -> None:
    found = set(values) if isinstance(values, dict) else set()
    if found != expected:
        missing, unknown = sorted(expected - found), sorted(found - expected)
        raise InputError(f"{what}: missing keys {missing}, unknown keys {unknown}")


def _expect(holds: object, name: str, values: Mapping) -> None:
    if not holds:
        value = values.get(name.split(" ")[0].split(".")[-1])
        raise InputError(f"{name}: not a valid value: {value!r}")


def _is_a(value: object, kind: type) -> bool:
    if kind is float:
        return _is_finite(value)
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)
