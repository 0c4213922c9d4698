"""The documented grid as users of transformers run it: rates, and what they add up to.

    tox -e peers -- -k peer_sweep --glue-dir DIR --checkpoint DIR

Of each task and batch size both ways of padding take turns; `-k` takes a part of it,
such as `-k "peer_sweep and MRPC"`. Beside them runs a large matrix product. What all
this amounts to is printed at the end (suite/sweep_speed.py).
"""

import importlib.util
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

from suite.environment import ROOT
from suite.peer_steps import PRODUCT_SIZE, WORKLOADS
from suite.peer_sweep import (
    PADDINGS,
    PeerTask,
    count_lengths,
    model_shape,
    timed_evaluation,
    timed_training,
    trained_score,
)
from suite.step_process import StepProcess
from suite.step_rates import PRODUCT
from suite.sweep_speed import BATCH_SIZES, GRID_TASKS, PER_BATCH

# Everything is on this machine; nothing is to be looked up elsewhere.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

TURNS, PRODUCTS = 3, 20
NEEDED = ("torch", "transformers", "accelerate")
# Small tasks, in the middle of the grid: to be held against ours.
SCORED, SCORED_BATCH, SCORED_RATE, SEEDS = ("MRPC", "RTE"), 32, 1e-4, (1, 2, 3)


@pytest.fixture(scope="module")
def checkpoint(request, tmp_path_factory):
    """The checkpoint in the layout that transformers loads."""
    given = request.config.getoption("checkpoint")
    if not (given and request.config.getoption("glue_dir")):
        pytest.skip("needs --glue-dir DIR and --checkpoint DIR")
    if missing := [name for name in NEEDED if not importlib.util.find_spec(name)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if (given / "config.json").exists():
        return given.resolve()
    written = tmp_path_factory.mktemp("checkpoint") / "huggingface"
    convert = ["checkpoint", "convert", given.resolve(), written]
    command = [sys.executable, "-m", "suite", *convert, "--format", "huggingface"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return written


@pytest.fixture(scope="module")
def peer(request, checkpoint):
    """Task, way -> what the peer works on."""
    glue_dir = request.config.getoption("glue_dir").resolve()
    return lambda task, way: PeerTask(checkpoint, glue_dir, task, way)


@pytest.fixture(scope="module")
def process(checkpoint):
    """Calls a function in the peer's own process, where nothing else is loaded."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as alone:
        yield lambda function, *arguments: alone.submit(function, *arguments).result()


@pytest.mark.parametrize("turn", range(TURNS))
def test_product(benchmark, checkpoint, turn):
    """The rate that the floor is reckoned with, on the backend that ours is on."""
    product = StepProcess(PRODUCT, WORKLOADS[0])
    benchmark.pedantic(product.step, rounds=PRODUCTS, warmup_rounds=2)
    product.close()
    benchmark.extra_info.update(
        step_of=PRODUCT, amount=2 * PRODUCT_SIZE**3, unit="FLOP"
    )


@pytest.mark.parametrize("task", GRID_TASKS)
def test_lengths(benchmark, peer, process, task):
    """How long the examples are, and what the peer takes to tokenise them."""
    one = peer(task, PER_BATCH)
    lengths = benchmark.pedantic(process, (count_lengths, one), rounds=1)
    benchmark.extra_info.update(
        part="lengths", grid_task=task, lengths=lengths, shape=model_shape(one)
    )


@pytest.mark.parametrize("way", PADDINGS)
@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("task", GRID_TASKS)
def test_training(benchmark, peer, process, task, batch_size, turn, way):
    """Some seconds of training; each turn has an order of its own."""
    arguments = timed_training, peer(task, way), batch_size, turn
    measured = benchmark.pedantic(process, arguments, rounds=1)
    assert measured["examples"] > 0
    assert measured["places"] >= measured["examples"]
    about = {"part": "training", "grid_task": task, "peer": way, "turn": turn}
    benchmark.extra_info.update(about, batch_size=batch_size, **measured)


@pytest.mark.parametrize("way", PADDINGS)
@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("task", GRID_TASKS)
def test_evaluation(benchmark, peer, process, task, turn, way):
    """Some seconds of evaluating the dev split."""
    arguments = timed_evaluation, peer(task, way)
    measured = benchmark.pedantic(process, arguments, rounds=1)
    about = {"part": "evaluation", "grid_task": task, "peer": way, "turn": turn}
    benchmark.extra_info.update(about, **measured)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("task", SCORED)
def test_score(benchmark, peer, process, task, seed):
    """One configuration trained to the end; its scores are to be held against ours."""
    arguments = trained_score, peer(task, PER_BATCH), SCORED_BATCH, seed, SCORED_RATE
    score = benchmark.pedantic(process, arguments, rounds=1)
    about = {"part": "score", "grid_task": task, "peer": PER_BATCH, "seed": seed}
    about |= {"batch_size": SCORED_BATCH, "learning_rate": SCORED_RATE}
    benchmark.extra_info.update(about, score=score)
