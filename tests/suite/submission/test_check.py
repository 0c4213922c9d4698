"""A sound zip passes; each of many broken ones is refused for the right reason."""

import os
import struct
import zipfile

import numpy as np
import pytest

from reference.errors import InputError
from suite.submission import check as submission_check
from suite.submission.check import check_zip
from suite.submission.files import BY_NAME, FILES
from suite.tasks import TASKS
from tests.suite.submission.submitted import sound_members, write_zip


@pytest.fixture
def members(monkeypatch):
    """Sound files, the one of QQP short: nothing here depends on its size."""
    monkeypatch.setitem(TASKS["QQP"].rows, "test", 500)
    return sound_members()


def test_a_sound_zip_of_official_size_passes(tmp_path):
    found = check_zip(write_zip(tmp_path / "sound.zip", sound_members()))
    assert found.passed
    sizes = {name: values.size for name, values in found.predictions.items()}
    assert sizes == {file.name: file.rows for file in FILES}
    assert str(found).endswith("sound.zip: 11 files, 426,309 predictions, no fault.")


def test_a_compressed_zip_of_another_tool_passes(tmp_path, members):
    with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in reversed(members.items()):
            archive.writestr(name, content.removesuffix(b"\n"))
    assert check_zip(tmp_path / "s.zip").passed


def changed(name, change):
    """A variant: one file's content is another."""
    return lambda members: members | {name: change(members[name])}


def replaced(name, old, new, count=-1):
    def change(content):
        assert old in content
        return content.replace(old, new, count)

    return changed(name, change)


def with_line(name, line, text):
    """One line (from 1, the header) of a file is another."""

    def change(content):
        lines = content.decode().split("\n")
        lines[line - 1] = text
        return "\n".join(lines).encode()

    return changed(name, change)


def renamed(old, new):
    def change(members):
        return {new if name == old else name: c for name, c in members.items()}

    return change


def swapped(one, other):
    def change(members):
        return members | {one: members[other], other: members[one]}

    return change


def numbered_from_one(content):
    header, *lines = content.decode().splitlines()
    rows = [f"{i}\t{line.split(chr(9))[1]}" for i, line in enumerate(lines, start=1)]
    return "\n".join([header, *rows, ""]).encode()


def shuffled(content):
    header, *lines = content.decode().splitlines()
    return "\n".join([header, *reversed(lines), ""]).encode()


def doubled(content):
    header, first, _, *lines = content.decode().splitlines()
    return "\n".join([header, first, first, *lines, ""]).encode()


