"""What the doctor says of one thing: how bad it is, where, and what to do.

Pure words. Not here: the checks that find it (the other modules of this folder).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    """A fault forbids a run on what is there; a note is to be known before one."""

    FAULT = "fault"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True)
class Finding:
    """One line: `name` is what the fault is called, `advice` what to do about it."""

    level: Level
    name: str
    file: Path
    found: str = ""
    expected: str = ""
    advice: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else str(self.file)
        expected = f"expected {self.expected}, " if self.expected else ""
        found = f"{expected}found {self.found}" if self.found else ""
        told = "; ".join(part for part in (found, self.advice) if part)
        return f"{where}: {self.name}: {told}"

    def as_dict(self) -> dict:
        return {
            "level": str(self.level),
            "name": self.name,
            "file": str(self.file),
            "line": self.line,
            "expected": self.expected,
            "found": self.found,
            "advice": self.advice,
        }


def has_fault(findings: Iterable[Finding]) -> bool:
    return any(finding.level == Level.FAULT for finding in findings)
