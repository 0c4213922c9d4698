"""One, two and four devices train alike: on virtual processors, both backends."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.devices import Mesh
from reference.errors import InputError
from tests.reference.float32 import tolerance
from tests.reference.mesh_curves import STEPS, TRIALS
from tests.reference.miniature import CONFIG

ROOT = Path(__file__).resolve().parents[2]


# Within a process TensorFlow's collectives know one strategy.
PROCESSES = {
    "tensorflow": ["[[1, 1]]", "[[2, 1], [2, 1, 4]]", "[[4, 1]]"],
    "jax": ["[[1, 1], [2, 1], [2, 1, 4], [4, 1], [1, 2], [2, 2]]"],
}


def started(backend: str, meshes: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reference.mesh_curves", meshes],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(backend: str, meshes: str) -> subprocess.CompletedProcess:
    process = started(backend, meshes)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def curves_of(done: subprocess.CompletedProcess) -> dict[str, np.ndarray]:
    assert done.returncode == 0, done.stderr
    return {mesh: np.array(v) for mesh, v in json.loads(done.stdout).items()}


# Sums over rows come in another order: a pass there and back for every step.
ALLOWED = 2 * (STEPS + 1) * tolerance(CONFIG)


@pytest.mark.slow
@pytest.mark.parametrize("backend", PROCESSES)
def test_curves_agree(backend):
    """Batches over devices, trials over devices, parts over devices."""
    curves = {}
    for meshes in PROCESSES[backend]:
        curves |= curves_of(run(backend, meshes))
    alone = curves.pop("[1, 1]")
    assert alone.shape == (STEPS + 1, TRIALS)
    assert (alone[-1] < alone[0]).all()
    assert len(curves) == {"tensorflow": 3, "jax": 5}[backend]
    for mesh, losses in curves.items():
        np.testing.assert_allclose(losses, alone, rtol=ALLOWED, err_msg=mesh)


@pytest.mark.slow
@pytest.mark.parametrize("backend", PROCESSES)
def test_two_hosts_are_two_devices(backend):
    """Two processes that know each other by loopback alone, one device in each."""
    ports = [free_port(), free_port()]
    hosts = [f"localhost:{port}" for port in ports]
    processes = []
    for index in range(2):
        task = {
            "cluster": {"worker": hosts},
            "task": {"type": "worker", "index": index},
        }
        environment = {"TF_CONFIG": json.dumps(task)}
        if backend == "jax":
            environment = {
                "KERAS_DISTRIBUTION_JOB_ADDRESSES": ",".join(hosts),
                "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
                "KERAS_DISTRIBUTION_PROCESS_ID": str(index),
            }
        processes.append(started(backend, "[[2, 1]]", **environment))
    outputs = [process.communicate(timeout=600) for process in processes]
    (alone,) = curves_of(run(backend, "[[1, 1]]")).values()
    for process, (out, err) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, err
        (losses,) = json.loads(out.splitlines()[-1]).values()  # Gloo speaks, too
        np.testing.assert_allclose(losses, alone, rtol=ALLOWED)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        return listening.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "meshes", "message"),
    [
        ("tensorflow", "[[5, 1]]", "expected 5 devices, found 4"),
        ("jax", "[[5, 1]]", "expected 5 devices, found 4"),
        ("tensorflow", "[[1, 2]]", "KERAS_BACKEND=jax"),
    ],
)
def test_devices_that_are_not_there_are_said_to_be_missing(backend, meshes, message):
    done = run(backend, meshes)
    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.parametrize(
    ("mesh", "message"),
    [(Mesh(2, 3), "trials that divide evenly over 3"), (Mesh(5), "sequences of a")],
)
def test_what_does_not_divide_is_refused(mesh, message):
    with pytest.raises(InputError, match=message):
        mesh.check(trials=4, batch_size=32)
    Mesh(4, 2).check(trials=4, batch_size=32)


def test_no_devices_are_refused():
    with pytest.raises(InputError, match="one or more"):
        Mesh(0)
