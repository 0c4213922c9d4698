"""What the grid costs, from made-up benchmarks whose numbers are worked out by hand."""

import dataclasses
import math

import pytest

from suite.documented_grid import BATCH_SIZES
from suite.model_flops import StepShape, training_flops
from suite.step_rates import PRODUCT
from suite.sweep_speed import (
    GRID_TASKS,
    PER_BATCH,
    TO_128,
    computed_per_real,
    grid_flops,
    grid_run,
    our_rates,
    our_times,
    peer_rates,
    peer_times,
    scores_beside,
    task_amounts,
    where_time_goes,
    whole_grid,
)

SHAPE = StepShape(2, 4, 8, 7, batch=1, length=128)
LENGTHS = {"train": [0, 0, 30, 10], "dev": [0, 5]}  # 40 rows of 90 tokens; 5 of 5
RATES = {TO_128: 10.0, PER_BATCH: 40.0}
EVALUATED = {TO_128: 20.0, PER_BATCH: 50.0}


def benchmark(median=1.0, **about) -> dict:
    return {"extra_info": about, "stats": {"median": median}}


def training(task, batch_size, way, rate) -> dict:
    about = {"grid_task": task, "batch_size": batch_size, "peer": way}
    return benchmark(part="training", examples=3 * rate, seconds=3.0, **about)


def peer_of(task) -> list[dict]:
    """All that is measured of a task; of three turns one was disturbed."""
    shape = dataclasses.asdict(SHAPE)
    found = [benchmark(part="lengths", grid_task=task, lengths=LENGTHS, shape=shape)]
    for way in (TO_128, PER_BATCH):
        found += [
            training(task, batch_size, way, rate)
            for batch_size in BATCH_SIZES
            for rate in (RATES[way], RATES[way] / 7, 3 * RATES[way])
        ]
        about = {"part": "evaluation", "grid_task": task, "peer": way}
        found.append(benchmark(examples=EVALUATED[way], seconds=1.0, **about))
    return found


def trial(task, batch_size, seconds=2.0, rate=1e-4, seed=1, **more) -> dict:
    about = {"task": task, "batch_size": batch_size, "learning_rate": rate}
    about |= {"seed": seed, "status": "finished", "score": 0.5, "stack": 4}
    return about | {"seconds": seconds} | more


def sweep(*trials, seconds=100.0) -> dict:
    about = {"command": "python -m suite sweep", "workers": 2, "trials": list(trials)}
    return benchmark(seconds, grid_run=about)


def grid_of(task, **about) -> list[dict]:
    return [
        trial(task, batch_size, rate=rate, **about)
        for batch_size in BATCH_SIZES
        for rate in (3e-4, 1e-4, 5e-5, 3e-5)
    ]


PEER = [one for task in GRID_TASKS for one in peer_of(task)]
OURS = sweep(*(one for task in GRID_TASKS for one in grid_of(task)), seconds=110.0)


def test_the_peers_rates_are_medians():
    rates = peer_rates(PEER)
    assert len(rates) == len(GRID_TASKS) * len(BATCH_SIZES)
    assert rates.loc[("MRPC", 8)].to_dict() == pytest.approx(RATES)


def test_the_peers_time_of_a_grid():
    """5 batch sizes of 4 × 4 epochs of 40 rows, and dev's 5 rows 20 times."""
    times = peer_times(PEER).loc["RTE"]
    assert times[TO_128] == pytest.approx(5 * 16 * 40 / 10 + 20 * 5 / 20)
    assert times[PER_BATCH] == pytest.approx(5 * 16 * 40 / 40 + 20 * 5 / 50)


def test_batch_sizes_are_summed_each_at_its_own_rate():
    slower = [
        training("RTE", 64, TO_128, 1.0)
        if one["extra_info"].get("batch_size") == 64
        else one
        for one in peer_of("RTE")
    ]
    times = peer_times(slower).loc["RTE"]
    assert times[TO_128] == pytest.approx(4 * 16 * 40 / 10 + 16 * 40 / 1 + 5)


@pytest.mark.parametrize("part", ["training", "evaluation"])
def test_what_lacks_a_part_has_no_time(part):
    def is_left_out(about):
        is_it = about["part"] == part and about.get("peer") == TO_128
        return is_it and about.get("batch_size", 64) == 64

    rest = [one for one in peer_of("RTE") if not is_left_out(one["extra_info"])]
    times = peer_times(rest).loc["RTE"]
    assert math.isnan(times[TO_128])
    assert not math.isnan(times[PER_BATCH])


def test_operations_are_those_of_every_example():
    """One of length 2, trained on 4 times in 20 trials, and one of 3 predicted."""

    def step(length):
        return training_flops(dataclasses.replace(SHAPE, length=length))

    assert grid_flops(SHAPE, [0, 0, 1], []) == 80 * step(2)
    predicted = 20 * step(3) // 3
    assert grid_flops(SHAPE, [0, 0, 5], [0, 0, 0, 1]) == 400 * step(2) + predicted
    amounts = task_amounts(PEER).loc["WNLI"]
    assert (amounts["rows"], amounts["tokens"]) == (40, 90)
    assert amounts["grid_tokens"] == 80 * 90


