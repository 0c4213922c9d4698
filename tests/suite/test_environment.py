"""What a run says of the machine and the code it was made with."""

import importlib.metadata
import os
import shlex
import sys
from types import SimpleNamespace

import pytest

from suite import environment


def test_the_command_can_be_typed_again(monkeypatch):
    typed = ["sweep", "--tasks", "RTE,MRPC", "--run-dir", "my runs/it's one"]
    monkeypatch.setattr(sys, "argv", ["/somewhere/suite/__main__.py", *typed])
    line = environment.command()
    assert line.startswith("python -m suite sweep --tasks RTE,MRPC ")
    assert shlex.split(line) == ["python", "-m", "suite", *typed]


@pytest.mark.parametrize(("changes", "mark"), [("", ""), (" M suite/x.py", "+changes")])
def test_a_changed_checkout_is_said_to_be(monkeypatch, changes, mark):
    answers = {"rev-parse": "0123456789", "status": changes}
    monkeypatch.setattr(environment, "_git", lambda verb, *_: answers[verb])
    assert environment.commit() == "0123456789" + mark


def test_no_checkout_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment.commit() == "unknown (not a git checkout)"


def test_no_git_is_no_error(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.commit() == "unknown (not a git checkout)"


def test_versions_are_those_installed():
    versions = environment.versions()
    assert versions["numpy"] == importlib.metadata.version("numpy")
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(versions) - {"python"} <= set(environment.NAMED_PACKAGES)


def test_the_rest_of_a_broken_installation_is_passed_over(monkeypatch):
    found = [
        SimpleNamespace(metadata={"Name": name}, version="1.0")
        for name in ("Zeta", None, "alpha")
    ]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: found)
    assert environment.installed_packages() == {"alpha": "1.0", "zeta": "1.0"}


def test_the_machine_is_one_line():
    assert "\n" not in environment.machine()
    assert f"{environment.cores()} cores" in environment.machine()


def test_cores_are_those_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert environment.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert environment.cores() == 1
