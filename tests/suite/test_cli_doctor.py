"""The verb `doctor` as a user types it."""

import json

import pytest

from tests.reference.random_bert import random_weights, write_ours
from tests.suite.cli_place import typed_in_a_shell
from tests.suite.doctor.damage import joined_mrpc, rewritten
from tests.suite.doctor.glue_sized import write_split, write_task

NAMES = ("CoLA", "SST-2", "MRPC", "STS-B", "QQP", "MNLI", "QNLI", "RTE", "WNLI", "AX")


@pytest.fixture
def glue(tmp_path):
    for task in ("MRPC", "WNLI"):
        write_task(tmp_path / "glue", task)
    write_split(tmp_path / "glue", "QNLI", "train", 50, "train_partial.tsv")
    write_split(tmp_path / "glue", "QNLI", "dev", 5463)
    return tmp_path / "glue"


def test_help(typed):
    ended = typed("doctor", "--help")
    assert (ended.code, ended.err) == (0, "")
    for word in ("Path", "None", "<"):
        assert word not in ended.out


def test_a_sound_directory(typed, glue):
    ended = typed("doctor", "--glue-dir", glue)
    assert ended.code == 0
    rows = {
        line.split()[0]: line.split() for line in ended.out.splitlines() if line.strip()
    }
    assert rows["MRPC"] == ["MRPC", "complete", "3,668", "408", "1,725"]
    assert rows["WNLI"] == ["WNLI", "complete", "635", "71", "146"]
    assert rows["QNLI"] == [*("QNLI", "partial", "50", "of", "104,743", "5,463", "–")]
    assert rows["RTE"][1] == "missing"
    assert ended.out.splitlines()[-1] == "No faults, 2 notes."


def test_faults_come_first_and_end_with_1(typed, glue):
    joined_mrpc(glue)
    rewritten(lambda raw: raw.replace(b"\n", b"\r\n"), "WNLI/dev.tsv")(glue)
    ended = typed("doctor", "--glue-dir", glue)
    assert ended.code == 1
    said = [line for line in ended.out.splitlines() if str(glue) in line]
    assert [line.split()[0] for line in said] == ["fault"] * 3 + ["note"] * 2
    assert said[0] == (
        f"fault {glue / 'MRPC/train.tsv'}: MRPC's dev ids missing: expected 3,668 "
        "rows, found 4,076, all of msr_paraphrase_train.txt; the dev split is still in "
        "it; part it with dev_ids.tsv, the 408 pairs of ids of the dev split "
        "(mrpc_dev_ids.tsv), or fetch it again: python -m suite fetch glue --task MRPC "
        "--to DIR --force"
    )
    assert ended.out.splitlines()[-1] == "3 faults, 2 notes."


def test_json_is_one_document_and_all_that_is_printed(typed, glue):
    joined_mrpc(glue)
    ended = typed("doctor", "--glue-dir", glue, "--json")
    said = json.loads(ended.out)
    assert (ended.code, ended.err, said["faults"]) == (1, "", 2)
    tasks = {task["task"]: task for task in said["tasks"]}
    assert tuple(tasks) == NAMES
    assert tasks["MRPC"]["state"] == "faulty"
    assert tasks["MRPC"]["splits"]["dev"] == {
        "state": "missing",
        "file": None,
        "rows": None,
        "official_rows": 408,
    }
    (first, _) = tasks["MRPC"]["findings"]
    assert (first["level"], first["name"]) == ("fault", "MRPC's dev ids missing")
    assert tasks["QNLI"]["splits"]["train"]["rows"] == 50


def test_a_checkpoint_alone(typed, tmp_path):
    directory = write_ours(tmp_path / "cased_mine", random_weights())
    ended = typed("doctor", "--checkpoint", directory)
    assert ended.code == 1
    assert ended.out.startswith(f"fault {directory / 'vocab.txt'}: wrong casing: ")
    ended = typed("doctor", "--checkpoint", directory, "--json")
    assert json.loads(ended.out)["faults"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "expected --glue-dir, --squad-dir or --checkpoint"),
        (("--glue-dir", "none"), "none: expected a directory, found none"),
        (("--glue-dir", "."), "expected GLUE's folders"),
        (("--squad-dir", "."), "expected train-v1.1.json and dev-v1.1.json"),
        (("--checkpoint", "none"), "none: expected a directory, found none"),
    ],
)
def test_bad_usage_is_said_in_a_line(typed, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    ended = typed("doctor", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_the_shared_copies_in_a_shell(shared):
    process = typed_in_a_shell(
        *("doctor", "--glue-dir", shared / "data/glue"),
        *("--squad-dir", shared / "data/squad"),
    )
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "No faults, 14 notes." in out
    assert "GLUE: 38 of 38 MB" in err
