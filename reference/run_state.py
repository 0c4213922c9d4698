"""What a long run leaves behind so that it can go on: its last states, its metrics.

A state is a safetensors file with a checksum, written whole; the last few are kept.
Metrics are JSON lines; lines that a killed run wrote after its last state are dropped
when it goes on, so that the file ends up as if the run had not been stopped.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.arrays import read_arrays, write_arrays
from reference.errors import InputError
from reference.files import failed_write_told, written_whole

STATES, METRICS_FILE = "states", "metrics.jsonl"
_NAME = re.compile(r"step-(\d+)\.safetensors")
_MOST_SHOWN = 40  # characters of a value in a message


@dataclass(frozen=True)
class RunState:
    """The states of one run in its directory; the newest `keep` of them stay.

    `identity` is JSON: whatever a run must agree in to be the same run.
    """

    directory: Path
    identity: dict
    keep: int = 2

    def save(self, step: int, arrays: dict[str, np.ndarray]) -> None:
        """Put a state beside the older ones, and only then remove what is too old.

        With it goes what a killed run had half written.
        """
        path = self.directory / STATES / f"step-{step:010d}.safetensors"
        write_arrays(path, arrays, json.dumps({"step": step, "run": self.identity}))
        half_written = path.parent.glob(".*.part")
        for old in (*(path for _, path in self._found()[: -self.keep]), *half_written):
            old.unlink()

    def latest(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """The step reached and its arrays; None where no state is there.

        InputError for a state of another run, and for a damaged one.
        """
        found = self._found()
        if not found:
            return None
        step, path = found[-1]
        try:
            arrays, note = read_arrays(path)
            written_by = json.loads(note)
        except (InputError, ValueError) as error:
            older = f"step {found[-2][0]}" if len(found) > 1 else "the beginning"
            raise InputError(
                f"{path}: expected the state at step {step}, found it damaged "
                f"({error}); remove it, and the same command goes on from {older}"
            ) from error
        if written_by["run"] != self.identity:
            other = ", ".join(_differences(written_by["run"], self.identity))
            raise InputError(
                f"{path}: belongs to a run with other settings or data ({other}); use "
                f"another directory, or remove {self.directory} to start afresh"
            )
        return step, arrays

    def _found(self) -> list[tuple[int, Path]]:
        """Step and file of every state, the oldest first."""
        named = ((_NAME.fullmatch(p.name), p) for p in self._folder_content())
        return sorted((int(match[1]), path) for match, path in named if match)

    def _folder_content(self) -> Iterable[Path]:
        folder = self.directory / STATES
        return folder.iterdir() if folder.is_dir() else ()


@dataclass(frozen=True)
class MetricsLog:
    """`metrics.jsonl` of a run: one JSON object with a "step" a line."""

    directory: Path

    def append(self, line: dict) -> None:
        path = self.directory / METRICS_FILE
        with failed_write_told([path]), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def forget_after(self, step: int) -> None:
        """Drop the lines of later steps, and one torn by a kill."""
        path = self.directory / METRICS_FILE
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        with written_whole(path) as file:
            file.writelines(f"{line}\n" for line in lines if _step_of(line) <= step)


def _differences(before: object, now: object, name: str = "") -> Iterator[str]:
    """What JSON says otherwise than before: each by its key, and values if short."""
    if before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before | now:
            inner = f"{name}.{key}" if name else key
            # What is not there is not the same as null.
            both = (side.get(key, "nothing") for side in (before, now))
            yield from _differences(*both, inner)
        return
    values = [json.dumps(value) for value in (now, before)]
    short = max(map(len, values)) <= _MOST_SHOWN
    yield f"{name} {values[0]}, there {values[1]}" if short else f"another {name}"


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):  # torn
        return float("inf")
