"""One, two and four devices train alike: on virtual processors, both backends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.devices import Mesh
from reference.errors import InputError
from tests.reference.float32 import tolerance
from tests.reference.mesh_curves import CONFIG, STEPS, TRIALS

ROOT = Path(__file__).resolve().parents[2]


# Within a process TensorFlow's collectives know one strategy.
PROCESSES = {
    "tensorflow": ["[[1, 1]]", "[[2, 1], [2, 1, 4]]", "[[4, 1]]"],
    "jax": ["[[1, 1], [2, 1], [2, 1, 4], [4, 1], [1, 2], [2, 2]]"],
}


def run(backend: str, meshes: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tests.reference.mesh_curves", meshes],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", PROCESSES)
def test_curves_agree(backend):
    """Batches over devices, trials over devices, parts over devices."""
    curves = {}
    for meshes in PROCESSES[backend]:
        done = run(backend, meshes)
        assert done.returncode == 0, done.stderr
        curves |= {k: np.array(v) for k, v in json.loads(done.stdout).items()}
    alone = curves.pop("[1, 1]")
    assert alone.shape == (STEPS + 1, TRIALS)
    assert (alone[-1] < alone[0]).all()
    assert len(curves) == {"tensorflow": 3, "jax": 5}[backend]
    for mesh, losses in curves.items():
        # Sums over rows come in another order: a pass there and back for every step.
        allowed = 2 * (STEPS + 1) * tolerance(CONFIG)
        np.testing.assert_allclose(losses, alone, rtol=allowed, err_msg=mesh)


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
