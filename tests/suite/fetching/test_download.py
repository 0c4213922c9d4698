"""One file from the network: every fault is recovered from or refused in words."""

import hashlib
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from reference.errors import InputError
from suite.fetching.addresses import Address
from suite.fetching.download import Patience, Way, download
from suite.fetching.failures import Refused, check_answer
from tests.suite.fetching.loopback import (
    answers,
    corrupts,
    ignores_ranges,
    names_in,
    redirects,
    sends_another_part,
    sends_without_length,
    some_bytes,
    stalls,
    truncates,
)

pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]
pytestmark = pytest.mark.usefixtures("loopback_alone")

ROOT = Path(__file__).resolve().parents[3]
CONTENT = some_bytes()
PATH = "/CoLA.zip"
# What arrives between two writes, 8 KiB, is lost when a connection breaks.
HALF = 12 << 13
WAY = Way(patience=Patience(seconds=20, attempts=3, pause=0.5))
# Long enough for an answer on a busy machine, and short enough to wait for.
HASTY = Way(patience=Patience(seconds=1, attempts=3, pause=0.5))
# For a server that never answers.
IMPATIENT = Way(patience=Patience(seconds=0.1, attempts=3, pause=0.5))


@pytest.fixture
def address(server, waits) -> Address:
    return server.publish(PATH[1:], CONTENT)


def get(address: Address, folder: Path, way: Way = WAY) -> bytes:
    return download(address, address.sha256, folder, way).read_bytes()


def hangs_up(handler, content) -> None:
    """Not a byte is answered."""


# The faults, and the ranges of the requests that get the file nevertheless.
RECOVERED = {
    "none": ([], [None]),
    "truncated": ([truncates(HALF)], [None, HALF]),
    "truncated as often as it makes progress": (
        [truncates(3 << 13)] * 5,
        [None, *(n * 3 << 13 for n in range(1, 6))],
    ),
    "stalled": ([stalls(HALF + 100)], [None, HALF]),
    "stalled at once": ([stalls(0)], [None, None]),
    "hung up": ([hangs_up] * 2, [None, None, None]),
    "corrupted": ([corrupts], [None, None]),
    "corrupted, and continued": (
        [truncates(HALF), corrupts],
        [None, HALF, None],
    ),
    "a part without size": ([sends_without_length(HALF)], [None, None]),
    "500": ([answers(500)], [None, None]),
    "503 twice": ([answers(503)] * 2, [None, None, None]),
    "429": ([answers(429)], [None, None]),
    "503 in between": (
        [truncates(HALF), answers(503)],
        [None, HALF, HALF],
    ),
    "no ranges": ([truncates(HALF), ignores_ranges], [None, HALF]),
    "no ranges, and truncated again": (
        [truncates(HALF), ignores_ranges, corrupts],
        [None, HALF],
    ),
    "another part": ([truncates(HALF), sends_another_part], [None, HALF, None]),
    "a range refused": ([truncates(HALF), answers(416)], [None, HALF, None]),
}


@pytest.mark.parametrize("case", RECOVERED)
def test_recovered(server, address, tmp_path, case):
    faults, ranges = RECOVERED[case]
    server.faults[PATH] = list(faults)
    way = HASTY if case.startswith("stalled") else WAY
    assert get(address, tmp_path, way) == CONTENT
    assert names_in(tmp_path) == ["CoLA.zip"]
    said = [None if start is None else f"bytes={start}-" for start in ranges]
    assert server.ranges(PATH) == said


def test_redirected(server, address, tmp_path):
    """The rest comes from where the first part came from."""
    server.files["/moved"] = CONTENT
    server.faults[PATH] = [redirects("/moved")] * 2
    server.faults["/moved"] = [truncates(HALF)]
    assert get(address, tmp_path) == CONTENT
    assert server.ranges("/moved") == [None, f"bytes={HALF}-"]


def test_it_waits_longer_each_time_and_as_the_server_asks(
    server, address, tmp_path, waits
):
    server.faults[PATH] = [answers(503), answers(503, Retry_After="7"), truncates(HALF)]
    server.faults[PATH] += [answers(500), answers(503, Retry_After="100000")]
    patient = replace(WAY, patience=Patience(attempts=3, pause=0.5))
    assert get(address, tmp_path, patient) == CONTENT
    assert waits == [0.5, 7, 0.5, 0.5, 60]


