"""Figures of a report as SVG: the same bytes every time, legible on light and dark.

Every number shown also stands in a table of the report, beside the figure. Nothing is
computed here but means (suite/grid_views.py, suite/verdicts.py and others do that).
"""

from suite.figures.curves import curve_figure, growth_figure, loss_figure
from suite.figures.forest import effects_figure, forest_figure, masking_figure
from suite.figures.heat_map import grid_table, heat_map_figure
from suite.figures.spread import best_of_figure, seed_figure

__all__ = [
    "best_of_figure",
    "curve_figure",
    "effects_figure",
    "forest_figure",
    "grid_table",
    "growth_figure",
    "heat_map_figure",
    "loss_figure",
    "masking_figure",
    "seed_figure",
]