def test_our_times_are_shared_by_the_workers():
    run = grid_run([OURS])
    assert our_times(run).to_dict() == dict.fromkeys(GRID_TASKS, 20 * 2.0 / 2)
    # 4 trials of 4 epochs of 40 rows in 4 × 2 seconds of one of two workers.
    rates = our_rates(run, dict.fromkeys(GRID_TASKS, 40))
    assert rates.loc[("CoLA", 128)] == pytest.approx(4 * 4 * 40 / (8 / 2))
    assert our_rates(run, {"RTE": 40}).loc["CoLA"].isna().all()


@pytest.mark.parametrize(
    "trials",
    [
        grid_of("RTE")[1:],
        [*grid_of("RTE"), trial("RTE", 8, seed=2)],
        [*grid_of("RTE")[1:], trial("RTE", 8, seconds=0.0, status="failed")],
    ],
)
def test_what_is_not_one_grid_has_no_time(trials):
    assert math.isnan(our_times(grid_run([sweep(*trials)]))["RTE"])


def test_the_whole_grid():
    """Of the five tasks 20 seconds each, and 110 by the clock."""
    flops = task_amounts(PEER).loc["RTE", "flops"]
    grid = whole_grid(PEER, grid_run([OURS]), product=flops / 4)
    assert list(grid.index) == [*GRID_TASKS, "all"]
    one, all_of_them = grid.loc["RTE"], grid.loc["all"]
    assert (one["ours"], one["floor"]) == pytest.approx((20, 4))
    assert one[f"times {TO_128}"] == pytest.approx(325 / 20)
    assert one["times floor"] == pytest.approx(5)
    assert (all_of_them["ours"], all_of_them["floor"]) == pytest.approx((110, 20))
    assert all_of_them[f"times {PER_BATCH}"] == pytest.approx(5 * 82 / 110)
    assert all_of_them["grid_tokens"] == 5 * 80 * 90


def test_what_was_not_measured_is_not_a_number():
    alone = whole_grid(peer_of("MRPC"), None, math.nan)
    assert alone.loc["MRPC", TO_128] == pytest.approx(325)
    assert alone.loc["all"].isna().all()
    assert alone["ours"].isna().all()
    assert alone["floor"].isna().all()
    part = whole_grid(PEER, grid_run([sweep(*grid_of("RTE"))]), 1.0)
    assert part.loc["RTE", "ours"] == 20
    assert math.isnan(part.loc["all", "ours"])
    assert whole_grid([], None, math.nan).isna().all().all()


def test_where_time_goes():
    """Of 2 × 100 seconds 160 in trials, of which 60 and 20 are told apart."""
    first = trial("RTE", 8, 100.0, spent={"training": 50.0, "compiling": 20.0})
    second = trial("RTE", 8, 60.0, spent={"training": 10.0})
    shares = where_time_goes(grid_run([sweep(first, second)])).tolist()
    assert shares == pytest.approx([0.3, 0.1, 0.4, 0.2])


def test_padding():
    first = trial("RTE", 8, tokens={"real": 10, "computed": 15})
    second = trial("RTE", 8, tokens={"real": 30, "computed": 31})
    assert computed_per_real(grid_run([sweep(first, second)])) == pytest.approx(1.15)
    assert math.isnan(computed_per_real(grid_run([sweep(first, trial("RTE", 8))])))


def test_scores_of_equal_configurations_stand_together():
    def score(seed, score):
        about = {"grid_task": "RTE", "batch_size": 8, "learning_rate": 1e-4}
        return benchmark(part="score", peer=TO_128, seed=seed, score=score, **about)

    run = grid_run(
        [
            sweep(
                trial("RTE", 8, seed=1, score=0.6),
                trial("RTE", 8, seed=2, score=0.8),
                trial("RTE", 8, seed=3, score=None, status="failed"),
                trial("RTE", 8, rate=3e-4),
                trial("RTE", 16),
                trial("WNLI", 8),
            )
        ]
    )
    theirs, ours = scores_beside([score(1, 0.5), score(2, 0.6)], run).itertuples()
    assert (theirs.way, theirs.seeds) == ("transformers, padded to 128", 2)
    assert (theirs.mean, theirs.spread) == pytest.approx((0.55, 0.1 / math.sqrt(2)))
    assert (ours.way, ours.seeds, ours.mean) == ("ours", 2, pytest.approx(0.7))
    assert scores_beside([], run).empty


def test_a_record_of_something_else_has_no_grid():
    other = benchmark(step_of=PRODUCT, amount=3, unit="FLOP")
    assert grid_run([other]) is None
    assert task_amounts([other]).empty
    assert peer_times([other]).empty
