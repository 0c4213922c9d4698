"""The table of addresses: what it must hold, against what else is known."""

import re

import pytest

from reference.configuration import named_size, released_as
from reference.files import file_sha256
from suite.fetching.addresses import CHECKPOINTS, GLUE, NICKNAMES, SQUAD, VOCABULARIES
from suite.tasks import TASKS

ALL = [
    *(address for addresses in GLUE.values() for address in addresses),
    *SQUAD,
    *(release.address for release in CHECKPOINTS.values()),
]


def test_every_task_and_every_release_is_there_once():
    assert list(GLUE) == list(TASKS)
    assert len(CHECKPOINTS) == 24 + 2
    # Mirrors have them side by side.
    assert len({address.name for address in ALL}) == len(ALL) == 12 + 2 + 26


@pytest.mark.parametrize("address", ALL, ids=lambda address: address.name)
def test_an_address_is_safe_and_its_sum_is_one(address):
    assert address.url.startswith("https://")
    is_checkpoint = "bert_models" in address.url
    assert (address.sha256 is None) == (address.size is None) == is_checkpoint
    assert is_checkpoint or re.fullmatch("[0-9a-f]{64}", address.sha256)
    assert not (is_checkpoint and address.confirmed)


def test_nicknames_are_those_of_the_reference():
    for nickname, name in NICKNAMES.items():
        assert released_as(named_size(nickname)) == name
        assert name in CHECKPOINTS


def test_an_address_on_a_mirror():
    (address,) = GLUE["QNLI"]
    assert address.on(None) == "https://dl.fbaipublicfiles.com/glue/data/QNLIv2.zip"
    for mirror in ("http://here/glue", "http://here/glue/"):
        assert address.on(mirror) == "http://here/glue/QNLIv2.zip"


def test_sums_and_sizes_of_the_files_that_are_at_hand(shared):
    """Those that are called confirmed, as far as there are copies of them."""
    data = shared / "data"
    copies = {
        "AX.tsv": data / "glue/AX/diagnostic.tsv",
        "mrpc_dev_ids.tsv": data / "glue/MRPC/dev_ids.tsv",
        "msr_paraphrase_train.txt": data / "glue/MRPC/msr_paraphrase_train.txt",
        "msr_paraphrase_test.txt": data / "glue/MRPC/msr_paraphrase_test.txt",
        "dev-v1.1.json": data / "squad/dev-v1.1.json",
    }
    known = {address.name: address for address in ALL}
    for name, path in copies.items():
        assert known[name].confirmed
        assert known[name].sha256 == file_sha256(path)
        assert known[name].size == path.stat().st_size
    for cased, folder in ((False, "uncased"), (True, "cased")):
        assert VOCABULARIES[cased] == file_sha256(data / f"vocab/{folder}/vocab.txt")
