"""MRPC's split is GLUE's, byte for byte."""

import pytest

from reference.errors import InputError
from suite.fetching.mrpc import write_mrpc


@pytest.fixture
def sources(shared, tmp_path):
    """Copies of the three files, to be damaged."""
    copies = []
    for name in ("msr_paraphrase_train.txt", "msr_paraphrase_test.txt", "dev_ids.tsv"):
        copies.append(tmp_path / name)
        copies[-1].write_bytes((shared / "data/glue/MRPC" / name).read_bytes())
    (tmp_path / "MRPC").mkdir()
    return copies


def test_the_files_are_those_of_glue(shared, sources, tmp_path):
    write_mrpc(*sources, tmp_path / "MRPC")
    for split in ("train", "dev", "test"):
        made = (tmp_path / f"MRPC/{split}.tsv").read_bytes()
        assert made == (shared / f"data/glue/MRPC/{split}.tsv").read_bytes()


def test_windows_line_ends_make_the_same_files(shared, sources, tmp_path):
    for path in sources[:2]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    write_mrpc(*sources, tmp_path / "MRPC")
    made = (tmp_path / "MRPC/dev.tsv").read_bytes()
    assert made == (shared / "data/glue/MRPC/dev.tsv").read_bytes()


@pytest.mark.parametrize(
    ("which", "change", "said"),
    [
        (0, lambda raw: raw[:-200], "train.txt, line 4077: expected 5 tab-separated"),
        (0, lambda raw: raw[: raw.rindex(b"\n1\t") + 1], r"3,668 rows for train.tsv"),
        (1, lambda raw: raw[: raw.index(b"\n") + 1], r"rows for test.tsv, found 0"),
        (2, lambda raw: raw[: raw.index(b"\n")], r"found 4,075"),
        (1, lambda raw: b"", r"test.txt, line 1: expected 5 tab-separated"),
    ],
)
def test_what_is_not_whole_is_refused(sources, tmp_path, which, change, said):
    sources[which].write_bytes(change(sources[which].read_bytes()))
    with pytest.raises(InputError, match=said):
        write_mrpc(*sources, tmp_path / "MRPC")
