"""GLUE and SQuAD from archives to the official layout, or not at all."""

import stat

import numpy as np
import pytest

from reference.errors import InputError
from suite.fetching.addresses import GLUE, SQUAD
from suite.fetching.data import glue_pieces, squad_pieces
from suite.fetching.download import Patience, Way
from suite.fetching.fetch import fetch
from suite.glue_files import read_examples, task_files
from suite.tasks import TASKS
from tests.suite.fetching.loopback import answers, names_in
from tests.suite.fetching.test_unpack import special, zipped

pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]
pytestmark = pytest.mark.usefixtures("loopback_alone", "waits")

FILES = {
    "train.tsv": b"sentence\tlabel\nit works\t1\n",
    "dev.tsv": b"sentence\tlabel\nit does\t1\n",
    "test.tsv": b"index\tsentence\n0\tdoes it\n",
}


def archive(folder: str, **more: bytes) -> bytes:
    return zipped(*((f"{folder}/{name}", c) for name, c in (FILES | more).items()))


@pytest.fixture
def way(server) -> Way:
    return Way(mirror=server.url, patience=Patience(seconds=20, attempts=3))


def fetched(pieces, place, way):
    return list(fetch(pieces, place, "2026-11-24", way, force=False))


def test_every_task_has_a_place_and_its_archive_has_one(server, tmp_path, way, patch):
    """The nine tasks and AX, with the names of the suite's own files."""
    mnli = ("dev_matched", "dev_mismatched", "test_matched", "test_mismatched")
    for name, addresses in GLUE.items():
        more = {f"{split}.tsv": b"" for split in mnli} if name == "MNLI" else {}
        if name not in ("MRPC", "AX"):
            patch(name, addresses[0].name, archive(name, **more))
    patch("AX", "AX.tsv", b"index\tsentence1\tsentence2\n0\ta\tb\n")
    names = [name for name in TASKS if name != "MRPC"]
    fetched(glue_pieces(names), tmp_path, way)
    for name in names:
        assert len(task_files(tmp_path, TASKS[name])) == len(TASKS[name].splits)
    examples = read_examples(tmp_path, TASKS["SST-2"], "train")
    assert (examples.text_a, examples.labels) == (["it works"], np.array([1]))
    assert names_in(tmp_path / "AX") == ["diagnostic.tsv"]


@pytest.fixture
def patch(server, monkeypatch):
    """Serve something as a task's only download, with its sum in place of GLUE's."""

    def publish(name: str, file: str, content: bytes) -> None:
        monkeypatch.setitem(GLUE, name, (server.publish(file, content),))

    return publish


def test_pieces_are_in_the_order_of_glue_and_named_once():
    names = [piece.name for piece in glue_pieces(["AX", "MRPC", "CoLA", "MRPC"])]
    assert names == ["CoLA", "MRPC", "AX"]
    with pytest.raises(InputError, match="unknown task 'SST2'"):
        glue_pieces(["CoLA", "SST2"])


REFUSED = {
    "slip": (archive("SST-2", **{"../../out.tsv": b""}), "leads out of its folder"),
    "absolute": (zipped(("/SST-2/train.tsv", b"")), "an absolute name"),
    "link": (zipped((special("SST-2/train.tsv", stat.S_IFLNK), b"x")), "a link"),
    "bomb": (archive("SST-2", **{"more.tsv": bytes(10_000_000)}), "expected at most"),
    "cut off": (archive("SST-2")[:-9], "expected a whole zip archive"),
    "no archive": (b"sentence\tlabel\n", "expected a whole zip archive"),
    "another task": (zipped(("AX/test.tsv", b"")), r"expected train.tsv in it"),
    "one split less": (
        zipped(*((f"SST-2/{name}", b"") for name in ("train.tsv", "dev.tsv"))),
        r"SST-2.zip: expected train.tsv, dev.tsv, test.tsv, found no test.tsv",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_archive_that_is_not_sound_leaves_nothing(tmp_path, way, patch, case):
    content, said = REFUSED[case]
    patch("SST-2", "SST-2.zip", content)
    with pytest.raises(InputError, match=said):
        fetched(glue_pieces(["SST-2"]), tmp_path / "in", way)
    assert names_in(tmp_path) == []


def test_the_sums_of_the_originals_are_held_against_a_mirror(server, tmp_path, way):
    """Whatever the mirror sends: no byte of it is kept, and no other is asked for."""
    server.faults["/RTE.zip"] = [answers(200, archive("RTE"))] * 2
    server.files["/dev-v1.1.json"] = server.files["/train-v1.1.json"] = b"{}"
    for pieces in (glue_pieces(["RTE"]), squad_pieces()):
        with pytest.raises(InputError, match=r"with SHA-256 .* twice; nothing was kep"):
            fetched(pieces, tmp_path / "in", way)
        assert names_in(tmp_path) == []


def test_real_files_with_their_real_sums(shared, server, tmp_path, way):
    """MRPC and AX, and the dev questions of SQuAD, as GLUE and SQuAD have them."""
    data = shared / "data"
    mrpc = data / "glue/MRPC"
    server.files = {
        "/AX.tsv": (data / "glue/AX/diagnostic.tsv").read_bytes(),
        "/mrpc_dev_ids.tsv": (mrpc / "dev_ids.tsv").read_bytes(),
        "/dev-v1.1.json": (data / "squad/dev-v1.1.json").read_bytes(),
    }
    for name in ("msr_paraphrase_train.txt", "msr_paraphrase_test.txt"):
        server.files[f"/{name}"] = (mrpc / name).read_bytes()
    glue = fetched(glue_pieces(["MRPC", "AX"]), tmp_path / "glue", way)
    dev = squad_pieces()[1:]
    squad = fetched(dev, tmp_path / "squad", way)
    assert dev[0].addresses == SQUAD[1:]
    for path in (
        "MRPC/train.tsv",
        "MRPC/dev.tsv",
        "MRPC/test.tsv",
        "AX/diagnostic.tsv",
    ):
        made = (tmp_path / "glue" / path).read_bytes()
        assert made == (data / "glue" / path).read_bytes()
    assert {d.sum for one in (*glue, *squad) for d in one.downloads.values()} == {
        "as listed"
    }
    assert names_in(tmp_path / "squad") == ["dev-v1.1.json", "fetched.json"]
