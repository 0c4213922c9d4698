"""Figures are well-formed SVG, the same every time, and hold the numbers."""

import xml.etree.ElementTree as ET

import numpy as np

from suite.figures import forest_figure, grid_table, heat_map_figure
from suite.grids import load_grids
from suite.records import RunDirectory
from suite.verdicts import verdict_table


def text_of(path):
    return " ".join(t for t in ET.parse(path).getroot().itertext() if t.strip())


def test_the_heat_map_shows_every_score(tmp_path, small_run):
    grids = load_grids(RunDirectory(small_run))
    own = {task: grid for (sha256, task), grid in grids.items() if sha256[0] == "a"}
    text = text_of(heat_map_figure(tmp_path / "a.svg", own))
    for grid in own.values():
        _, _, means = grid_table(grid)
        for mean in means[np.isfinite(means)]:
            assert f"{mean:.1f}" in text
    assert text.count("no score") == 4


def test_figures_are_the_same_every_time(tmp_path, small_run):
    grids = load_grids(RunDirectory(small_run))
    own = {task: grid for (sha256, task), grid in grids.items() if sha256[0] == "a"}
    cells = verdict_table(small_run)
    for draw, what in ((heat_map_figure, own), (forest_figure, cells)):
        first = draw(tmp_path / "first.svg", what).read_bytes()
        assert draw(tmp_path / "again.svg", what).read_bytes() == first
        assert b"<dc:date>" not in first


def test_the_forest_names_every_open_cell(tmp_path, small_run):
    cells = [c for c in verdict_table(small_run) if c.low is not None]
    text = text_of(forest_figure(tmp_path / "f.svg", cells))
    for cell in cells:
        assert f"{cell.name} {cell.column.metric}" in text


def test_a_forest_without_open_cells_is_not_drawn(tmp_path, small_run):
    cells = [c for c in verdict_table(small_run) if c.low is None]
    assert forest_figure(tmp_path / "f.svg", cells) is None
    assert not (tmp_path / "f.svg").exists()
