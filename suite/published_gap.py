"""Ours - published in points, of an estimate: its draws and what they are made of.

What other seeds and another test set would have done to the published number was not
published; both are taken from ours: its spread over seeds, since a submission is one
run, and its sampling error, scaled to the published test set's size.
"""

import numpy as np

from suite.estimates import Estimate
from suite.published import PublishedScore, TableColumn
from suite.seed_error import in_points
from suite.statistics import Spread, gap_draws, published_sampling_sd
from suite.tasks import TASKS


def published_gap(
    estimate: Estimate,
    column: TableColumn,
    published: PublishedScore,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Spread]:
    """Draws of ours - published for a column, and the spread of its errors.

    The column's seed error must be known (`Estimate.seed_error`).
    """
    name = column.metric
    spread = _spread(estimate, column, published.half_step)
    return gap_draws(100 * estimate.draws[name], published.value, spread, rng), spread


def _spread(estimate: Estimate, column: TableColumn, half_step: float) -> Spread:
    """The sources of error, but for choosing: that is in our draws already."""
    our_examples = 100 * estimate.examples_sd[column.metric]
    seeds = in_points(estimate.seed_error[column.metric])
    return Spread(
        our_examples=our_examples,
        our_seeds=seeds.sd / np.sqrt(estimate.seeds),
        published_examples=published_sampling_sd(
            our_examples, estimate.examples, TASKS[column.task].rows[column.split]
        ),
        published_seeds=seeds.sd,
        rounding=half_step,
        seed_freedom=seeds.freedom,
    )
