"""A run directory as a report sees it: read, judged, and split by checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite.cells import Cell
from suite.estimates import Choice, Estimates
from suite.grids import Grid, load_grids
from suite.masking_run import MaskingRun
from suite.records import RunDirectory, TrialRecord
from suite.run_kind import glue_run
from suite.verdicts import run_checkpoints, verdicts_of


@dataclass(frozen=True, eq=False)
class ReportedRun(MaskingRun):
    """A run directory, read and judged."""

    cells: Sequence[Cell]
    choices: Mapping[tuple[str, str], Choice]
    records: Sequence[TrialRecord]

    def grids_of(self, checkpoint: Mapping) -> dict[str, Grid]:
        return {
            task: grid
            for (sha256, task), grid in self.grids.items()
            if sha256 == checkpoint["sha256"]
        }

    def cells_of(self, checkpoint: Mapping) -> list[Cell]:
        return [c for c in self.cells if c.checkpoint == checkpoint["sha256"]]

    def choices_of(self, checkpoint: Mapping) -> dict[str, Choice]:
        """Task -> what was chosen on dev, where something could be."""
        return {
            task: choice
            for (sha256, task), choice in self.choices.items()
            if sha256 == checkpoint["sha256"]
        }


def read_run(run_dir: Path) -> ReportedRun:
    """Everything a report needs; InputError for a directory that is no run on GLUE."""
    directory = RunDirectory(run_dir)
    run = glue_run(directory)
    grids = load_grids(directory)
    estimates = Estimates(grids)
    return ReportedRun(
        path=Path(run_dir),
        run=run,
        checkpoints=run_checkpoints(directory),
        grids=grids,
        cells=verdicts_of(directory, grids, estimates),
        choices=estimates.choices(),
        records=directory.records(),
    )
