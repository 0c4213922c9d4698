"""A Ray cluster: how it is reached, how many workers it holds, what each is given.

Nothing else in this project imports Ray, and this module does so when it is asked to.
Nothing that it starts of Ray sends statistics anywhere. How jobs are run is
suite/ray_executor.py.
"""

import logging
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence

from reference.errors import InputError
from suite.environment import ROOT
from suite.jobs import ONE_THREAD, QUIET, Resources

LOCAL = "local"
# Seconds for a cluster to answer.
ANSWER = 30.0
SILENT = {"RAY_USAGE_STATS_ENABLED": "0"}
# What a worker takes over of this process's environment: all that these begin.
CARRIED = ("BERT_SUITE_", "JAX_", "KERAS_", "NVIDIA_TF32_OVERRIDE", "TF_", "XLA_")
_QUIETLY = {"log_to_driver": False, "logging_level": logging.ERROR}
_TRY = (
    "import logging, ray, sys\n"
    "ray.init(sys.argv[1], log_to_driver=False, logging_level=logging.ERROR)"
)


def connected(address: str, cores: int):
    """The module `ray`, connected to a cluster, as `RayExecutor` says."""
    os.environ.update(SILENT)
    if address == LOCAL:
        # Known to nobody else, and written nowhere. Read when Ray is loaded.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError(
            "--ray: Ray is not installed; install the group cluster: python3 -m pip "
            "install --group cluster -c constraints-cluster.txt"
        ) from None
    if address == LOCAL:
        ray.init(LOCAL, num_cpus=cores, include_dashboard=False, **_QUIETLY)
    else:
        _check_that_it_answers(address)
        ray.init(address, **_QUIETLY)
    return ray


def room(node: dict, resources: Resources) -> int:
    """How many workers fit into a node of `ray.nodes()`."""
    if not node["Alive"]:
        return 0
    needs = _amounts(resources)
    # Shares of one GPU may add up to a little less than it.
    there = node["Resources"]
    return min(int(there.get(n, 0) / need + 1e-9) for n, need in needs.items())


def no_room(nodes: Sequence[dict], resources: Resources) -> str:
    """What to tell the user where no node has room for a worker."""
    needed = ", ".join(f"{n:g} {name}" for name, n in _amounts(resources).items())
    found = [
        ", ".join(
            f"{n:g} {name}"
            for name in "CPU GPU TPU".split()
            if (n := node["Resources"].get(name, 0))
        )
        for node in nodes
        if node["Alive"]
    ]
    return (
        f"--ray: expected a node with {needed} for a worker, found nodes with "
        f"{'; '.join(found) or 'nothing'}; ask for less, or add a node. What was "
        "finished is kept"
    )


def worker_options(resources: Resources, node: str) -> dict:
    """What Ray is to give an actor: its share of a node, and its environment."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    amounts = _amounts(resources)
    return {
        "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False),
        "num_cpus": amounts.pop("CPU", 0),
        "num_gpus": amounts.pop("GPU", 0),
        "resources": amounts,
        "runtime_env": {"env_vars": worker_variables(resources)},
    }


def worker_variables(resources: Resources) -> dict[str, str]:
    """The environment of a worker: threads, share of a GPU, this checkout."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    carried = {k: v for k, v in os.environ.items() if k.startswith(CARRIED)}
    threads = str(max(1, int(resources.cpus)))
    limits = {k: threads if v == "1" else v for k, v in ONE_THREAD.items()}
    if 0 < resources.gpus < 1:  # or the first would take the whole of its memory
        limits["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        limits["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{0.9 * resources.gpus:.3f}"
    return carried | limits | QUIET | SILENT | {"PYTHONPATH": path}


def _check_that_it_answers(address: str) -> None:
    """InputError if not: Ray itself would wait for many minutes."""
    mend = "start one with: ray start --head --disable-usage-stats"
    host, colon, port = address.rpartition(":")
    if address != "auto" and not (host and port.isdecimal() and "/" not in host):
        raise InputError(
            f"--ray: expected HOST:PORT, auto or local, found {address!r}; run the "
            "command on a node of the cluster"
        )
    try:
        if colon:
            socket.create_connection((host, int(port)), ANSWER / 3).close()
    except OSError as error:
        raise InputError(
            f"--ray {address}: expected a Ray cluster, found no answer ({error}); "
            f"{mend}"
        ) from None
    # In a process of its own, since it can neither be interrupted nor told to hurry.
    trying = [sys.executable, "-c", _TRY, address]
    try:
        done = subprocess.run(trying, capture_output=True, text=True, timeout=ANSWER)
    except subprocess.TimeoutExpired:
        raise InputError(
            f"--ray {address}: expected a Ray cluster, found something that does not "
            f"answer as one within {ANSWER:g} s; {mend}"
        ) from None
    if done.returncode:
        raise InputError(
            f"--ray {address}: expected a Ray cluster, found: {last_line(done.stderr)}"
        )


def _amounts(resources: Resources) -> dict[str, float]:
    """What a worker takes, by Ray's names."""
    amounts = {"CPU": resources.cpus, "GPU": resources.gpus, "TPU": resources.tpus}
    return {name: amount for name, amount in amounts.items() if amount}


def last_line(text: object) -> str:
    return (str(text).strip().splitlines() or ["no reason given"])[-1]
