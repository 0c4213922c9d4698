"""`pytest suite/`: hold the recorded verdicts. With --benchmark: measure as well."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from suite.instance_rates import growth, instance_rates, ratios, shard_ratios
from suite.markdown import counted


def pytest_addoption(parser):
    parser.addoption(
        "--benchmark",
        action="store_true",
        help="measure throughput, too (minutes; otherwise skipped)",
    )
    parser.addoption(
        "--text",
        nargs="+",
        type=Path,
        help="text files to make instances of (default: the sample corpus)",
    )
    parser.addoption("--vocab", type=Path, help="the vocabulary that goes with --text")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--benchmark"):
        return
    for item in items:
        if "benchmark" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="measured with --benchmark only"))


def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["accelerator"] = _accelerator()


def pytest_terminal_summary(terminalreporter, config):
    """Rates in the field's units, from each benchmark's median."""
    session = getattr(config, "_benchmarksession", None)
    measured = [b for b in session.benchmarks if b.extra_info] if session else []
    if not measured:
        return
    terminalreporter.section("throughput")
    terminalreporter.write_line(", ".join(_accelerator().values()))
    for one in measured:
        rate = one.extra_info["amount"] / one.stats.median
        unit = one.extra_info["unit"]
        rounds = one.stats.rounds
        terminalreporter.write_line(
            f"{one.name}: {rate:,.0f} {unit}/s (median of {counted(rounds, 'round')})"
        )
    recorded = _as_recorded(measured)
    rates = instance_rates(recorded)
    for line in (*ratios(rates), *shard_ratios(rates, growth(recorded))):
        terminalreporter.write_line(line)


def _as_recorded(measured) -> list[dict]:
    """What of a benchmark --benchmark-json would keep, as far as it is needed here."""
    return [
        {
            "name": one.name,
            "extra_info": one.extra_info,
            "stats": {"median": one.stats.median},
        }
        for one in measured
    ]


def _accelerator() -> dict[str, str]:
    from reference.accelerator import describe_device
    from suite.environment import machine

    return describe_device() | {"machine": machine()}