# The faults, what is said, and what is kept to go on with.
REFUSED = {
    "404": ([answers(404)], r"expected the file, found the answer 404 Not Found", 0),
    "403": ([answers(403)], r"403 Forbidden; it may have moved, or a proxy", 0),
    "204": ([answers(204)], r"204 No Content", 0),
    "500 each time": ([answers(500)] * 3, r"500 Internal Server Error, 3 times", 0),
    "stalled each time": ([stalls(0)] * 3, r"silence for 0.1 s, 3 times in a row", 0),
    "hung up each time": ([hangs_up] * 3, r"without response, 3 times in a row", 0),
    "no more of it": (
        [truncates(HALF), *[truncates(0)] * 3],
        r"a connection that ended before the file did, 3 times .*goes on from there",
        HALF,
    ),
    "404 in between": ([truncates(HALF), answers(404)], r"404", HALF),
    "to and fro": (
        [truncates(HALF), answers(416)] * 2,
        r"another size than before, 3 times in a row",
        0,
    ),
    "corrupted each time": (
        [corrupts] * 2,
        r"expected 200,000 bytes with SHA-256 \w+, found 200,000 bytes with SHA-256 "
        r"\w+ twice; nothing was kept. A proxy or mirror",
        0,
    ),
    "a web page": (
        [answers(200, b"\n<!DOCTYPE html><p>Log in")] * 2,
        r"found a web page of 25 bytes",
        0,
    ),
    "too much, as announced": (
        [answers(200, CONTENT + b"x")],
        r"expected at most 200,000 bytes, found more",
        0,
    ),
    "too much, not announced": (
        [lambda handler, content: handler.answer(200, {}, content * 2)],
        r"expected at most 200,000 bytes, found more",
        0,
    ),
    "in a circle": ([redirects(PATH)] * 31, r"Exceeded 30 redirects", 0),
    "compressed": (
        [answers(200, b"...", Content_Encoding="gzip")],
        r"found it sent in the encoding gzip",
        0,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(server, address, tmp_path, case):
    faults, said, kept = REFUSED[case]
    server.faults[PATH] = list(faults)
    with pytest.raises(InputError, match=said) as refusal:
        get(address, tmp_path, IMPATIENT if case.startswith("stalled") else WAY)
    assert str(refusal.value).startswith(f"{address.url}: expected ")
    assert "\n" not in str(refusal.value)
    assert not server.faults[PATH]
    part = tmp_path / "CoLA.zip.part"
    assert (part.stat().st_size if part.exists() else 0) == kept
    assert set(names_in(tmp_path)) <= {part.name, f"{part.name}.json"}
    # As soon as all is well, the same call gets it.
    assert get(address, tmp_path) == CONTENT
    assert names_in(tmp_path) == ["CoLA.zip"]
    rest = f"bytes={kept}-" if kept else None
    assert server.ranges(PATH)[-1] == rest


def test_what_was_never_confirmed_is_refused_with_other_advice(
    server, address, tmp_path
):
    server.faults[PATH] = [corrupts] * 2 + [answers(200, b"short")] * 2 + [corrupts] * 2
    unconfirmed = replace(address, confirmed=False)
    with pytest.raises(InputError, match=r"never held against a copy"):
        get(unconfirmed, tmp_path)
    with pytest.raises(InputError, match=r"A proxy or mirror sends something else"):
        get(unconfirmed, tmp_path)
    recorded = replace(address, sha256=None, size=None)
    with pytest.raises(InputError, match=r"recorded in fetched.json on first use"):
        download(recorded, address.sha256, tmp_path, WAY)


# Going on with what a stopped process left


def stopped_after(size: int):
    def progress(name, done, total):
        if done >= size:
            raise KeyboardInterrupt

    return replace(WAY, progress=progress)


def test_stopped_and_gone_on_with(server, address, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        get(address, tmp_path, stopped_after(HALF))
    assert names_in(tmp_path) == ["CoLA.zip.part", "CoLA.zip.part.json"]
    assert get(address, tmp_path) == CONTENT
    assert server.ranges(PATH) == [None, f"bytes={HALF}-"]
    assert names_in(tmp_path) == ["CoLA.zip"]


def test_stopped_before_it_had_its_name(server, address, tmp_path):
    """It is whole: nothing is asked for."""
    with pytest.raises(KeyboardInterrupt):
        get(address, tmp_path, stopped_after(len(CONTENT)))
    assert get(address, tmp_path) == CONTENT
    assert len(server.requests) == 1


def test_what_is_there_is_not_fetched_again(server, address, tmp_path):
    get(address, tmp_path)
    assert get(address, tmp_path) == CONTENT
    assert len(server.requests) == 1


def test_another_version_is_not_joined_to_the_first(server, tmp_path, waits):
    """No sum is known: the entity tag tells them apart."""
    address = server.publish(PATH[1:], CONTENT, known=False)
    with pytest.raises(KeyboardInterrupt):
        get(address, tmp_path, stopped_after(HALF))
    server.publish(PATH[1:], changed := CONTENT[::-1])
    assert get(address, tmp_path) == changed
    assert server.ranges(PATH) == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize("note", ["", "[]", '{"url": "http://other/CoLA.zip"}'])
def test_what_nobody_knows_anything_of_is_not_gone_on_with(
    server, address, tmp_path, note
):
    (tmp_path / "CoLA.zip.part").write_bytes(b"something")
    (tmp_path / "CoLA.zip.part.json").write_text(note)
    assert get(address, tmp_path) == CONTENT
    assert server.ranges(PATH) == [None]


def test_a_part_that_was_made_longer_is_begun_anew(server, address, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        get(address, tmp_path, stopped_after(HALF))
    with open(tmp_path / "CoLA.zip.part", "ab") as part:
        part.write(CONTENT)
    assert get(address, tmp_path) == CONTENT


def test_progress_is_of_the_whole(server, address, tmp_path):
    told = []
    server.faults[PATH] = [truncates(HALF)]
    get(address, tmp_path, replace(WAY, progress=lambda *said: told.append(said)))
    assert told[-1] == ("CoLA.zip", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


# The way there


def test_offline_is_said_plainly(tmp_path, waits):
    address = Address("https://dl.fbaipublicfiles.com/glue/data/CoLA.zip", "0" * 64)
    said = (
        r"expected to find the host dl.fbaipublicfiles.com, found no such name: this "
        r"machine is offline, .*set HTTPS_PROXY .*--from.*another machine"
    )
    with pytest.raises(InputError, match=said):
        get(address, tmp_path)
    assert not waits
    assert names_in(tmp_path) == []


def test_a_server_that_is_not_there(tmp_path, waits):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(InputError, match="Connection refused, 3 times in a row"):
        get(Address(f"http://127.0.0.1:{port}/CoLA.zip"), tmp_path)


def test_a_proxy_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.files["http://mirror.example/CoLA.zip"] = CONTENT
    assert get(Address("http://mirror.example/CoLA.zip"), tmp_path) == CONTENT


def test_a_proxy_that_forbids_is_named_without_its_password(
    server, tmp_path, monkeypatch
):
    host = server.url.removeprefix("http://")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{host}")
    with pytest.raises(InputError) as refusal:
        get(Address("https://mirror.example/CoLA.zip"), tmp_path)
    said = str(refusal.value)
    assert f"through the proxy http://{host}, found Tunnel" in said
    assert "correct HTTPS_PROXY" in said
    assert "secret" not in said


def test_a_mirror_has_the_files_side_by_side_and_its_password_is_not_shown(
    server, tmp_path, waits
):
    server.publish("sub/CoLA.zip", CONTENT)
    known = Address("https://elsewhere.example/glue/CoLA.zip", "0" * 64, len(CONTENT))
    mirror = server.url.replace("://", "://me:secret@") + "/sub/"
    with pytest.raises(InputError, match="found 200,000 bytes") as refusal:
        get(known, tmp_path, replace(WAY, mirror=mirror))
    assert "secret" not in str(refusal.value)
    right = replace(known, sha256=hashlib.sha256(CONTENT).hexdigest())
    assert get(right, tmp_path, replace(WAY, mirror=mirror)) == CONTENT


def test_no_certificate(server, tmp_path):
    url = f"{server.url}/CoLA.zip".replace("http:", "https:")
    with pytest.raises(InputError, match=r"expected a certificate of 127.0.0.1"):
        get(Address(url), tmp_path)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_redirect_to_where_anybody_can_change_it_is_refused(steps):
    """Also when it leads back from there."""
    answer = requests.Response()
    answer.url, answer.status_code = "http://me:secret@elsewhere/CoLA.zip", 200
    if steps == 2:
        last = requests.Response()
        last.url, last.status_code, last.history = "https://here/x", 200, [answer]
        answer = last
    with pytest.raises(Refused, match=r"a redirect to http://elsewhere/CoLA.zip"):
        check_answer(answer, "https://here/CoLA.zip")


def test_a_full_disk_is_said(server, address, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("suite.fetching.download.os.fsync", full)
    with pytest.raises(InputError, match="expected room on the disk, found it full"):
        get(address, tmp_path)
    monkeypatch.undo()
    assert not (tmp_path / "CoLA.zip").exists()


def test_nothing_else_opens_a_connection():
    """Read from the source of all but the tests."""
    network = "requests|urllib3|urllib.request|http.client|ftplib|httpx|aiohttp|pooch"
    network += "|socket"
    opening = re.compile(rf"^ *(import|from) ({network.replace('.', '[.]')})\b", re.M)
    paths = [*ROOT.glob("reference/**/*.py"), *ROOT.glob("suite/**/*.py")]
    assert len(paths) > 100
    found = {p.stem for p in paths if opening.search(p.read_text(encoding="utf-8"))}
    assert found == {"download", "failures", "ray_cluster"}
