"""Checkpoints: which there are, and what is checked before one is kept."""

import importlib.util
import json

import pytest

from reference.configuration import BertConfig, named_size
from reference.errors import InputError
from reference.files import file_sha256
from suite.fetching import checkpoint as fetch_checkpoint
from suite.fetching.addresses import CHECKPOINTS, VOCABULARIES, Release
from suite.fetching.checkpoint import checkpoint_piece, meant, release_named
from suite.fetching.download import Patience, Way
from suite.fetching.fetch import fetch
from suite.fetching.record import FIRST_USE
from tests.reference.random_bert import copy_original
from tests.suite.fetching.loopback import names_in
from tests.suite.fetching.test_unpack import zipped

pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]
pytestmark = pytest.mark.usefixtures("loopback_alone", "waits")

NAME = "uncased_L-2_H-128_A-2"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("BERT-Tiny", NAME),
        (NAME, NAME),
        ("uncased_L-12_H-768_A-12", "uncased_L-12_H-768_A-12"),
        ("wwm_cased_L-24_H-1024_A-16", "wwm_cased_L-24_H-1024_A-16"),
    ],
)
def test_a_release_has_its_own_name_and_some_another(name, found):
    assert release_named(name).name == found


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("bert-tiny", "BERT-Tiny"),
        ("uncased_L-2_H-128_A-4", NAME),
        ("wwm_uncased_L-24_H-1024", "wwm_uncased_L-24_H-1024_A-16"),
        ("BERT-Large", "BERT-Small"),
        ("", ""),
    ],
)
def test_a_wrong_name_lists_the_nearest(name, nearest):
    with pytest.raises(InputError, match="unknown checkpoint") as refusal:
        release_named(name)
    near = str(refusal.value).split("the nearest are ")[1].split(". The names")[0]
    assert nearest in near
    assert len(near.split(", ")) == 3


def test_what_is_meant_is_what_the_reference_calls_so():
    assert meant(release_named("BERT-Mini")) == (
        named_size("BERT-Mini"),
        VOCABULARIES[False],
    )
    assert meant(release_named("wwm_cased_L-24_H-1024_A-16")) == (
        named_size("BERT-Large-Cased-Whole-Word"),
        VOCABULARIES[True],
    )
    for release in CHECKPOINTS.values():
        heads = meant(release)[0].num_attention_heads
        assert release.name.endswith(f"_L-{release.layers}_H-{release.width}_A-{heads}")


@pytest.fixture
def original(tmp_path, monkeypatch) -> dict[str, bytes]:
    """The files of a checkpoint that the original wrote; it is what is meant."""
    directory = copy_original(tmp_path / "original")
    config = BertConfig.from_file(directory / "bert_config.json")
    digest = file_sha256(directory / "vocab.txt")
    monkeypatch.setattr(fetch_checkpoint, "meant", lambda release: (config, digest))
    wanted = ("bert_config.json", "vocab.txt")
    return {
        path.name: path.read_bytes()
        for path in directory.iterdir()
        if path.name in wanted or path.name.startswith("bert_model.ckpt")
    }


@pytest.fixture
def fetched(server, tmp_path):
    """Fetches a checkpoint of these files; they are packed in `folder`."""

    def run(files: dict[str, bytes], folder: str = ""):
        archive = zipped(*((folder + name, content) for name, content in files.items()))
        address = server.publish(f"{NAME}.zip", archive, known=False)
        release = Release(NAME, address, 2, 128)
        way = Way(patience=Patience(seconds=20, attempts=3))
        pieces = [checkpoint_piece(release)]
        return list(fetch(pieces, tmp_path / "in", "2026-11-24", way, force=False))

    return run


@pytest.mark.parametrize("folder", ["", f"{NAME}/"])
def test_a_sound_checkpoint_is_kept(original, fetched, tmp_path, folder):
    pytest.importorskip("tensorflow")
    (made,) = fetched(original, folder)
    assert made.notes == ["46 variables: names, shapes and CRCs are right"]
    assert made.downloads[f"{NAME}.zip"].sum == FIRST_USE
    inside = sorted(f"in/{NAME}/{name}" for name in original)
    found = [name for name in names_in(tmp_path) if name.startswith("in")]
    assert found == ["in/fetched.json", *inside]


def damaged(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    """One byte in the middle of a file is another."""
    content = files[name]
    middle = len(content) // 2
    changed = bytes([content[middle] ^ 0xFF])
    return files | {name: content[:middle] + changed + content[middle + 1 :]}


def of_another_size(files: dict[str, bytes]) -> dict[str, bytes]:
    config = json.loads(files["bert_config.json"])
    config["num_hidden_layers"] += 1
    return files | {"bert_config.json": json.dumps(config).encode()}


def without(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {each: content for each, content in files.items() if each != name}


DATA, INDEX = "bert_model.ckpt.data-00000-of-00001", "bert_model.ckpt.index"
REFUSED = {
    "vocabulary": (
        lambda files: damaged(files, "vocab.txt"),
        "damaged one: vocab.txt has SHA-256",
    ),
    "no vocabulary": (lambda files: without(files, "vocab.txt"), "vocab.txt: cannot"),
    "no config": (
        lambda files: without(files, "bert_config.json"),
        "expected bert_config.json in it, found none",
    ),
    "size": (of_another_size, "bert_config.json is of another size"),
    "no JSON": (
        lambda files: files | {"bert_config.json": b"{"},
        f"expected the checkpoint {NAME}, found another or a damaged one",
    ),
}
REFUSED_BY_TENSORFLOW = {
    "data": (lambda files: damaged(files, DATA), "damaged checkpoint"),
    "index": (lambda files: damaged(files, INDEX), "damaged checkpoint"),
    "no data": (lambda files: without(files, DATA), "damaged checkpoint"),
    "no index": (lambda files: without(files, INDEX), "no weights"),
}


@pytest.mark.parametrize("case", [*REFUSED, *REFUSED_BY_TENSORFLOW])
def test_what_is_not_sound_is_not_kept(original, fetched, tmp_path, case):
    if case in REFUSED_BY_TENSORFLOW:
        pytest.importorskip("tensorflow")
    damage, said = (REFUSED | REFUSED_BY_TENSORFLOW)[case]
    with pytest.raises(InputError, match=said) as refusal:
        fetched(damage(original))
    assert ".part" not in str(refusal.value)
    assert not (tmp_path / "in").exists()


def test_without_tensorflow_it_says_what_was_not_checked(
    original, fetched, monkeypatch
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "tensorflow" else find(name, *rest),
    )
    (made,) = fetched(original)
    (note,) = made.notes
    assert note.startswith("variables and CRCs not checked: that needs TensorFlow")
