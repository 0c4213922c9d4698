"""One trial in two runs, compared split by split."""

from dataclasses import replace

import numpy as np

from suite.records import RunDirectory
from suite.trial_comparison import Kept, split_comparisons
from tests.suite.synthetic import Synthetic, make_run

SMALL = {"rows": 10, "batch_sizes": (8,), "learning_rates": (1e-4,)}


def kept(path, arrays, scores) -> Kept:
    run = make_run(path, Synthetic(tasks=("RTE",), **SMALL))
    record = replace(run.records()[0], scores=scores)
    run.append(record, arrays)
    return Kept(RunDirectory(path), record)


def test_of_a_split_that_only_one_has_nothing_is_said(tmp_path):
    logits, scores = np.eye(2, dtype=np.float32), {"dev": {"accuracy": 1.0}}
    both = kept(tmp_path / "a", {"dev": logits, "test": logits}, scores)
    one = kept(tmp_path / "b", {"dev": logits}, scores)
    for pair in ((both, one), (one, both)):
        (found,) = split_comparisons(*pair)
        assert (found.split, found.rows, found.same_bits) == ("dev", 2, True)


def test_squad_keeps_a_metric_of_each_question(tmp_path):
    """Two questions more or less: 0.5 and 1 of two."""
    first = kept(tmp_path / "a", {"f1": np.array([1.0, 0.0])}, {"dev": {"f1": 0.5}})
    second = kept(tmp_path / "b", {"f1": np.array([1.0, 1.0])}, {"dev": {"f1": 1.0}})
    (found,) = split_comparisons(first, second)
    assert (found.recorded, found.repeated) == ({"f1": 0.5}, {"f1": 1.0})
    assert (found.moved, found.changed, found.same_bits) == (1.0, None, False)