# What is broken, and the one line that says so.
BROKEN = {
    "file missing": (
        lambda members: {n: c for n, c in members.items() if n != "CoLA.tsv"},
        "CoLA.tsv: expected it among the 11 files, found no such file; add it: GLUE's "
        "server refuses a zip without it",
    ),
    "AX missing": (
        lambda members: {n: c for n, c in members.items() if n != "AX.tsv"},
        "AX.tsv: expected it among the 11 files, found no such file; add it: GLUE's "
        "server refuses a zip without it (the MNLI model predicts it, from "
        "AX/diagnostic.tsv)",
    ),
    "file too many": (
        lambda members: members | {"notes.txt": b"hello"},
        "notes.txt: expected only CoLA, SST-2, MRPC, STS-B, QQP, MNLI-m, MNLI-mm, "
        "QNLI, RTE, WNLI, AX, each .tsv, found another name; leave it out",
    ),
    "macOS's own": (
        lambda members: members | {"__MACOSX/._CoLA.tsv": b"?"},
        "__MACOSX/._CoLA.tsv: expected only CoLA, SST-2, MRPC, STS-B, QQP, MNLI-m, "
        "MNLI-mm, QNLI, RTE, WNLI, AX, each .tsv, found another name; macOS put it "
        "there: zip on the command line, with zip -X",
    ),
    "in a folder": (
        renamed("RTE.tsv", "glue/RTE.tsv"),
        "glue/RTE.tsv: expected no folders, found a file in a folder; zip the files "
        "without their folder (zip -j)",
    ),
    "a folder": (
        lambda members: members | {"glue/": b""},
        "glue/: expected no folders, found a folder; zip the files without their "
        "folder (zip -j)",
    ),
    "a name twice": (
        lambda members: [*members.items(), ("WNLI.tsv", members["WNLI.tsv"])],
        "WNLI.tsv: expected each name once, found it 2 times; make the zip anew, not "
        "added to",
    ),
    "no header": (
        replaced("SST-2.tsv", b"index\tprediction\n", b""),
        "SST-2.tsv, line 1: expected the header index<TAB>prediction, found '0\\t1'; "
        "write that header as the first line",
    ),
    "another header": (
        replaced("MRPC.tsv", b"prediction", b"label"),
        "MRPC.tsv, line 1: expected the header index<TAB>prediction, found "
        "'index\\tlabel'; write that header as the first line",
    ),
    "a row short": (
        changed("RTE.tsv", lambda c: c[: c.rindex(b"2999")]),
        "RTE.tsv: expected 3,000 examples, found 2,999; predict every example of the "
        "test split of RTE",
    ),
    "a row too many": (
        changed("WNLI.tsv", lambda c: c + b"146\t1\n"),
        "WNLI.tsv: expected 146 examples, found 147; predict every example of the test "
        "split of WNLI",
    ),
    "no rows": (
        changed("CoLA.tsv", lambda c: b"index\tprediction\n"),
        "CoLA.tsv: expected 1,063 examples, found 0; predict every example of the test "
        "split of CoLA",
    ),
    "empty line at the end": (
        changed("CoLA.tsv", lambda c: c + b"\n\n"),
        "CoLA.tsv, line 1065: expected the end after the last example, found an empty "
        "line; remove it",
    ),
    "numbered from 1": (
        changed("QQP.tsv", numbered_from_one),
        "QQP.tsv, line 2: expected index 0, found '1' (and 499 more lines); count from "
        "0, not from 1",
    ),
    "out of order": (
        changed("WNLI.tsv", shuffled),
        "WNLI.tsv, line 2: expected index 0, found '145' (and 145 more lines); put the "
        "lines in the order of the test file",
    ),
    "an example twice": (
        changed("WNLI.tsv", doubled),
        "WNLI.tsv, line 3: expected index 1, found '0'; this index is there twice: "
        "write each example once",
    ),
    "a column short": (
        with_line("QNLI.tsv", 5, "3"),
        "QNLI.tsv, line 5: expected index<TAB>prediction, two columns, found 1 ('3'); "
        "write one index, a tab and one prediction on each line",
    ),
    "class numbers for words": (
        with_line("RTE.tsv", 4, "2\t1"),
        "RTE.tsv, line 4: expected one of entailment, not_entailment, found '1'; write "
        "the word of the class, not its number",
    ),
    "words for class numbers": (
        with_line("SST-2.tsv", 3, "1\tpositive"),
        "SST-2.tsv, line 3: expected one of 0, 1, found 'positive'; write the class by "
        "that word",
    ),
    "probabilities": (
        with_line("CoLA.tsv", 2, "0\t0.731"),
        "CoLA.tsv, line 2: expected one of 0, 1, found '0.731'; write the class, not a "
        "score",
    ),
    "classes as floats": (
        with_line("CoLA.tsv", 2, "0\t1.0"),
        "CoLA.tsv, line 2: expected one of 0, 1, found '1.0'; write the class, a whole "
        "number",
    ),
    "quoted": (
        with_line("AX.tsv", 2, '0\t"neutral"'),
        "AX.tsv, line 2: expected one of contradiction, entailment, neutral, found "
        "'\"neutral\"'; write it without quotes and spaces",
    ),
    "capital": (
        with_line("AX.tsv", 2, "0\tNeutral"),
        "AX.tsv, line 2: expected one of contradiction, entailment, neutral, found "
        "'Neutral'; write it in lower case",
    ),
    "score above 5": (
        with_line("STS-B.tsv", 9, "7\t5.0001"),
        "STS-B.tsv, line 9: expected a number from 0 to 5, found '5.0001'; clip to the "
        "range",
    ),
    "score below 0": (
        with_line("STS-B.tsv", 9, "7\t-0.2"),
        "STS-B.tsv, line 9: expected a number from 0 to 5, found '-0.2'; clip to the "
        "range",
    ),
    "no score": (
        with_line("STS-B.tsv", 9, "7\tnan"),
        "STS-B.tsv, line 9: expected a number from 0 to 5, found 'nan'; a model that "
        "gives no number has diverged: take another trial",
    ),
    "byte order mark": (
        changed("RTE.tsv", lambda c: b"\xef\xbb\xbf" + c),
        "RTE.tsv, line 1: expected no byte order mark, found one (EF BB BF); save the "
        "file as UTF-8 without it (the server may not take it)",
    ),
    "Windows line ends": (
        changed("RTE.tsv", lambda c: c.replace(b"\n", b"\r\n")),
        "RTE.tsv, line 1: expected Unix line ends (LF), found Windows line ends (CR "
        "LF) (and 3,000 more lines); write the file with LF alone (the server may not "
        "take others)",
    ),
    "UTF-16": (
        changed("RTE.tsv", lambda c: c.decode().encode("utf-16")),
        "RTE.tsv, line 1: expected UTF-8 text, found a byte order mark of UTF-16; save "
        "the file as UTF-8",
    ),
    "not UTF-8": (
        replaced("RTE.tsv", b"\n2\t", b"\n2\t\xe9"),
        "RTE.tsv, line 4: expected UTF-8 text, found byte 0xe9; save the file as UTF-8",
    ),
    "larger than its rows": (
        changed("WNLI.tsv", lambda c: c + b"\0" * 20_000),
        "WNLI.tsv: expected at most 8,008 bytes for 146 rows, found 20,783, not read; "
        "write one index and one prediction a line, and nothing else",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_broken_zip_is_refused_for_the_right_reason(tmp_path, members, name):
    change, line = BROKEN[name]
    found = check_zip(write_zip(tmp_path / "broken.zip", change(members)))
    assert [str(complaint) for complaint in found.complaints] == [line]
    assert not found.passed
    # What is sound is scored none the less.
    assert len(found.predictions) >= len(FILES) - 1


def test_mnlis_two_files_swapped(tmp_path, members):
    members = swapped("MNLI-m.tsv", "MNLI-mm.tsv")(members)
    found = check_zip(write_zip(tmp_path / "swapped.zip", members))
    assert len(found.complaints) == 2
    for complaint in found.complaints:
        assert "likely swapped: exchange them" in str(complaint)


def test_a_name_that_is_nearly_right(tmp_path, members):
    members = renamed("SST-2.tsv", "sst2.tsv")(members)
    said = str(check_zip(write_zip(tmp_path / "named.zip", members)))
    assert "sst2.tsv: expected only" in said
    assert "name it SST-2.tsv" in said
    assert "SST-2.tsv: expected it among the 11 files" in said
    assert "a file of a similar name is there: rename it" in said


def test_all_in_one_folder_is_not_taken_for_missing(tmp_path, members):
    members = {f"out/{name}": content for name, content in members.items()}
    found = check_zip(write_zip(tmp_path / "folder.zip", members))
    assert len(found.complaints) == len(FILES)
    assert {c.found for c in found.complaints} == {"a file in a folder"}


def test_a_short_copy_of_glue_is_named_as_the_cause(tmp_path, members):
    """As many rows as the user's own test file: the copy was cut off."""
    glue = tmp_path / "glue/RTE"
    glue.mkdir(parents=True)
    rows = [f"{i}\ta\tb\n" for i in range(2990)]
    (glue / "test.tsv").write_text("index\tsentence1\tsentence2\n" + "".join(rows))
    content = members["RTE.tsv"]
    members["RTE.tsv"] = content[: content.index(b"\n2990\t") + 1]
    path = write_zip(tmp_path / "short.zip", members)
    (complaint,) = check_zip(path, tmp_path / "glue").complaints
    assert "is not GLUE's own: fetch it again" in complaint.remedy
    (complaint,) = check_zip(path).complaints
    assert "predict every example" in complaint.remedy


def test_what_is_no_zip(tmp_path):
    for number, content in enumerate((b"", b"hello", b"PK\x03\x04" + b"\0" * 40)):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(content)
        (complaint,) = check_zip(path).complaints
        assert complaint.member == f"{number}.zip"
        assert complaint.found.startswith("one that cannot be read (")
    with pytest.raises(InputError, match="found no such file"):
        check_zip(tmp_path / "none.zip")


def test_a_zip_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(submission_check, "MOST_BYTES", 100)
    path = write_zip(tmp_path / "large.zip", {"CoLA.tsv": b"0" * 1000})
    (complaint,) = check_zip(path).complaints
    assert "expected at most 100 bytes" in str(complaint)


def test_very_many_names_are_not_all_told(tmp_path, members):
    more = {f"{number}.txt": b"" for number in range(1000)}
    found = check_zip(write_zip(tmp_path / "many.zip", members | more))
    assert len(found.complaints) == 21
    assert "found 980 more such names" in str(found.complaints[-1])


def test_a_bomb_is_not_unpacked(tmp_path, members, monkeypatch):
    """64 MB of zeros in 64 kB: its size is enough to refuse it."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, bytes(2**26) if name == "CoLA.tsv" else content)
    opened, really_open = [], zipfile.ZipFile.open

    def noted(archive, member):
        opened.append(member.filename)
        return really_open(archive, member)

    monkeypatch.setattr(zipfile.ZipFile, "open", noted)
    (complaint,) = check_zip(path).complaints
    assert complaint.member == "CoLA.tsv"
    assert complaint.found == "67,108,864, not read"
    assert set(opened) == members.keys() - {"CoLA.tsv"}


def test_a_size_that_lies_does_not_open_the_door(tmp_path, members):
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, b"\0" * 2**22 if name == "CoLA.tsv" else content)
    raw = bytearray(path.read_bytes())
    # The size in the central directory and in the member's own header.
    assert raw.count(struct.pack("<I", 2**22)) == 2
    path.write_bytes(raw.replace(struct.pack("<I", 2**22), struct.pack("<I", 1000)))
    (complaint,) = check_zip(path).complaints
    assert str(complaint).startswith("CoLA.tsv: expected a readable file, found a dam")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path, members, method):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    found = check_zip(path)
    assert len(found.complaints) == len(FILES)
    assert "a stored or deflated file" in str(found.complaints[0])


def test_an_encrypted_file_is_refused(tmp_path, members):
    path = write_zip(tmp_path / "secret.zip", members)
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"CoLA.tsv"))
    raw[at + 8] |= 1
    path.write_bytes(raw)
    (complaint,) = check_zip(path).complaints
    assert "zip without a password" in str(complaint)


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_zip_ends_in_a_complaint_and_never_in_a_traceback(tmp_path, seed):
    rng = np.random.default_rng(seed)
    small = {name: b"index\tprediction\n0\t1\n" for name in BY_NAME}
    path = write_zip(tmp_path / "damaged.zip", small)
    raw = bytearray(path.read_bytes())
    for _ in range(rng.integers(1, 20)):
        raw[rng.integers(len(raw))] = rng.integers(256)
    path.write_bytes(raw[: rng.integers(1, len(raw) + 1)] if seed % 2 else raw)
    found = check_zip(path)
    assert found.complaints
    assert all("\n" not in str(complaint) for complaint in found.complaints)


def test_complaints_as_json_are_plain(tmp_path):
    path = write_zip(tmp_path / "empty.zip", {})
    said = check_zip(path).as_dict()
    assert (said["zip"], said["passed"]) == (os.fspath(path), False)
    assert {fault["member"] for fault in said["faults"]} == set(BY_NAME)
    assert said["faults"][0]["text"].startswith("CoLA.tsv: expected it among")
