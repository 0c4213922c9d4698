"""The page about speed, from made-up records."""

import json

import pytest

from suite.performance_report import write_performance_report
from tests.suite.test_step_rates import BENCHMARKS

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


def record(benchmarks, device="CPU") -> dict:
    return {
        "machine_info": {
            "accelerator": {"backend": "tensorflow 9", "device": device},
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
    assert "tensorflow 9, CPU; python 3.11, torch 2. Load average at the" in text
    assert "start: 0.2. Settings: OMP_NUM_THREADS=2. Record: `results/perf" in text
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
    assert page().count("Not measured yet") == 3
    text = page(tensorflow=record(STEPS))
    assert "## jax\n\nNot measured yet: `KERAS_BACKEND=jax tox" in text
    assert "## On a GPU\n\nNot measured yet." in text


def test_a_record_made_on_a_gpu_has_a_section_of_its_own(page):
    text = page(gpu=record(STEPS, device="GPU Some"))
    assert "## gpu\n\ntensorflow 9, GPU Some;" in text
    assert "On a GPU" not in text
    assert "Not measured yet: `tox -e peers" in text


def test_the_same_records_make_the_same_page(page):
    records = {"tensorflow": record([*STEPS, profiled(PROFILE)])}
    assert page(**records) == page(**records)
