"""Archives: nothing leaves its directory, and nothing fills the disk."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from reference.errors import InputError
from suite.fetching.unpack import Limits, unpack
from tests.suite.fetching.loopback import names_in, some_bytes

TRAIN = b"sentence\tlabel\nit works\t1\n"


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """An archive, with names as they are given."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


def special(name: str, kind: int) -> zipfile.ZipInfo:
    """A member that is no plain file."""
    member = zipfile.ZipInfo(name)
    member.external_attr = (kind | 0o777) << 16
    return member


def named(name: str) -> zipfile.ZipInfo:
    """A member whose name `zipfile` would make harmless, as it is."""
    member = zipfile.ZipInfo("x")
    member.filename = name
    return member


def corrupted(archive: bytes) -> bytes:
    """One byte of the first member is another."""
    at = archive.index(b"train.tsv") + len("train.tsv") + 5
    return archive[:at] + bytes([archive[at] ^ 0xFF]) + archive[at + 1 :]


def encrypted(archive: bytes) -> bytes:
    """The flag that says so, in the directory of the archive."""
    at = archive.index(b"PK\x01\x02") + 8
    return archive[:at] + b"\x01" + archive[at + 1 :]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in/side").mkdir(parents=True)
    return tmp_path


def unpacked(place: Path, archive: bytes, limits: Limits | None = None) -> list[str]:
    path = place / "SST-2.zip"
    path.write_bytes(archive)
    try:
        unpack(path, place / "in/side", "train.tsv", limits)
    finally:
        path.unlink()
    return names_in(place)


def test_the_files_of_one_folder_are_kept(place):
    archive = zipped(
        ("SST-2/", b""),
        ("SST-2/train.tsv", TRAIN),
        ("SST-2/dev.tsv", b"dev"),
        ("SST-2/.DS_Store", b"left by a file manager"),
        ("SST-2/Icon\r", b"left by it, too"),
        ("SST-2/\x1b[2J", b"what would clear a terminal"),
        ("SST-2/original/train.tsv", b"what GLUE was made from"),
        ("__MACOSX/SST-2/._train.tsv", b"left by another"),
        ("README.txt", b"about all"),
    )
    assert unpacked(place, archive) == ["in/side/dev.tsv", "in/side/train.tsv"]
    assert (place / "in/side/train.tsv").read_bytes() == TRAIN


def test_an_archive_may_have_no_folder(place):
    archive = zipped(("train.tsv", TRAIN), ("dev.tsv", b"dev"))
    assert unpacked(place, archive) == ["in/side/dev.tsv", "in/side/train.tsv"]


GOOD = ("SST-2/train.tsv", TRAIN)
REFUSED = {
    "slip": (zipped(GOOD, ("../out.tsv", b"")), r"leads out .*'\.\./out.tsv'"),
    "slip below": (zipped(GOOD, ("SST-2/../../out.tsv", b"")), r"leads out of"),
    "slip of a folder": (zipped(GOOD, ("../out/", b"")), r"leads out of"),
    "absolute": (zipped(GOOD, ("/tmp/out.tsv", b"")), r"an absolute name, '/tmp/out"),
    "drive": (zipped(GOOD, ("C:/out.tsv", b"")), r"a name of Windows, 'C:/out.tsv'"),
    "backslashes": (zipped(GOOD, (named("..\\out.tsv"), b"")), r"a name of Windows"),
    "link": (
        zipped(GOOD, (special("SST-2/dev.tsv", stat.S_IFLNK), b"/etc/passwd")),
        r"found a link, 'SST-2/dev.tsv'",
    ),
    "pipe": (
        zipped((special("SST-2/train.tsv", stat.S_IFIFO), b"")),
        r"found something else than a file",
    ),
    "twice": (
        zipped(GOOD, ("SST-2/Train.tsv", b"on some systems the same")),
        r"SST-2/Train.tsv twice",
    ),
    "bomb": (
        zipped(GOOD, ("SST-2/dev.tsv", bytes(10_000_000))),
        r"expected at most [\d,]+ bytes in an archive of [\d,]+, found 10,000,0\d\d",
    ),
    "bomb beside": (
        zipped(GOOD, ("other/dev.tsv", bytes(10_000_000))),
        r"found 10,000,0\d\d; nothing was unpacked",
    ),
    "damaged": (corrupted(zipped(GOOD)), r"SST-2.zip: expected a whole zip archive"),
    "cut off": (zipped(GOOD)[:-30], r"expected a whole zip archive"),
    "encrypted": (encrypted(zipped(GOOD)), r"found an encrypted file"),
    "a web page": (b"<!DOCTYPE html>", r"expected a whole zip archive"),
    "nothing": (b"", r"expected a whole zip archive"),
    "another": (
        zipped(("MNLI/test.tsv", b"")),
        r"expected train.tsv in it, found none",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(place, case):
    """Into an empty directory; whoever gave it does away with what is in it."""
    archive, said = REFUSED[case]
    with pytest.raises(InputError, match=said) as refusal:
        unpacked(place, archive)
    assert str(refusal.value).startswith("SST-2.zip: expected ")
    assert str(refusal.value).isprintable()
    written = names_in(place)
    assert written == (["in/side/train.tsv"] if case == "damaged" else [])


def test_the_limit_is_on_all_that_is_in_it(place):
    archive = zipped(GOOD, ("SST-2/dev.tsv", some_bytes(5000)))
    size = len(TRAIN) + 5000
    assert len(unpacked(place, archive, Limits(most_bytes=size))) == 2
    for path in (place / "in/side").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=f"expected at most {size - 1:,} bytes"):
        unpacked(place, archive, Limits(most_bytes=size - 1))


def test_no_member_gives_more_than_it_declares(place):
    """The declared size is what was held against the limit."""
    archive = zipped(("train.tsv", bytes(3000)))
    smaller = archive.replace((3000).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    assert archive != smaller
    with pytest.raises(InputError, match="expected a whole zip archive"):
        unpacked(place, smaller)
    assert sum(path.stat().st_size for path in (place / "in/side").iterdir()) <= 9
