"""Where the data and the checkpoints are, and which sums are published for them.

A table and nothing else; the one module with addresses in it. Sources: GLUE's own
`download_glue_data.py` and the pages of SQuAD and of google-research/bert for the
addresses; SHA-256 and bytes as data set registries list them, `confirmed` where a copy
of the file was held against the sum. No sums are published for checkpoints, only the
vocabularies in them are known. Not here: fetching (fetch.py and its neighbours).
"""

from collections.abc import Mapping
from dataclasses import dataclass

_GLUE = "https://dl.fbaipublicfiles.com/glue/data"
_SENTEVAL = "https://dl.fbaipublicfiles.com/senteval/senteval_data"
_SQUAD = "https://rajpurkar.github.io/SQuAD-explorer/dataset"
_COMPACT = "https://storage.googleapis.com/bert_models/2020_02_20"
_WHOLE_WORD = "https://storage.googleapis.com/bert_models/2019_05_30"


@dataclass(frozen=True)
class Address:
    """A file on the network; sum and size are None where none is published."""

    url: str
    sha256: str | None = None
    size: int | None = None  # bytes
    confirmed: bool = False  # the sum, against a copy of the file

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    def on(self, mirror: str | None) -> str:
        """The address on a mirror, which has its files side by side."""
        return f"{mirror.rstrip('/')}/{self.name}" if mirror else self.url


@dataclass(frozen=True)
class Release:
    """A released checkpoint: where it is, and what must be found in it."""

    name: str
    address: Address
    layers: int
    width: int
    cased: bool = False


GLUE: Mapping[str, tuple[Address, ...]] = {
    "CoLA": (
        Address(
            f"{_GLUE}/CoLA.zip",
            "f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff",
            376_971,
            confirmed=True,
        ),
    ),
    "SST-2": (
        Address(
            f"{_GLUE}/SST-2.zip",
            "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa",
            7_439_277,
        ),
    ),
    "MRPC": (
        Address(
            f"{_SENTEVAL}/msr_paraphrase_train.txt",
            "60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89",
            1_047_044,
            confirmed=True,
        ),
        Address(
            f"{_SENTEVAL}/msr_paraphrase_test.txt",
            "a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784",
            441_275,
            confirmed=True,
        ),
        Address(
            f"{_GLUE}/mrpc_dev_ids.tsv",
            "971d7767d81b997fd9060ade0ec23c4fc31cbb226a55d1bd4a1bac474eb81dc7",
            6_222,
            confirmed=True,
        ),
    ),
    "STS-B": (
        Address(
            f"{_GLUE}/STS-B.zip",
            "e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85",
            802_872,
        ),
    ),
    "QQP": (
        Address(
            f"{_GLUE}/QQP-clean.zip",
            "40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0",
            41_696_084,
            confirmed=True,
        ),
    ),
    "MNLI": (
        Address(
            f"{_GLUE}/MNLI.zip",
            "e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633",
            312_783_507,
        ),
    ),
    "QNLI": (
        Address(
            f"{_GLUE}/QNLIv2.zip",
            "e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5",
            10_627_589,
            confirmed=True,
        ),
    ),
    "RTE": (
        Address(
            f"{_GLUE}/RTE.zip",
            "6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee",
            697_150,
        ),
    ),
    "WNLI": (
        Address(
            f"{_GLUE}/WNLI.zip",
            "ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46",
            28_999,
            confirmed=True,
        ),
    ),
    "AX": (
        Address(
            f"{_GLUE}/AX.tsv",
            "0e13510b1bb14436ff7e2ee82338f0efb0133ecf2e73507a697dc210db3f05fd",
            222_257,
            confirmed=True,
        ),
    ),
}

SQUAD: tuple[Address, ...] = (
    Address(
        f"{_SQUAD}/train-v1.1.json",
        "3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955",
        30_288_272,
    ),
    Address(
        f"{_SQUAD}/dev-v1.1.json",
        "95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9",
        4_854_279,
        confirmed=True,
    ),
)


def _compact(layers: int, width: int) -> Release:
    name = f"uncased_L-{layers}_H-{width}_A-{width // 64}"
    return Release(name, Address(f"{_COMPACT}/{name}.zip"), layers, width)


def _whole_word(casing: str) -> Release:
    name = f"wwm_{casing}_L-24_H-1024_A-16"
    address = Address(f"{_WHOLE_WORD}/{name}.zip")
    return Release(name, address, 24, 1024, cased=casing == "cased")


CHECKPOINTS: Mapping[str, Release] = {
    release.name: release
    for release in (
        *(
            _compact(layers, width)
            for layers in (2, 4, 6, 8, 10, 12)
            for width in (128, 256, 512, 768)
        ),
        _whole_word("uncased"),
        _whole_word("cased"),
    )
}
# What the README of March 2020 calls four of them.
NICKNAMES: Mapping[str, str] = {
    "BERT-Tiny": "uncased_L-2_H-128_A-2",
    "BERT-Mini": "uncased_L-4_H-256_A-4",
    "BERT-Small": "uncased_L-4_H-512_A-8",
    "BERT-Medium": "uncased_L-8_H-512_A-8",
}
# SHA-256 of vocab.txt by whether it is cased.
VOCABULARIES: Mapping[bool, str] = {
    False: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    True: "eeaa9875b23b04b4c54ef759d03db9d1ba1554838f8fb26c5d96fa551df93d02",
}
