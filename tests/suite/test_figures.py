"""Figures are well-formed SVG, the same every time, hold the numbers, and can be read.

Contrast is held to WCAG 2.1: 4.5 for text (1.4.3), 3 for what a figure is read by
(1.4.11), on light and on dark pages.
"""

import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from suite.figures import (
    best_of_figure,
    curve_figure,
    forest_figure,
    grid_table,
    heat_map_figure,
    loss_figure,
    masking_figure,
    seed_figure,
    style,
)
from suite.figures.heat_map import colour_on
from suite.grid_views import SeedScores
from suite.grids import Configuration, load_grids
from suite.published import load_margins
from suite.records import RunDirectory
from suite.verdicts import verdict_table
from tests.suite.masking_grids import row

SVG = "{http://www.w3.org/2000/svg}"
CHOSEN = Configuration(16, 1e-4)
SEEDS = SeedScores(
    configuration=CHOSEN,
    chosen={1: 61.0, 2: 64.0, 3: 60.0},
    trial_ids={1: "a" * 12, 2: "b" * 12, 3: "c" * 12},
    grid={1: (50.0, 55.0, 61.0)},
)
MASKINGS = [
    row(1.8, 2.2, low=1.0, high=3.0, p=0.01),
    row(0.9, 1.2, 1.5, low=0.1, high=2.0, task="MRPC", model="BERT-Mini"),
    row(0.0, low=-2.0, high=2.0, task="QNLI"),
]
LINES = [
    {"step": 20, "loss": [8.0, 8.1]},
    {
        "step": 40,
        "loss": [7.0, 7.1],
        "held_out": [{"masked_lm_accuracy": 0.1}, {"masked_lm_accuracy": 0.2}],
    },
]


@pytest.fixture(scope="module")
def grids(small_run):
    found = load_grids(RunDirectory(small_run))
    return {task: grid for (sha256, task), grid in found.items() if sha256[0] == "a"}


@pytest.fixture(scope="module")
def cells(small_run):
    return verdict_table(small_run)


@pytest.fixture(scope="module")
def figures(grids, cells):
    """What draws each figure, and of what."""
    return {
        "heat map": (heat_map_figure, grids),
        "forest": (forest_figure, cells, load_margins()),
        "best of n": (best_of_figure, {"RTE": np.array([50.0, 52, 53])}, {"RTE": 51.0}),
        "seeds": (seed_figure, {"RTE": SEEDS}),
        "losses": (loss_figure, grids, dict.fromkeys(grids, CHOSEN)),
        "pre-training": (curve_figure, ["one", "two"], LINES),
        "maskings": (masking_figure, MASKINGS, 1.02),
    }


NAMES = (
    *("heat map", "forest", "best of n", "seeds", "losses", "pre-training"),
    "maskings",
)


def text_of(path) -> str:
    return " ".join(t for t in ET.parse(path).getroot().itertext() if t.strip())


def styles_of(path) -> list[dict[str, str]]:
    """The styles of what is drawn."""
    elements = ET.parse(path).getroot().iter()
    found = [e.get("style") for e in elements if e.get("style")]
    return [dict(re.findall(r"([\w-]+): ([^;]+)", own)) for own in found]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in to_rgb(colour)
        ]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_the_same_every_time(tmp_path, figures, name):
    draw, *what = figures[name]
    first = draw(tmp_path / "first.svg", *what).read_bytes()
    assert draw(tmp_path / "again.svg", *what).read_bytes() == first
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("name", NAMES)
def test_every_colour_has_one_for_dark_pages(tmp_path, figures, name):
    """But those of a heat map's cells, which are the same on both."""
    draw, *what = figures[name]
    path = draw(tmp_path / "figure.svg", *what)
    used = {s[k] for s in styles_of(path) for k in ("fill", "stroke") if k in s}
    left = used - set(style.DARK) - {"none"}
    if name == "heat map":
        cmap = matplotlib.colormaps["cividis"]
        cells = {matplotlib.colors.to_hex(cmap(n)) for n in range(cmap.N)}
        left -= {"#ffffff", *cells}
    assert not left
    rules = path.read_text().partition("prefers-color-scheme: dark")[2]
    for light in used & set(style.DARK):
        assert f'"fill: {light}"] {{fill: {style.DARK[light]} !important}}' in rules
        assert f'"stroke: {light}"] {{stroke: {style.DARK[light]} !important}}' in rules


@pytest.mark.parametrize(
    ("least", "colours"),
    [
        (4.5, (style.INK, style.GOOD, style.BAD, style.OPEN)),
        (3.0, (*style.SERIES, style.FAINT)),
    ],
)
def test_colours_can_be_read_on_light_and_dark(least, colours):
    for light in colours:
        assert contrast(light, style.PAPER) >= least
        assert contrast(style.DARK[light], style.DARK[style.PAPER]) >= least


