"""The verb `fetch` as a user types it."""

import functools
import json
import signal
import time

import pytest

from suite.fetching.addresses import GLUE, SQUAD
from tests.suite.cli_place import typed_in_a_shell
from tests.suite.fetching.loopback import answers, names_in, some_bytes, stalls
from tests.suite.fetching.test_unpack import zipped

pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]
pytestmark = pytest.mark.usefixtures("loopback_alone")

FOUR = ("train.tsv", "dev.tsv", "test.tsv", "LICENSE")


@pytest.fixture
def glue(server, monkeypatch) -> str:
    """RTE and WNLI on a mirror, with sums that are theirs."""
    for name in ("RTE", "WNLI"):
        archive = zipped(*((f"{name}/{file}", name.encode()) for file in FOUR))
        address = server.publish(f"{name}.zip", archive)
        monkeypatch.setitem(GLUE, name, (address,))
    return server.url


@pytest.mark.parametrize("words", [(), ("glue",), ("squad",), ("checkpoint",)])
def test_help(typed, words):
    ended = typed("fetch", *words, "--help")
    assert ended.code == 0
    assert "Usage:" in ended.out
    for word in ("Path", "<int", "None", "suite."):
        assert word not in ended.out


def test_glue(typed, server, glue, tmp_path):
    words = ("fetch", "glue", "--task", "RTE", "WNLI", "--to", tmp_path, "--from", glue)
    ended = typed(*words)
    assert ended.code == 0
    assert f"{tmp_path}/RTE: fetched\n  RTE.zip, " in ended.out
    assert ended.out.count("(as listed)") == 2
    size = len(server.files["/RTE.zip"])
    assert f"RTE.zip: {size} of {size} bytes, " in ended.err
    assert len(names_in(tmp_path)) == 2 * len(FOUR) + 1
    ended = typed(*words)
    assert ended.code == 0
    assert ended.out.count(": there already, as it was fetched") == 2


def test_glue_for_scripts(typed, glue, tmp_path):
    words = ("--tasks", "WNLI,RTE", "--to", tmp_path, "--from", glue, "--json")
    said = json.loads(typed("fetch", "glue", *words).out)
    assert [one["path"] for one in said] == [f"{tmp_path}/RTE", f"{tmp_path}/WNLI"]
    assert all(one["new"] for one in said)
    assert set(said[0]["downloads"]["RTE.zip"]) == {
        "address",
        "bytes",
        "sha256",
        "date",
        "sum",
    }


def test_what_was_fetched_before_a_fault_is_said(typed, server, glue, tmp_path):
    server.faults["/WNLI.zip"] = [answers(404)]
    words = ("--task", "RTE,WNLI", "--to", tmp_path, "--from", glue)
    ended = typed("fetch", "glue", *words)
    assert ended.code == 2
    assert f"{tmp_path}/RTE: fetched" in ended.out
    last = ended.err.splitlines()[-1]
    assert last.startswith(f"Error: {glue}/WNLI.zip: expected the file, found the ans")
    assert typed("fetch", "glue", *words).code == 0


def test_squad(typed, server, monkeypatch, tmp_path):
    addresses = [server.publish(one.name, one.name.encode()) for one in SQUAD]
    monkeypatch.setattr("suite.fetching.data.SQUAD", addresses)
    ended = typed("fetch", "squad", "--to", tmp_path)
    assert ended.code == 0
    assert names_in(tmp_path) == ["dev-v1.1.json", "fetched.json", "train-v1.1.json"]


def test_offline(typed, tmp_path):
    """In a line, at once, and nothing is there afterwards."""
    ended = typed("fetch", "checkpoint", "BERT-Tiny", "--to", tmp_path / "in")
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(
        "Error: https://storage.googleapis.com/bert_models/2020_02_20/"
        "uncased_L-2_H-128_A-2.zip: expected to find the host storage.googleapis.com, "
        "found no such name: this machine is offline"
    )
    assert not list(tmp_path.iterdir())


BAD = {
    "unknown task": (("glue", "--task", "SST2"), "unknown task 'SST2'"),
    "unknown checkpoint": (
        ("checkpoint", "BERT-Tony"),
        "unknown checkpoint 'BERT-Tony'; the nearest are BERT-Tiny",
    ),
    "no checkpoint": (("checkpoint",), "Missing argument 'NAME...'"),
    "no address": (("squad", "--from", "mirror"), "--from: expected an address that"),
    "half an address": (("squad", "--from", "http://[here"), "--from: expected an add"),
    "no patience": (("squad", "--timeout", "0"), "'--timeout'"),
    "unknown verb": (("corpus",), "No such command 'corpus'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_usage_is_said_in_a_line(typed, tmp_path, case):
    words, said = BAD[case]
    ended = typed("fetch", *words, "--to", tmp_path / "in")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


def test_it_must_be_said_where(typed):
    ended = typed("fetch", "squad")
    assert ended.code == 2
    assert "Missing option '--to'" in ended.err


def test_stopped_with_ctrl_c(server, tmp_path):
    """In a shell: what has arrived is kept, and nothing stands under its name."""
    server.files["/RTE.zip"] = some_bytes()
    server.faults["/RTE.zip"] = [stalls(100_000)]
    words = ("fetch", "glue", "--task", "RTE", "--to", tmp_path / "in")
    process = typed_in_a_shell(
        *(*words, "--from", server.url),
        # What is started in the background ignores it, and so does what that starts.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    part = tmp_path / "in/.fetching/RTE.zip.part"
    while process.poll() is None and not (part.exists() and part.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert err.splitlines()[-1] == "Stopped. The same command goes on from here."
    assert names_in(tmp_path) == [
        "in/.fetching/RTE.zip.part",
        "in/.fetching/RTE.zip.part.json",
    ]
