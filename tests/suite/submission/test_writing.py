"""The zip holds what was recorded, is the same whenever it is made, and passes."""

import hashlib
import zipfile

import numpy as np
import pytest

from reference.errors import InputError
from suite.grids import dev_score, load_grids
from suite.metrics import predictions_from_logits, scores
from suite.submission.check import check_zip
from suite.submission.files import BY_NAME, FILES
from suite.submission.scores import public_labels, public_scores
from suite.submission.trials import gather
from suite.submission.writing import rendered, write_submission
from suite.tasks import TASKS
from tests.suite.submission.submitted import (
    PUBLIC,
    described,
    whole_run,
    write_public_labels,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return whole_run(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def submission(whole):
    return gather(whole)


@pytest.fixture(scope="module")
def written(submission, tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "submission.zip"
    return path, write_submission(submission, path)


@pytest.fixture(scope="module")
def labels(whole, tmp_path_factory):
    return write_public_labels(tmp_path_factory.mktemp("labels"), whole)


def test_the_files_are_those_of_the_server():
    """GLUE's instructions, name by name, and the official numbers."""
    names = "CoLA SST-2 MRPC STS-B MNLI-m MNLI-mm QNLI QQP RTE WNLI AX".split()
    assert set(BY_NAME) == {f"{name}.tsv" for name in names}
    assert len(FILES) == 11
    rows = {file.label: file.rows for file in FILES}
    assert (rows["QQP"], rows["MNLI-m"], rows["MNLI-mm"]) == (390965, 9796, 9847)
    assert (rows["AX"], rows["WNLI"], rows["RTE"]) == (1104, 146, 3000)


@pytest.fixture(scope="module")
def checked(written):
    return check_zip(written[0])


def test_a_zip_from_recorded_predictions_passes(checked):
    assert checked.passed
    assert checked.complaints == ()


def test_it_holds_the_recorded_predictions(whole, submission, checked):
    for one in submission.files:
        logits = whole.predictions(one.record.trial.id)[one.file.recorded_as]
        recorded = predictions_from_logits(one.file.task, logits)
        if one.file.task.labels is None:
            recorded = np.clip(recorded, 0, 5)
            assert one.notes  # the random scores do leave the range
        # Exactly: STS-B's text tells every float32 from the next.
        assert np.array_equal(checked.predictions[one.file.name], recorded)


def test_words_are_those_of_glue(written):
    with zipfile.ZipFile(written[0]) as archive:
        files = {n: archive.read(n).decode().splitlines() for n in archive.namelist()}
    words = {name: {line.split("\t")[1] for line in f[1:]} for name, f in files.items()}
    assert {f[0] for f in files.values()} == {"index\tprediction"}
    assert words["MNLI-mm.tsv"] == words["AX.tsv"] == set(TASKS["MNLI"].labels)
    assert words["QNLI.tsv"] == words["RTE.tsv"] == {"entailment", "not_entailment"}
    for name in ("CoLA", "SST-2", "MRPC", "QQP", "WNLI"):
        assert words[f"{name}.tsv"] == {"0", "1"}


def test_the_trial_is_the_best_on_dev(whole, submission):
    grids = {task: grid for (_, task), grid in load_grids(whole).items()}
    for one in submission.files:
        records = grids[one.file.trained_on].records
        assert len(records) == 2
        assert dev_score(one.record) == max(map(dev_score, records))


def test_ax_and_both_mnli_are_of_one_trial(submission):
    trials = {one.file.label: one.record.trial for one in submission.files}
    assert trials["AX"] == trials["MNLI-m"] == trials["MNLI-mm"]
    assert trials["AX"].task == "MNLI"


def test_the_same_predictions_give_the_same_bytes(submission, written, tmp_path):
    path, _ = written
    write_submission(submission, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        dates = {info.date_time for info in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


def test_beside_it_stands_where_each_file_is_from(submission, written):
    path, beside = written
    said = described(beside)
    assert beside == path.with_name("submission.json")
    assert said["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {f["file"]: f["trial"] for f in said["files"]} == {
        one.file.name: one.record.trial.id for one in submission.files
    }
    assert said["checkpoint"]["name"] == "BERT-Tiny"
    assert said["missing"] == []
    mismatched = next(f for f in said["files"] if f["file"] == "MNLI-mm.tsv")
    record = next(o.record for o in submission.files if o.file.label == "MNLI-mm")
    assert mismatched["dev"] == record.scores["dev_mismatched"]


def test_a_disk_that_fails_leaves_nothing(submission, tmp_path, monkeypatch):
    def fails(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr("reference.files.os.fsync", fails)
    with pytest.raises(OSError, match="the disk is gone"):
        write_submission(submission, tmp_path / "none.zip")
    assert list(tmp_path.iterdir()) == []


def test_another_name_is_refused(submission, tmp_path):
    with pytest.raises(InputError, match=r"ends in \.zip"):
        write_submission(submission, tmp_path / "submission.json")


def test_scores_of_the_zip_are_those_of_the_records(whole, submission, checked, labels):
    """Two ways to a score: through the text of the zip, and the recorded trial's."""
    scored = public_scores(checked.predictions, labels)
    assert set(scored) == {f"{name}.tsv" for name in PUBLIC}
    by_label = {one.file.label: one for one in submission.files}
    for name in ("SST-2", "MRPC"):
        assert scored[f"{name}.tsv"] == by_label[name].record.scores["test"]
    clipped = by_label["STS-B"].predictions
    own = scores(TASKS["STS-B"], clipped, whole.labels()["STS-B/test"])
    assert scored["STS-B.tsv"] == own


def test_labels_that_are_not_in_order_are_refused(labels, tmp_path):
    text = (labels / "MRPC.tsv").read_text()
    (tmp_path / "MRPC.tsv").write_text(text.replace("\n7\t", "\n8\t", 1))
    with pytest.raises(InputError, match=r"MRPC.tsv, line 9: expected index 7"):
        public_labels(tmp_path)
    with pytest.raises(InputError, match="expected public test labels"):
        public_labels(tmp_path / "none")


def test_public_labels_of_glue_are_read(shared):
    found = public_labels(shared / "data/glue_test_labels")
    sizes = {name: values.size for name, values in found.items()}
    assert sizes == {"SST-2.tsv": 1821, "MRPC.tsv": 1725, "STS-B.tsv": 1379}


@pytest.mark.parametrize("value", [0.0, 5.0, 1e-7, 2.5, 1 / 3, np.nextafter(5, 0)])
def test_a_score_is_written_so_that_it_reads_back(value):
    value = np.float32(value)
    text = rendered(TASKS["STS-B"], np.array([value])).decode().splitlines()[1]
    assert np.float32(text.split("\t")[1]) == value
    assert "e" not in text
