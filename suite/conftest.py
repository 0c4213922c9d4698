"""`pytest suite/`: hold the recorded verdicts. With --benchmark: measure as well."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from suite.instance_rates import growth, instance_rates, ratios, shard_ratios
from suite.markdown import counted
from suite.performance_report import profile_table, speed_table
from suite.step_rates import profiles, step_rates
from suite.sweep_speed import grid_run, task_amounts
from suite.sweep_speed_report import grid_tables

# What can change a speed, beside the machine and what it has installed.
SETTINGS = ("GLIBC_", "LD_PRELOAD", "MALLOC_", "OMP_", "TF_ENABLE_", "XLA_FLAGS")
PEERS = ("torch", "transformers", "accelerate", "keras-hub")


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
    parser.addoption("--glue-dir", type=Path, help="GLUE, for the whole grid")
    parser.addoption("--checkpoint", type=Path, help="what the grid is to fine-tune")
    parser.addoption("--tasks", help="tasks of the grid (default: five)")
    parser.addoption("--run-dir", type=Path, help="where the grid's records are kept")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--benchmark"):
        return
    for item in items:
        if "benchmark" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="measured with --benchmark only"))


def pytest_benchmark_update_machine_info(config, machine_info):
    from suite.environment import installed_packages, versions

    installed = installed_packages()
    peers = {name: installed[name] for name in PEERS if name in installed}
    machine_info["accelerator"] = _accelerator()
    machine_info["versions"] = versions() | peers
    machine_info["load_average"] = os.getloadavg()[0]
    machine_info["settings"] = {
        name: os.environ[name]
        for name in sorted(os.environ)
        if name.startswith(SETTINGS)
    }


def pytest_terminal_summary(terminalreporter, config):
    """Rates in the field's units, from each benchmark's median."""
    session = getattr(config, "_benchmarksession", None)
    measured = [b for b in session.benchmarks if b.extra_info] if session else []
    if not measured:
        return
    terminalreporter.section("throughput")
    terminalreporter.write_line(", ".join(_accelerator().values()))
    for one in measured:
        if "amount" not in one.extra_info or "workload" in one.extra_info:
            continue  # in a table of their own
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
    if not (steps := step_rates(recorded)).empty:
        terminalreporter.write_line(speed_table(steps))
    if profiled := profiles(recorded):
        terminalreporter.write_line(profile_table(profiled))
    run = grid_run(recorded)
    if run or not task_amounts(recorded).empty:
        for part in grid_tables(recorded, run):
            terminalreporter.write_line(part)


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
