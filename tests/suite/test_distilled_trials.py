"""Students of a teacher, on a model of one layer and tasks of 48 rows."""

import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from suite import distilled_trials, fine_tuned_checkpoint, teacher
from suite.distilled_trials import run_distilled_stack
from suite.fine_tuned_checkpoint import fine_tune, planned
from suite.glue_files import read_examples
from suite.plan import Grid, form_stacks, grid_trials
from suite.sources import entries
from suite.tasks import TASKS
from suite.teacher import Lesson, answers, ask_known, ask_part, part_count, softened
from suite.transfer_texts import DistilledSources
from suite.trials import Stack, run_stack
from tests.suite.miniature import ROWS

NAME = "distilled-00000000"
# A rate at which all of them learn what the word tells.
LEARNING = Grid((16,), (3e-3,), epochs=60)


@pytest.fixture(scope="module")
def taught(miniature, tmp_path_factory):
    """A teacher that has learnt SST-2, and how it was made."""
    work = tmp_path_factory.mktemp("teacher")
    glue = replace(miniature.glue, tasks=("SST-2",), test_labels=None)
    stack = planned(miniature.checkpoint_dir, glue, LEARNING, work)
    result = fine_tune(stack, work / "made", {}, print)
    return work / "made", result


def stack_of(
    miniature, taught, glue=None, variation=NAME, grid=None, **sources
) -> Stack:
    glue = glue or miniature.glue
    glue = replace(glue, tasks=("SST-2",), test_labels=None)
    (entry,) = entries([miniature.checkpoint], glue)
    own = {f.name: getattr(entry.sources, f.name) for f in fields(entry.sources)}
    given = DistilledSources(**own | {"teacher": taught[0]} | sources)
    grid = replace(grid or Grid((16,), (1e-3,), epochs=1), variations=(variation,))
    (stack,) = form_stacks(replace(entry, sources=given), grid_trials(entry, grid), 4)
    return stack


def run(stack: Stack):
    return run_distilled_stack(stack, lambda said: None)


def accuracy(result) -> float:
    return result.scores["dev"]["accuracy"]


THREE_STANDARD_ERRORS = 3 * np.sqrt(0.25 / ROWS["dev"])


def test_a_teachers_answers_are_its_softmax_and_kept(miniature, taught, tmp_path):
    stack = stack_of(miniature, taught, cache=tmp_path)
    lesson = Lesson(stack.sources, "SST-2", 128)
    found = answers(lesson)
    assert found.shape == (ROWS["train"], 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    # It learnt these texts.
    known = stack_labels(stack)
    assert (found.argmax(axis=1) == known).mean() > 0.5 + THREE_STANDARD_ERRORS
    assert ask_known(lesson, print)["dev"] == pytest.approx(taught[1].scores["dev"])
    np.testing.assert_array_equal(answers(lesson), found)


def stack_labels(stack: Stack) -> np.ndarray:
    return read_examples(stack.sources.glue_dir, TASKS[stack.task], "train").labels


def test_parts_are_the_whole(miniature, taught, tmp_path, monkeypatch):
    """A part that is kept is not computed again, and the others only once."""
    stack = stack_of(miniature, taught, cache=tmp_path / "one")
    whole = answers(Lesson(stack.sources, "SST-2", 128))
    monkeypatch.setattr(teacher, "PART", 20)
    assert part_count(48) == 3
    lesson = Lesson(replace(stack.sources, cache=tmp_path / "parts"), "SST-2", 128)
    assert [ask_part(lesson, number, print) for number in range(3)] == [20, 20, 8]
    monkeypatch.setattr(teacher, "_logits", None)  # nobody is asked again
    np.testing.assert_allclose(answers(lesson), whole, rtol=1e-5)


def test_softened_scores_are_scores():
    np.testing.assert_array_equal(softened(np.array([[1.5], [4.0]])), [1.5, 4.0])
    huge = softened(np.array([[1e4, 0.0], [0.0, 0.0]], np.float32))
    np.testing.assert_array_equal(huge, [[1, 0], [0.5, 0.5]])


def test_a_student_learns_what_the_teacher_knows(miniature, taught):
    (result,) = run(stack_of(miniature, taught, grid=LEARNING))
    assert accuracy(result) > 0.5 + THREE_STANDARD_ERRORS
    assert len(result.losses) == 60
    assert result.degenerate is None


def test_labels_are_not_looked_at(miniature, taught, tmp_path):
    """With the labels of the train split turned over: the very same student."""
    shutil.copytree(miniature.glue.directory, tmp_path / "glue")
    path = tmp_path / "glue/SST-2/train.tsv"
    header, *rows = path.read_text().splitlines()
    turned = [row[:-1] + {"0": "1", "1": "0"}[row[-1]] for row in rows]
    path.write_text("\n".join([header, *turned]) + "\n")
    other = replace(miniature.glue, directory=tmp_path / "glue")
    (usual,), (blind,) = (
        run(stack_of(miniature, taught, glue)) for glue in (None, other)
    )
    assert blind.losses == usual.losses
    np.testing.assert_array_equal(blind.predictions["dev"], usual.predictions["dev"])


def test_students_are_stacked(miniature, taught):
    grid = Grid((16,), (1e-2, 1e-3), epochs=1)
    together = run(stack_of(miniature, taught, grid=grid))
    (alone,) = run(stack_of(miniature, taught))
    assert [len(together), together[1].ran["stack"]] == [2, 2]
    np.testing.assert_allclose(together[1].losses, alone.losses, rtol=1e-4)
    assert together[0].losses != together[1].losses


def test_files_of_the_same_texts_teach_the_same(miniature, taught, tmp_path):
    _, *rows = (miniature.glue.directory / "SST-2/train.tsv").read_text().splitlines()
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(row.split("\t")[0] for row in rows))
    (own,), (given,) = (
        run(stack_of(miniature, taught, **more)) for more in ({}, {"transfer": (path,)})
    )
    assert given.losses == own.losses
    assert given.scores == own.scores


