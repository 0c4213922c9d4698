"""What there is to compute on, and what is said where it is something else."""

import os
import stat

import pytest

from reference import accelerator
from reference.accelerator import Device, describe_device, devices, require
from reference.errors import InputError

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("name", "bfloat16"),
    [
        ("NVIDIA H200", 989.0),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA L4", 121.0),
        ("TPU v5 lite", 197.0),
        ("TPU v5p", 459.0),
        ("Tesla T4", None),
        ("NVIDIA GeForce RTX 4090", None),
        ("processor", None),
    ],
)
def test_peaks_are_of_the_device_that_is_named(name, bfloat16):
    assert Device("gpu", name).peak_tflops.get("bfloat16") == bfloat16


def test_what_there_is_is_described():
    said = describe_device()
    assert said["backend"].split()[0] in ("tensorflow", "jax")
    assert said["device"].startswith(devices()[0].kind.upper())


def test_what_is_asked_for_and_there_is_given():
    kind = devices()[0].kind
    assert require(kind) == devices()[:1] == require(None)


def test_a_device_that_is_not_there_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(accelerator, "devices", lambda: [Device("cpu", "processor")])
    with pytest.raises(InputError, match=r"expected a gpu.*finds 1 × cpu.*driver"):
        require("gpu")
    with pytest.raises(InputError, match="expected 2, found 1 × cpu"):
        require("cpu", 2)
    with pytest.raises(InputError, match="expected one of cpu, gpu, tpu"):
        require("cuda")
    gpus = [Device("gpu", "NVIDIA H200", 2**37)] * 2
    monkeypatch.setattr(accelerator, "devices", lambda: gpus)
    with pytest.raises(InputError, match="hide the accelerators"):
        require("cpu")
    assert require("gpu", 2) == gpus


def test_a_gpu_is_described_with_memory_and_driver(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\necho "580.95.05, 143360"\necho "580.95.05, 143360"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    gpus = [Device("gpu", "NVIDIA H200")] * 2
    monkeypatch.setattr(accelerator, "devices", lambda: gpus)
    said = describe_device()
    assert said["device"] == "GPU 2 × NVIDIA H200"
    assert said["memory"] == "140 GiB"
    assert said["driver"] == "NVIDIA 580.95.05"
    assert said["float32 products"] in ("tf32", "float32")
    assert said["peak TFLOP/s"].startswith("989 bfloat16, ")
