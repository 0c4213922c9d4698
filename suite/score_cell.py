"""The Score cell: GLUE's mean over a row's own cells, and what forbids it.

The cells of a row share no error but what suite/verdicts.py gives the metrics of one
task in common, so the Score's draws are the mean of theirs.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from suite.cells import Cell, Evidence
from suite.published import SCORE, PublishedScore, TableColumn, glue_score
from suite.statistics import Spread
from suite.tasks import GLUE_TASKS


def score_evidence(
    evidence: list[Evidence], checkpoint: Mapping, published: PublishedScore | None
) -> Evidence:
    """The Score: GLUE's mean over the row's own cells."""
    parts = {e.cell.column: e for e in evidence if e.cell.column.task in GLUE_TASKS}
    cell = Cell(
        checkpoint=checkpoint["sha256"],
        model=checkpoint["name"],
        masking=checkpoint["masking"],
        column=SCORE,
        published=published and published.value,
        decimals=published.decimals if published else 1,
    )
    missing = sorted({c.task for c, e in parts.items() if e.cell.ours is None})
    if missing:
        return Evidence(
            replace(
                cell,
                verdict="not run",
                why=f"the Score needs all nine tasks; without {', '.join(missing)}",
                change="run the missing tasks",
            )
        )
    kinds = {e.cell.compared for e in parts.values()}
    cell = replace(
        cell,
        ours=glue_score({c: e.cell.ours for c, e in parts.items()}),
        compared="dev vs test" if "dev vs test" in kinds else "test vs test",
        trial_ids=tuple(i for e in parts.values() for i in e.cell.trial_ids),
    )
    closed = [e.cell for e in parts.values() if _draws(e) is None]
    if closed or published is None:
        why = closed[0].why if closed else "no published Score"
        names = ", ".join(dict.fromkeys(c.column.task for c in closed))
        return Evidence(
            replace(
                cell,
                verdict="not comparable",
                why=f"it averages cells that allow no claim ({names}): {why}",
                change="the Score opens when those cells do",
            )
        )
    return _open_score(cell, parts, published)


def _open_score(
    cell: Cell, parts: Mapping[TableColumn, Evidence], published: PublishedScore
) -> Evidence:
    """Draws of the Score's difference; WNLI has a part in it and no claim."""
    draws = glue_score({column: _draws(e) for column, e in parts.items()})
    # The printed Score may be off the mean of the printed cells by their rounding.
    of_cells = glue_score({c: e.cell.published for c, e in parts.items()})
    sources = [e.for_score[1] if e.for_score else e.spread for e in parts.values()]
    choosing = [e.cell.selection for e in parts.values()]
    cell = replace(cell, selection=_mean_sd(choosing))
    spread = _score_spread(sources, published)
    return Evidence(cell, None, draws + of_cells - published.value, spread)


def _draws(evidence: Evidence) -> np.ndarray | None:
    return evidence.for_score[0] if evidence.for_score else evidence.draws


def _score_spread(sources: list[Spread], published: PublishedScore) -> Spread:
    return Spread(
        our_examples=_mean_sd([s.our_examples for s in sources]),
        our_seeds=_mean_sd([s.our_seeds for s in sources]),
        published_examples=_mean_sd([s.published_examples for s in sources]),
        published_seeds=_mean_sd([s.published_seeds for s in sources]),
        rounding=published.half_step,
        seed_freedom=min(s.seed_freedom for s in sources),
    )


def _mean_sd(of_cells: list[float]) -> float:
    """Rounded up: a pair's two metrics count as if each were a task of its own."""
    return float(np.sqrt(sum(sd**2 for sd in of_cells)) / len(GLUE_TASKS))
