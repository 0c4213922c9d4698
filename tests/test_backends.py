"""What computes with Keras must hold on TensorFlow and on JAX alike.

The tests marked `backend` run here once more, on the backend that this run is not on.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "tier", ["not slow", pytest.param("slow", marks=pytest.mark.slow)]
)
def test_the_other_backend_passes_the_same_tests(tier):
    here = os.environ.get("KERAS_BACKEND", "tensorflow")
    other = {"tensorflow": "jax", "jax": "tensorflow"}[here]
    command = [sys.executable, "-m", "pytest", "-q", "tests/reference"]
    found = subprocess.run(
        [*command, "-m", f"backend and {tier}", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": other},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, f"on {other}:\n{found.stdout}\n{found.stderr}"
    assert " passed" in found.stdout
