"""The page about speed, from made-up records."""

import json

import pytest

from suite.performance_report import write_performance_report
from suite.step_rates import PRODUCT
from suite.sweep_speed_report import grid_section
from tests.suite.test_step_rates import BENCHMARKS
from tests.suite.test_sweep_speed import OURS, PEER, benchmark, trial

STEPS = BENCHMARKS[:-1]
PROFILE = {
    "profiled": "Tiny",
    "parts": {"products": 30.0, "waiting": 10.0},
    "largest": [
        {
            "name": "dot.1",
            "part": "products",
            "shapes": [[640, 128], [640, 7]],
            "milliseconds": 12.34,
        }
    ],
}
OTHER = PROFILE | {"profiled": "Mini", "parts": {"loss": 1.0, "waiting": 1.0}}


def record(benchmarks, device="CPU", machine="Some, 2 cores") -> dict:
    return {
        "machine_info": {
            "accelerator": {
                "backend": "tensorflow 9",
                "device": device,
                "machine": machine,
            },
            "versions": {"python": "3.11", "torch": "2"},
            "settings": {"OMP_NUM_THREADS": "2"},
            "load_average": 0.25,
        },
        "benchmarks": benchmarks,
    }


def profiled(profile) -> dict:
    return {"extra_info": profile, "stats": {"median": 1.0}}


@pytest.fixture
def page(tmp_path):
    def written(**records) -> str:
        for name, one in records.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(one))
        return write_performance_report(tmp_path, tmp_path / "reports").read_text()

    return written


def test_speeds(page):
    text = page(tensorflow=record(STEPS))
    assert "| Tiny | ours | 400.0 | 200.0 to 900.0 | 25 | 1.00 | 25 % |" in text
    assert "| Tiny | ours × 4 | 100.0 | 100.0 to 200.0 | 100 | 0.25 | 100 % |" in text
    assert "| Mini | KerasHub | 500.0 | 500.0 to 500.0 | 20 | – | – |" in text
    assert (
        "tensorflow 9, CPU, Some, 2 cores; python 3.11, torch 2. Load average at the"
        in text
    )
    assert "start: 0.2. Settings: OMP_NUM_THREADS=2. Record: [`results/perf" in text
    assert "made by `tox -e peers -- --benchmark-json results/perf" in text


def test_profiles_side_by_side(page):
    text = page(jax=record([profiled(PROFILE), profiled(OTHER)]))
    assert "| part | Tiny | Mini |" in text
    assert "| products | 75.0 % | – |" in text
    assert "| waiting | 25.0 % | 50.0 % |" in text
    assert "| loss | – | 50.0 % |" in text
    assert "| Tiny | dot.1 → 640 × 128 | products | 12.3 |" in text
    assert "Steps: not measured." in text
    assert "made by `KERAS_BACKEND=jax tox -e peers" in text


def test_what_was_not_measured_is_said_to_be_so(page):
    assert page().count("Not measured yet") == 7
    text = page(tensorflow=record(STEPS))
    assert "## jax\n\nNot measured yet: `KERAS_BACKEND=jax tox" in text
    assert "## On a GPU\n\nNot measured yet." in text


def test_a_record_made_on_a_gpu_has_a_section_of_its_own(page):
    text = page(gpu=record(STEPS, device="GPU Some"))
    assert "## gpu\n\ntensorflow 9, GPU Some, Some, 2 cores;" in text
    assert "On a GPU" not in text
    assert "Not measured yet: `tox -e peers" in text


def test_the_same_records_make_the_same_page(page):
    records = {"tensorflow": record([*STEPS, profiled(PROFILE)])}
    assert page(**records) == page(**records)


PRODUCTS = [benchmark(2.0, step_of=PRODUCT, amount=8e9, unit="FLOP")]


def saving(without: str, seconds: float) -> dict:
    about = {"without": without, "saving_task": "MRPC", "batch_size": 8, "steps": 50}
    return benchmark(seconds, **about)


def test_the_whole_grid(page):
    gains = [saving("nothing", 0.2), saving("packing", 0.3)]
    text = page(
        peer_sweep=record(PEER + PRODUCTS),
        sweep=record([OURS]),
        savings=record(gains),
    )
    whole = text[: text.index("## One step")]
    assert "| RTE | 0.0 | 325 | 82 | 20 | 16.2 | 4.1 |" in whole
    assert "| all | 0.0 | 1,625 | 410 | 110 | 14.8 | 3.7 |" in whole
    assert "| CoLA | 128 | 10 | 40 | 160 |" in whole
    assert "Matrix product: 4 GFLOP/s" in whole
    assert "110 seconds with 2 workers; 100 trials in stacks of 4, 0 failed." in whole
    assert "Ours: `python -m suite sweep` (its places left out)." in whole
    assert "made by `tox -e peers -- -k peer_sweep --glue-dir DIR" in whole
    assert "made by `tox -e benchmark -- -k whole_grid --glue-dir DIR" in whole
    assert "different machines" not in whole
    assert "| MRPC | 8 | 4.0 | 1.50 × |" in whole
    assert "Not measured" not in whole


def test_a_grid_of_which_the_peers_side_was_measured(page):
    text = page(peer_sweep=record(PEER))
    assert "| RTE | 0.0 | 325 | 82 | – | – | – | – | – |" in text
    assert "Not measured yet: `tox -e benchmark -- -k whole_grid" in text
    assert "Where the sweep's time goes" not in text


def section(**records) -> str:
    return "\n".join(grid_section(records, lambda *about: ""))


def test_our_side_of_a_grid_alone():
    text = section(sweep=record([OURS]))
    assert "| RTE | – | – | – | 20 | – | – | – | – |" in text
    assert "Not measured yet: `tox -e peers -- -k peer_sweep" in text


def test_machines_that_differ_are_told():
    other = record([OURS], machine="Other, 2 cores")
    assert "different machines" in section(peer_sweep=record(PEER), sweep=other)


def test_where_the_time_of_a_sweep_goes():
    spent = {"spent": {"compiling": 30.0}, "tokens": {"real": 10, "computed": 12}}
    about = OURS["extra_info"]["grid_run"]
    run = about | {"trials": [trial("RTE", 8, 44.0, **spent)]}
    text = section(sweep=record([benchmark(50.0, grid_run=run)]))
    assert "| compiling | 30.0 % |" in text
    assert "| in trials, of which no more is recorded | 14.0 % |" in text
    assert "planning, records, waiting | 56.0 % |" in text
    assert "Computed for each real token: 1.20 tokens." in text


def test_scores_beside_the_peers():
    score = {"part": "score", "grid_task": "RTE", "peer": "padded to 128"}
    score |= {"batch_size": 8, "learning_rate": 1e-4, "seed": 1, "score": 0.625}
    text = section(peer_sweep=record([benchmark(**score)]), sweep=record([OURS]))
    row = "| RTE | batch 8, lr 0.0001 |"
    assert f"{row} transformers, padded to 128 | 1 | 62.5 | – |" in text
    assert f"{row} ours | 1 | 50.0 | – |" in text


def test_what_the_cache_saves():
    one = benchmark(0.01, cached_task="MNLI", rows=74498, made_in=5.25)
    text = section(sweep=record([one]))
    assert "| MNLI | 74,498 | 5.250 | 0.010 |" in text
    assert "tokenised once" not in section(sweep=record([OURS]))
