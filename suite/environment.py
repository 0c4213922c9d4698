"""What a run was made with: commit, versions, machine."""

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"
REPORTS = ROOT / "reports"
# What can change a number; every installed package is kept beside the records.
NAMED_PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "scipy",
    "pandas",
    "tokenizers",
)


def commit() -> str:
    """The commit of this checkout; "+changes" where the code is not as committed."""
    try:
        head = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", "reference", "suite")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git checkout)"
    return head + ("+changes" if changed else "")


def backend() -> str:
    """What Keras computes with."""
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def versions() -> dict[str, str]:
    """Python and the packages that can change a number."""
    installed = installed_packages()
    named = {name: installed[name] for name in NAMED_PACKAGES if name in installed}
    return {"python": platform.python_version()} | named


def installed_packages() -> dict[str, str]:
    """Every installed distribution and its version, by lower-case name."""
    found = {
        name.lower(): distribution.version
        for distribution in importlib.metadata.distributions()
        # What is left of a broken installation has none.
        if (name := distribution.metadata["Name"])
    }
    return dict(sorted(found.items()))


def machine() -> str:
    """Processor, cores and system in one line."""
    return f"{processor()}, {cores()} core{'s' * (cores() > 1)}, {platform.system()}"


def processor() -> str:
    """The model of processor: rounding differs between them."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def may_have_accelerator() -> bool:
    """Whether a GPU's or TPU's driver is here; what the backend finds, it must say."""
    places = ("/proc/driver/nvidia/version", "/dev/kfd", "/dev/accel0", "/dev/vfio/0")
    return any(Path(place).exists() for place in places)


def command() -> str:
    """The command line that is running, as its user typed it."""
    return shlex.join(["python", "-m", "suite", *sys.argv[1:]])


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
