"""A run that holds checkpoints of both maskings, as the comparison of them sees it.

Any run on GLUE may; those of results/masking/ are for nothing else. They are of many
checkpoints on a part of the grid, of which no cell is compared with a published number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from suite.grids import Grid, load_grids
from suite.masking_effect import MaskingDifference, compare_maskings
from suite.records import RunDirectory
from suite.run_kind import glue_run
from suite.verdicts import run_checkpoints


@dataclass(frozen=True, eq=False)
class MaskingRun:
    """A run directory, its checkpoints and its grids."""

    path: Path
    run: Mapping
    checkpoints: Sequence[Mapping]
    grids: Mapping[tuple[str, str], Grid]

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def sample(self) -> bool:
        return bool(self.run.get("sample"))

    @cached_property
    def masking(self) -> list[MaskingDifference]:
        """WordPiece against whole word, where the run has both."""
        return compare_maskings(self.checkpoints, self.grids)


def read_masking_runs(directory: Path) -> list[MaskingRun]:
    """All below a directory, the newest name first."""
    paths = sorted((path.parent for path in directory.glob("*/run.json")), reverse=True)
    return [_read(path) for path in paths]


def _read(path: Path) -> MaskingRun:
    directory = RunDirectory(path)
    run, checkpoints = glue_run(directory), run_checkpoints(directory)
    return MaskingRun(path, run, checkpoints, load_grids(directory))