def test_scores_can_be_read_on_every_cell():
    cmap = matplotlib.colormaps["cividis"]
    for share in np.linspace(0, 1, 256):
        cell = matplotlib.colors.to_hex(cmap(share))
        assert contrast(colour_on(share, 0.0, 1.0), cell) >= 4.5
    assert colour_on(5.0, 5.0, 5.0) == colour_on(0.0, 0.0, 1.0)  # of equal scores


def test_the_heat_map_shows_every_score(tmp_path, grids):
    text = text_of(heat_map_figure(tmp_path / "a.svg", grids))
    for grid in grids.values():
        batches, rates, means = grid_table(grid)
        for mean in means[np.isfinite(means)]:
            assert f"{mean:.1f}" in text
        for label in (*map(str, batches), *(f"{rate:g}" for rate in rates)):
            assert label in text.split()
    assert text.count("no score") == 4


def test_the_forest_names_every_open_cell(tmp_path, cells):
    shown = [c for c in cells if c.low is not None]
    margins = load_margins()
    path = forest_figure(tmp_path / "f.svg", cells, margins)
    text = text_of(path)
    for cell in shown:
        assert f"{cell.name} {cell.column.metric} ({cell.compared})" in text
        assert cell.verdict in text
    bands = [s for s in styles_of(path) if s.get("fill") == style.BAND]
    has_one = [(c.column.task, c.column.metric) in margins for c in shown]
    assert len(bands) == sum(has_one) > 0


def test_a_forest_without_open_cells_is_not_drawn(tmp_path, cells):
    closed = [c for c in cells if c.low is None]
    assert forest_figure(tmp_path / "f.svg", closed, {}) is None
    assert not (tmp_path / "f.svg").exists()


def test_maskings_show_every_row_and_every_pair(tmp_path):
    path = masking_figure(tmp_path / "m.svg", MASKINGS, 1.02)
    text, styles = text_of(path), styles_of(path)
    for one in MASKINGS:
        assert f"{one.task} {one.metric}" in text
        assert one.model in text
    assert "±1.02: published for BERT-Large" in text
    marks = [e.get("style") or "" for e in ET.parse(path).getroot().iter(f"{SVG}use")]
    hollow = [mark for mark in marks if "fill-opacity: 0" in mark]
    assert len(hollow) == 2 + 3 + 1  # and one in the legend; one pair is its own mean
    bands = [s for s in styles if s.get("fill") == style.BAND]
    assert len(bands) == len(MASKINGS) + 1
    for said in ("after Holm's correction too", "not after Holm's", "not off zero"):
        assert said in text
    assert "not off zero" not in text_of(
        masking_figure(tmp_path / "one.svg", MASKINGS[:1], 1.02)
    )


def test_no_maskings_are_not_drawn(tmp_path):
    assert masking_figure(tmp_path / "m.svg", [], 1.02) is None


def test_a_line_for_each_trial_and_the_chosen_over_them(tmp_path, grids):
    path = loss_figure(tmp_path / "l.svg", grids, dict.fromkeys(grids, CHOSEN))
    text, lines = text_of(path), styles_of(path)
    for grid in grids.values():
        for rate in {r.trial.learning_rate for r in grid.of_grid}:
            assert f"lr {rate:g}" in text
    thick = [s for s in lines if s.get("stroke-width") == "2"]
    assert len(thick) == len(grids) + 1  # and one in the legend
    thin = [s for s in lines if s.get("stroke-width") == "0.8" and "stroke" in s]
    coloured = [s for s in thin if s["stroke"] in style.SERIES]
    assert len(coloured) == sum(len(g.of_grid) - 1 for g in grids.values())


def test_seeds_stand_side_by_side(tmp_path):
    path = seed_figure(tmp_path / "s.svg", {"RTE": SEEDS, "MRPC": SEEDS})
    marks = [e.get("style") or "" for e in ET.parse(path).getroot().iter(f"{SVG}use")]
    for colour, dots in ((style.SERIES[0], 3), (style.FAINT, 3)):
        assert sum(f"fill: {colour}" in mark for mark in marks) == 2 * dots


def test_six_trials_are_told_apart(tmp_path):
    """By colour and stroke together, of which there are four each."""
    held_out = [{"masked_lm_accuracy": 0.1}] * 6
    lines = [{"step": n, "loss": [7.0] * 6, "held_out": held_out} for n in (1, 2)]
    curve_figure(tmp_path / "six.svg", [f"seed {n}" for n in range(6)], lines)
    text = (tmp_path / "six.svg").read_text()
    drawn = re.findall(
        r'd="M [^"]*"[^>]*style="fill: none; ([^"]*stroke: #[^"]*)"', text
    )
    styles = {own for own in drawn if "stroke-width: 1.5" in own}
    assert len(styles) == 6
