"""What a run has for the server, and what it says it lacks."""

import re
import shutil
from dataclasses import replace

import pytest

from reference.errors import InputError
from suite.records import RunDirectory
from suite.submission.trials import chosen_trial, gather
from suite.submission.writing import write_submission
from suite.tasks import DIAGNOSTIC_SPLIT, GLUE_TASKS
from tests.suite.submission.submitted import whole_run, without_predictions
from tests.suite.synthetic import WHOLE_WORD, Checkpoint, Synthetic, make_run

SMALL = Synthetic(
    tasks=("WNLI",),
    test_labels=("WNLI",),
    batch_sizes=(8, 16),
    learning_rates=(1e-4,),
    seeds=3,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return whole_run(tmp_path_factory.mktemp("whole"))


def made(path, **options):
    return make_run(path, replace(SMALL, **options))


def test_all_of_a_whole_run_is_there(whole):
    submission = gather(whole)
    assert len(submission.files) == 11
    assert submission.missing == ()


def test_of_several_seeds_the_best_on_dev_is_taken(tmp_path):
    submission = gather(made(tmp_path, seeds=5))
    (one,) = submission.files
    trial = one.record.trial
    own = [
        record.scores["dev"]["accuracy"]
        for record in submission.grids["WNLI"].records
        if record.trial.batch_size == trial.batch_size
    ]
    others = [
        record.scores["dev"]["accuracy"]
        for record in submission.grids["WNLI"].records
        if record.trial.batch_size != trial.batch_size
    ]
    assert sum(own) > sum(others)  # the configuration, over its seeds
    assert one.dev_scores["accuracy"] == max(own)


def test_of_equal_trials_the_first_seed_is_taken(tmp_path):
    run = made(tmp_path, constant=True)
    (one,) = gather(run).files
    assert one.record.trial.seed == 0
    assert one.notes == ("constant predictions",)


def test_a_task_that_was_not_run_or_skipped_is_missing(tmp_path):
    submission = gather(made(tmp_path))
    said = {missing.file.label: missing.why for missing in submission.missing}
    assert len(said) == 10
    assert said["RTE"] == "RTE was not run"
    assert said["AX"] == "MNLI was not run"
    assert said["QQP"] == "QQP: there is no train.tsv"


def test_the_command_runs_what_is_missing_in_a_run_begun_for_it(tmp_path):
    run = made(tmp_path / "a run")
    command = "python -m suite sweep --checkpoint 'my tiny' --glue-dir g --seeds 3"
    run.write_run(run.run() | {"test_predictions": True, "command": command})
    assert gather(run).command() == (
        "python -m suite sweep --checkpoint 'my tiny' --glue-dir g --run-dir "
        f"'{run.path}' --tasks CoLA,SST-2,MRPC,STS-B,QQP,MNLI,QNLI,RTE "
        "--test-predictions"
    )


@pytest.mark.parametrize(
    "recorded", ["", "sweep --checkpoint a b", "sweep --checkpoint a --checkpoint b"]
)
def test_a_run_begun_without_test_predictions_is_not_gone_on_with(tmp_path, recorded):
    run = made(tmp_path)
    run.write_run(run.run() | {"command": recorded})
    command = gather(run).command()
    assert f"--run-dir {tmp_path}-for-submission --tasks {','.join(GLUE_TASKS)}" in (
        command
    )
    assert "--checkpoint CHECKPOINT --glue-dir GLUE_DIR" in command


def test_a_split_that_the_trial_did_not_predict(whole, tmp_path):
    run = copied(whole, tmp_path)
    trial = next(o.record.trial for o in gather(run).files if o.file.label == "AX")
    without_predictions(run, trial.id, DIAGNOSTIC_SPLIT)
    submission = gather(run)
    (missing,) = submission.missing
    assert str(missing) == (
        f"AX.tsv: the selected trial of MNLI, {trial.id}, has no predictions of the "
        "diagnostic.tsv; GLUE's diagnostic.tsv was not there: put it there, and remove "
        f"{run.path}/predictions/{trial.id}.npz, so that the trial runs again"
    )
    assert "--tasks MNLI --test-predictions" in submission.command()
    write_submission(submission, tmp_path / "incomplete.zip")
    assert (tmp_path / "incomplete.json").is_file()


def test_another_number_of_rows_than_glues_is_missing(tmp_path):
    run = made(tmp_path, rows=140)
    found = {missing.file.label: missing.why for missing in gather(run).missing}
    assert re.fullmatch(
        r"expected 146 predictions, the selected trial of WNLI, \w{12}, has 140",
        found["WNLI"],
    )


def test_a_wholly_failed_task_is_missing(tmp_path):
    run = made(tmp_path, fail=6)
    found = {missing.file.label: missing.why for missing in gather(run).missing}
    assert found["WNLI"] == "no configuration of WNLI finished on every seed"
    assert chosen_trial(gather(run).grids["WNLI"]) is None
    with pytest.raises(InputError, match="expected test predictions, found none"):
        write_submission(gather(run), tmp_path / "none.zip")


def test_a_task_trained_on_a_part_says_so(tmp_path):
    run = made(tmp_path)
    why = "WNLI: only train_partial.tsv is there"
    run.write_run(run.run() | {"partial": {"WNLI": why}})
    assert gather(run).files[0].notes == (why,)


@pytest.mark.parametrize("model", ["whole-word", "bbbb", "b" * 64])
def test_a_checkpoint_is_named_by_what_tells_it_from_the_other(tmp_path, model):
    run = made(tmp_path, checkpoints=(Checkpoint(), WHOLE_WORD))
    assert gather(run, model).checkpoint["sha256"] == "b" * 64


@pytest.mark.parametrize("model", [None, "BERT-Tiny", "bbb", "mine"])
def test_a_name_of_none_or_two_is_refused(tmp_path, model):
    run = made(tmp_path, checkpoints=(Checkpoint(), WHOLE_WORD))
    with pytest.raises(InputError, match=r"whole-word masking, bbbbbbbbbbbb\); name"):
        gather(run, model)


def test_sample_data_are_not_submitted(tmp_path):
    run = made(tmp_path, sample=True)
    with pytest.raises(InputError, match="found a run on sample data"):
        gather(run)


def copied(run, tmp_path):
    return RunDirectory(shutil.copytree(run.path, tmp_path / "run"))
