"""What several tests of the harness need: runs, places, records and commands typed."""

import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from suite import cli, comparability, estimates, masking_effect, pipeline, readme
from tests.suite.cli_place import write_one_of_everything
from tests.suite.synthetic import WHOLE_WORD, Checkpoint, Synthetic, make_run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two maskings, two tasks with public test labels, 2 x 4 trials, two failed."""
    path = tmp_path_factory.mktemp("runs") / "small"
    options = Synthetic(
        tasks=("MRPC", "STS-B"),
        checkpoints=(Checkpoint(), WHOLE_WORD),
        test_labels=("MRPC", "STS-B"),
        batch_sizes=(8, 16),
        fail=2,
    )
    return make_run(path, options).path


@pytest.fixture(scope="package", autouse=True)
def fewer_resamples() -> Iterator[None]:
    """The same code on a quarter of the resamples; 600 are needed for 15 cells.

    Of this package only: in the same session recorded verdicts may be recomputed.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimates, "RESAMPLES", 1000)
        patch.setattr(estimates, "HALVINGS", 5)
        patch.setattr(masking_effect, "_RESAMPLES", 250)
        yield


@pytest.fixture(scope="package", autouse=True)
def smallest_grid_is_whole() -> Iterator[None]:
    """As if one configuration were all the documented ones, which synthetic runs have.

    `test_comparability.py` holds the rule to the documented ones.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparability, "documented_configurations", lambda: {(8, 1e-4)})
        yield


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory):
    """A checkpoint and two tasks for sweeps that take seconds; read only."""
    from tests.suite.miniature import Miniature

    return Miniature(tmp_path_factory.mktemp("miniature")).write()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this project's results, reports and README now are: in `tmp_path`."""
    for module in (pipeline, readme):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(readme, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"# Words\n\n{readme.BEGIN}\n{readme.END}\n")
    return tmp_path


# Pre-training records


@pytest.fixture
def arrays():
    """Sound WordPiece records, to be damaged."""
    from tests.suite.checked_records import sound

    return sound()


@pytest.fixture
def check(tmp_path: Path):
    """Writes arrays to a file and checks it."""
    from tests.suite.checked_records import checked

    return functools.partial(checked, tmp_path)


# The command line


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def typed(monkeypatch, capsys):
    """`python -m suite WORDS` in this process, which has loaded everything."""

    def run(*words) -> Ended:
        monkeypatch.setattr(sys, "argv", ["suite", *map(str, words)])
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        else:
            code = 0
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def place(elsewhere: Path) -> Path:
    """A directory with one of everything, good and bad; what runs write goes there."""
    write_one_of_everything(elsewhere)
    return elsewhere
