"""Which executor the options mean, and what a worker of a cluster is given.

What needs a Ray is tests/cluster/test_ray.py.
"""

import sys

import pytest

from reference.errors import InputError
from suite.environment import ROOT
from suite.executors import open_executor
from suite.jobs import Resources
from suite.local_executor import LocalExecutor
from suite.ray_cluster import no_room, room, worker_variables


def node(alive: bool = True, **resources: float) -> dict:
    """As Ray describes one."""
    return {"NodeID": "a", "Alive": alive, "Resources": resources}


def test_without_ray_jobs_run_in_processes_of_this_machine(tmp_path):
    with open_executor(1, tmp_path) as executor:
        assert isinstance(executor, LocalExecutor)


@pytest.mark.parametrize("address", ["local", "127.0.0.1:6379"])
def test_without_the_package_ray_is_refused_in_one_line(tmp_path, monkeypatch, address):
    monkeypatch.setitem(sys.modules, "ray", None)  # as where it is not installed
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "kept")
    with pytest.raises(InputError, match=r"^--ray: Ray is not installed; .*--group c"):
        open_executor(1, tmp_path, address)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("resources", "there", "workers"),
    [
        (Resources(), node(CPU=4), 4),
        (Resources(cpus=1.5), node(CPU=4), 2),
        (Resources(gpus=1), node(CPU=4), 0),
        (Resources(gpus=0.1), node(CPU=16, GPU=0.3), 3),  # 0.3 / 0.1 is less than 3
        (Resources(cpus=1, gpus=1), node(CPU=4, GPU=8), 4),
        (Resources(cpus=0, tpus=4), node(CPU=4, TPU=8), 2),
        (Resources(), node(alive=False, CPU=4), 0),
    ],
)
def test_as_many_workers_as_fit_into_a_node(resources, there, workers):
    assert room(there, resources) == workers


def test_where_there_is_no_room_is_said_what_was_found():
    nodes = [node(CPU=4, memory=1e9), node(CPU=8, GPU=1), node(alive=False, GPU=8)]
    assert no_room(nodes, Resources(gpus=2)) == (
        "--ray: expected a node with 1 CPU, 2 GPU for a worker, found nodes with "
        "4 CPU; 8 CPU, 1 GPU; ask for less, or add a node. What was finished is kept"
    )


def test_a_worker_has_this_checkout_and_what_changes_results(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("SECRET", "not this")
    given = worker_variables(Resources())
    assert given["KERAS_BACKEND"] == "jax"
    assert given["PYTHONPATH"].split(":") == [str(ROOT), "elsewhere"]
    assert given["RAY_USAGE_STATS_ENABLED"] == "0"
    assert "SECRET" not in given


@pytest.mark.parametrize(("cpus", "threads"), [(0.5, "1"), (1, "1"), (4, "4")])
def test_a_worker_has_a_thread_for_each_of_its_cores(monkeypatch, cpus, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    given = worker_variables(Resources(cpus=cpus))
    assert given["OMP_NUM_THREADS"] == given["NPROC"] == threads
    assert given["TOKENIZERS_PARALLELISM"] == "false"


def test_workers_that_share_a_gpu_share_its_memory():
    half = worker_variables(Resources(gpus=0.5))
    assert half["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert half["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.450"
    for resources in (Resources(), Resources(gpus=1)):
        given = worker_variables(resources)
        assert "XLA_PYTHON_CLIENT_MEM_FRACTION" not in given