def test_then_fine_tuning_goes_on_from_what_was_distilled(miniature, taught):
    short = replace(LEARNING, epochs=30)
    (plain,) = run(stack_of(miniature, taught, variation="", grid=short))
    (distilled,) = run(stack_of(miniature, taught, grid=short))
    said = []
    stack = stack_of(miniature, taught, grid=short, then_fine_tune=True)
    (both,) = run_distilled_stack(stack, said.append)
    assert both.losses[:30] == pytest.approx(distilled.losses, rel=1e-4)
    assert len(both.losses) == 60
    assert both.losses[30] < 0.5 * plain.losses[0]
    assert accuracy(both) > 0.5 + THREE_STANDARD_ERRORS
    parts = [step / steps for step, steps in said]
    assert parts == sorted(parts)
    assert parts[0] < 0.5 < parts[-1] <= 1


def test_without_a_variation_it_is_the_sweeps_own(miniature, taught):
    stack = stack_of(miniature, taught, variation="")
    (own,), (found,) = run_stack(stack, print), run(stack)
    assert (found.losses, found.scores) == (own.losses, own.scores)


def test_a_student_that_diverges_has_no_score(miniature, taught):
    grid = Grid((16,), (1e38,), epochs=1)
    for more in ({}, {"then_fine_tune": True}):
        (result,) = run(stack_of(miniature, taught, grid=grid, **more))
        assert "not a number" in result.diverged
        assert result.scores == {}


def test_a_fine_tuned_checkpoint_is_whole(miniature, taught):
    """In our layout, with what it scores; a teacher of itself finds the same."""
    found = read_checkpoint(taught[0])
    assert found.parts == ("encoder", "pooler", "classifier")
    assert found.config == miniature.checkpoint.config
    assert found.tokenizer.sha256 == miniature.checkpoint.tokenizer.sha256
    made = found.description[fine_tuned_checkpoint.KEY]
    assert made["scores"] == taught[1].scores
    assert (made["task"], made["batch_size"], made["seed"]) == ("SST-2", 16, 1)
    assert made["from"]["sha256"] == miniature.checkpoint.sha256
    for name, before in miniature.checkpoint.weights.items():
        assert found.weights[name].shape == before.shape, name
        assert np.any(found.weights[name] != before), name


@pytest.fixture(autouse=True)
def forgotten():
    """Tests write over what a worker takes for the same as long as it lives."""
    yield
    for cached in (distilled_trials._taught, teacher._texts, teacher._about):
        cached.cache_clear()
