"""The tables that the full simulations leave in results/simulations/."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

RESULTS = Path(__file__).resolve().parents[2] / "results/simulations"


class Table:
    """Rows by their names: those made now, and of the others those on disk."""

    def __init__(self, path: Path, keys: int) -> None:
        self.path, self.keys, self.made = path, keys, {}

    def add(self, row) -> None:
        cells = {name: str(value) for name, value in asdict(row).items()}
        self.made[tuple(cells.values())[: self.keys]] = cells

    def write(self) -> None:
        if not self.made:
            return
        rows = {}
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                for cells in csv.DictReader(file):
                    rows[tuple(cells.values())[: self.keys]] = cells
        rows |= self.made
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", newline="", encoding="utf-8") as file:
            header = list(next(iter(self.made.values())))
            writer = csv.DictWriter(file, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[key] for key in sorted(rows))


@pytest.fixture(scope="session")
def coverage_table() -> Iterator[Table]:
    table = Table(RESULTS / "coverage.csv", keys=2)
    yield table
    table.write()


@pytest.fixture(scope="session")
def selection_table() -> Iterator[Table]:
    table = Table(RESULTS / "selection.csv", keys=2)
    yield table
    table.write()
