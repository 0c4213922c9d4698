"""Everything under reports/, made of everything under results/.

Each page has a module of its own; here they are called, one after the other, and what
they write is held against what is there. Where the project keeps its results is not
known here (suite/readme.py).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.errors import InputError
from suite.data_report import write_data_report
from suite.distillation_report import write_distillation_report
from suite.knob_report import write_knob_report
from suite.masked_lm_effect import MaskedLmDifference, recorded_differences
from suite.masking_run import MaskingRun, read_masking_runs
from suite.performance_report import write_performance_report
from suite.pretraining_report import write_pretraining_report
from suite.records import RunDirectory
from suite.repeats_report import write_repeats_report
from suite.report import write_runs
from suite.reported_run import ReportedRun, read_run
from suite.squad_report import write_squad_report

# Reports of runs on sample data, which nobody commits.
_SAMPLE = "sample"


def recorded_runs(results: Path) -> list[Path]:
    """The directories of results/runs, the newest first; InputError if there is none.

    The newest is the one that was begun last; a run that does not say when is as new
    as its name, which begins with a date.
    """
    found = [path.parent for path in (results / "runs").glob("*/run.json")]
    if not found:
        raise InputError(f"{results / 'runs'}: no run there; name one, or make one")
    return sorted(found, key=_begun, reverse=True)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Runs on GLUE and comparisons of maskings, read and judged, the newest first.

    `pretrained` compares the maskings by the held-out metrics of all pre-trainings.
    """

    results: Path
    runs: Sequence[ReportedRun]
    studies: Sequence[MaskingRun]
    pretrained: Sequence[MaskedLmDifference]


def read_recorded(results: Path) -> Recorded:
    """What is under results/runs, results/masking and results/pretraining."""
    runs = [read_run(path) for path in recorded_runs(results)]
    studies = read_masking_runs(results / "masking")
    pretrained = recorded_differences(results / "pretraining")
    return Recorded(results, runs, studies, pretrained)


def write_all(recorded: Recorded, reports_dir: Path) -> list[Path]:
    """Write every page and figure; returns the files, README.md first."""
    results = recorded.results
    others = [
        *write_squad_report(results / "squad", reports_dir),
        *write_knob_report(results / "knobs", reports_dir),
        *write_distillation_report(results / "distillation", reports_dir),
        *write_repeats_report(results, reports_dir),
        *write_pretraining_report(results / "pretraining", reports_dir),
        *write_data_report(results / "data", reports_dir),
        write_performance_report(results / "performance", reports_dir),
    ]
    # Last, since README.md names the pages that are there.
    own = recorded.studies, recorded.pretrained
    return [*write_runs(recorded.runs, reports_dir, results, *own), *others]


def stale_files(reports_dir: Path, written: Sequence[Path]) -> list[Path]:
    """Pages and figures that are there and were not written now."""
    left = set(_files(reports_dir)) - {p.relative_to(reports_dir) for p in written}
    return [reports_dir / p for p in sorted(left) if p.suffix in (".md", ".svg")]


def differences(made: Path, found: Path) -> list[str]:
    """What of the reports found is not as made, a line a file; empty if nothing."""
    ours, theirs = set(_files(made)), set(_files(found))
    said = []
    for path in sorted(ours | theirs):
        if path not in theirs:
            said.append(f"{path.as_posix()}: missing")
        elif path not in ours:
            said.append(f"{path.as_posix()}: not made of any record")
        elif (made / path).read_bytes() != (found / path).read_bytes():
            said.append(_first_difference(path, made, found))
    return said


def _begun(run_dir: Path) -> tuple[str, str]:
    started = RunDirectory(run_dir).run().get("started")
    return (started or run_dir.name, run_dir.name)


def _files(reports_dir: Path) -> Iterator[Path]:
    for path in reports_dir.rglob("*"):
        own = path.relative_to(reports_dir)
        if path.is_file() and own.parts[0] != _SAMPLE:
            yield own


def _first_difference(path: Path, made: Path, found: Path) -> str:
    pairs = itertools.zip_longest(
        *((root / path).read_bytes().split(b"\n") for root in (made, found))
    )
    for number, (ours, theirs) in enumerate(pairs, start=1):
        if ours != theirs:
            return (
                f"{path.as_posix()}, line {number}: the records give "
                f"{_shown(ours, theirs)}, found {_shown(theirs, ours)}"
            )
    raise AssertionError("of files that differ some line does")


def _shown(line: bytes | None, other: bytes | None) -> str:
    """The part of a line where it begins to be another, in quotes."""
    if line is None:
        return "no such line"
    alike = len([*itertools.takewhile(_same, zip(line, other or b"", strict=False))])
    begin = max(0, alike - 30)
    text = line[begin : alike + 50].decode(errors="replace")
    before = "…" if begin else ""
    after = "…" if len(line) > alike + 50 else ""
    return f"“{before}{text}{after}”"


def _same(pair: tuple[int, int]) -> bool:
    return pair[0] == pair[1]
