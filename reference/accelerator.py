"""What this process computes on: found, described, and held to what was asked for.

Names, memory and kinds come from the backend, the driver from its own file or tool.
Peak rates are the makers' data sheets', dense, without sparsity; a device that is not
in the table has none, and its utilisation is not reported.
"""

import shutil
import subprocess
from dataclasses import dataclass

from reference.backend import engine
from reference.errors import InputError

# Part of a device's name -> peak of matrix products, in TFLOP/s, by precision. Sources:
# NVIDIA's data sheets of each (SXM form where there are several), Google Cloud's pages
# of each TPU version (one chip).
PEAK_TFLOPS = {
    "H200": {"bfloat16": 989.0, "tf32": 494.0, "float32": 67.0},
    "H100": {"bfloat16": 989.0, "tf32": 494.0, "float32": 67.0},
    "A100": {"bfloat16": 312.0, "tf32": 156.0, "float32": 19.5},
    "L40S": {"bfloat16": 362.0, "tf32": 183.0, "float32": 91.6},
    "L4": {"bfloat16": 121.0, "tf32": 60.0, "float32": 30.3},
    "V100": {"float32": 15.7},
    "T4": {"float32": 8.1},
    "TPU v4": {"bfloat16": 275.0},
    "TPU v5 lite": {"bfloat16": 197.0},
    "TPU v5p": {"bfloat16": 459.0},
    "TPU v6 lite": {"bfloat16": 918.0},
}
KINDS = ("cpu", "gpu", "tpu")


@dataclass(frozen=True)
class Device:
    """One device as the backend names it; `memory` in bytes where it says so."""

    kind: str
    name: str
    memory: int | None = None

    @property
    def peak_tflops(self) -> dict[str, float]:
        """Peak matrix products by precision; empty where the device is not known."""
        words = self.name.replace("-", " ").split()
        for part, peaks in PEAK_TFLOPS.items():
            if all(word in words for word in part.split()):
                return peaks
        return {}


def devices() -> list[Device]:
    """Those that the backend would compute on: accelerators, else the processor."""
    return [Device(*found) for found in engine().devices()]


def describe_device() -> dict[str, str]:
    """Backend and device in words: version, kind, and of an accelerator all there is.

    That is its name, memory, driver, what it computes products of float32 in, and its
    peak rates where they are known.
    """
    found = devices()
    first = found[0]
    said = {"backend": engine().version(), "device": first.kind.upper()}
    if first.kind == "cpu":
        return said
    several = f"{len(found)} × " if len(found) > 1 else ""
    said["device"] += f" {several}{first.name}"
    nvidia = _nvidia() if first.kind == "gpu" else {}
    if memory := first.memory or nvidia.get("memory"):
        said["memory"] = f"{memory / 2**30:.0f} GiB"
    if "driver" in nvidia:
        said["driver"] = f"NVIDIA {nvidia['driver']}"
    said["float32 products"] = engine().float32_products()
    if first.peak_tflops:
        peaks = (f"{rate:g} {name}" for name, rate in first.peak_tflops.items())
        said["peak TFLOP/s"] = ", ".join(peaks)
    return said


def require(kind: str | None, count: int = 1) -> list[Device]:
    """The first `count` devices; InputError where there are not so many of the kind.

    `kind` is "cpu", "gpu", "tpu", or None for whatever there is.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"device: expected one of {', '.join(KINDS)}, found {kind}")
    found = devices()
    if kind is not None and found[0].kind != kind:
        hint = "install the backend's build for it, and see that its driver is there"
        if kind == "cpu":
            hint = "hide the accelerators, with CUDA_VISIBLE_DEVICES= or JAX_PLATFORMS="
        raise InputError(
            f"device: expected a {kind}, but {engine().version()} finds "
            f"{_listed(found)}; {hint}"
        )
    if len(found) < count:
        raise InputError(
            f"devices: expected {count}, found {_listed(found)}; ask for fewer"
        )
    return found[:count]


def make_deterministic() -> None:
    """Have the backend choose kernels that give the same bits every time.

    To be called before anything is computed. A processor's do anyway; on a GPU it
    costs speed.
    """
    engine().make_deterministic()


def _listed(found: list[Device]) -> str:
    return f"{len(found)} × {found[0].kind} ({found[0].name})"


def _nvidia() -> dict:
    """Driver and memory in bytes of the first GPU, as NVIDIA's own tool tells them."""
    if shutil.which("nvidia-smi") is None:
        return {}
    query = "--query-gpu=driver_version,memory.total"
    asked = subprocess.run(
        ["nvidia-smi", query, "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if asked.returncode or not asked.stdout.strip():
        return {}
    driver, mebibytes = asked.stdout.splitlines()[0].split(", ")
    return {"driver": driver, "memory": int(mebibytes) * 2**20}
