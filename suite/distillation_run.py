"""A distillation in a run directory: a student fine-tuned, and taught, over one grid.

Both sides are trials of one checkpoint on one task: of no variation what is fine-tuned
on the labels, of a variation that is named after all that teaches it what is distilled.
So another teacher or other texts are further trials of the same run, and what was only
fine-tuned is not run again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from rich.console import Console

from reference.errors import InputError
from reference.files import file_sha256
from suite.distilled_trials import run_distilled_stack
from suite.executors import open_executor
from suite.fine_tuned_checkpoint import KEY
from suite.jobs import Job, or_failure
from suite.plan import Entry, Grid
from suite.progress import bars
from suite.recorded_sweep import (
    Begun,
    Execution,
    Places,
    complete,
    is_unfinished,
    say_what_is_left_out,
    worker_count,
)
from suite.records import RunDirectory
from suite.run_description import description, resumed
from suite.sources import (
    Glue,
    check_checkpoint,
    check_encoder,
    describe_checkpoint,
    entries,
    how_pretrained,
    scored_labels,
)
from suite.stack_size import measured
from suite.sweep import Sweep
from suite.tasks import Task
from suite.teacher import PART, Lesson, ask_known, ask_part, part_count
from suite.transfer_texts import DistilledSources, read_texts


@dataclass(frozen=True)
class Pupil:
    """Who learns from whom, and from which texts; none: those of the task itself."""

    student: Path
    teacher: Path
    transfer: tuple[Path, ...] = ()
    then_fine_tune: bool = False


def distil(
    places: Places,
    pupil: Pupil,
    glue: Glue,
    grid: Grid,
    execution: Execution,
    console: Console,
) -> None:
    """Run what the run directory lacks, and record what was run."""
    from reference.checkpoint import read_checkpoint

    (task,) = glue.runnable()
    student, teacher = map(read_checkpoint, (pupil.student, pupil.teacher))
    check_checkpoint(student, grid.max_seq_length)
    check_teacher(teacher, task, grid.max_seq_length)
    about = _described(pupil, teacher, task, glue)
    _check_texts(about, grid)
    grid = replace(grid, variations=("", about["variation"]))
    (plain,) = entries([student], glue, places.work / "tokenised")
    entry = _taught_entry(plain, pupil)
    run = RunDirectory(places.run)
    described = resumed(run, description([student], glue, grid))
    before = _before(run, described, about)
    work = Sweep(run, [entry], grid, execution.stack)
    say_what_is_left_out(glue, console)
    if is_unfinished(work, places) or not run.has_labels:
        if "scores" not in before[-1]:
            lesson = Lesson(entry.sources, task.name, grid.max_seq_length)
            texts = about["transfer"]["texts"]
            before[-1]["scores"] = _ask(lesson, texts, places, execution, console)
        run.write_labels(scored_labels(glue))
    begun = Begun(work, places, described | {"distillations": before})
    sized = measured if execution.may_accelerate else None
    complete(begun, grid, execution, console, sized)


def check_teacher(teacher, task: Task, max_seq_length: int) -> None:
    """InputError for one that was not fine-tuned on the task."""
    where = teacher.directory
    if "classifier" not in teacher.parts:
        raise InputError(
            f"{where}: expected a teacher fine-tuned on {task.name}, found "
            f"{', '.join(teacher.parts)} and no classifier; fine-tune it first: "
            f"python -m suite finetune --checkpoint {where} --task {task.name}"
        )
    outputs, found = task.outputs, len(teacher.weights["output_bias"])
    if found != outputs:
        raise InputError(
            f"{where}: expected a classifier of {_outputs(outputs)}, as {task.name} "
            f"has, found {_outputs(found)}; take a teacher fine-tuned on {task.name}"
        )
    own = teacher.description.get(KEY, {}).get("task", task.name)
    if own != task.name:
        raise InputError(
            f"{where}: expected a teacher fine-tuned on {task.name}, found one of "
            f"{own}; take another"
        )
    check_encoder(teacher, max_seq_length)


def _outputs(number: int) -> str:
    return "1 output" if number == 1 else f"{number} outputs"


def _described(pupil: Pupil, teacher, task: Task, glue: Glue) -> dict:
    """What run.json says of a distillation; its name is of all that can change it."""
    files = [(path.name, file_sha256(path)) for path in pupil.transfer]
    named = {
        "teacher": teacher.sha256,
        "transfer": [digest for _, digest in files],
        "then_fine_tune": pupil.then_fine_tune,
    }
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    count = glue.contents[task.name].train_rows
    if pupil.transfer:
        count = len(read_texts(pupil.transfer, task)[0])
    return {
        "variation": f"distilled-{digest[:8]}",
        "task": task.name,
        "teacher": describe_checkpoint(teacher) | _fine_tuned(teacher, task),
        "transfer": {
            "texts": count,
            "files": [{"name": name, "sha256": digest} for name, digest in files],
        },
        "then_fine_tune": pupil.then_fine_tune,
    }


def _fine_tuned(teacher, task: Task) -> dict:
    """How a teacher came to know the task, as far as it says."""
    made = teacher.description.get(KEY)
    if not made:
        return {}
    pretraining = teacher.description.get("pretraining", {})
    tuned = (
        f"fine-tuned here on {task.name}, batch {made['batch_size']}, "
        f"lr {made['learning_rate']:g}, seed {made['seed']}"
    )
    return {
        "description": "; ".join(filter(None, (how_pretrained(pretraining), tuned))),
        KEY: made,
        "pretraining": pretraining,
    }


def _check_texts(about: dict, grid: Grid) -> None:
    largest, found = max(grid.batch_sizes), about["transfer"]["texts"]
    if found < largest:
        raise InputError(
            f"--transfer: expected at least {largest} texts, one batch of the largest "
            f"size, found {found}; give more of them"
        )


def _taught_entry(plain: Entry, pupil: Pupil) -> Entry:
    """The same checkpoint and task, with what teaches it."""
    own = {f.name: getattr(plain.sources, f.name) for f in fields(plain.sources)}
    sources = DistilledSources(
        **own,
        teacher=pupil.teacher.resolve(),
        transfer=tuple(path.resolve() for path in pupil.transfer),
        then_fine_tune=pupil.then_fine_tune,
    )
    return replace(plain, sources=sources, job=run_distilled_stack)


def _before(run: RunDirectory, described: dict, about: dict) -> list[dict]:
    """The run's distillations with this one as the last, and as it was known there.

    InputError where the run is of another student or task, which would be other tables.
    """
    known = []
    if (run.path / "run.json").exists():
        known = run.run().get("distillations", [])
    students = [one["name"] for one in described["checkpoints"]]
    tasks = {one["task"] for one in (*known, about)}
    if len(students) > 1 or len(tasks) > 1:
        raise InputError(
            f"{run.path}: expected one student and one task in a run, found "
            f"{', '.join(students)} and {', '.join(sorted(tasks))}; name another "
            "directory"
        )
    same = [one for one in known if one["variation"] == about["variation"]]
    others = [one for one in known if one["variation"] != about["variation"]]
    return [*others, dict(same[0]) if same else about]


def _ask(
    lesson: Lesson,
    texts: int,
    places: Places,
    execution: Execution,
    console: Console,
) -> dict:
    """Have the teacher asked, its answers kept; its own scores by split."""
    logs = places.work / "logs"
    jobs: Sequence[Job] = [
        Job(ask_known, (lesson,), cost=PART),
        *(Job(ask_part, (lesson, number)) for number in range(part_count(texts))),
    ]
    workers = min(worker_count(execution, logs), len(jobs))
    console.print("Asking the teacher …")
    scores, done = {}, 0
    with (
        open_executor(workers, logs, execution.ray, execution.resources) as executor,
        bars(console) as shown,
    ):
        shown.update("asking", done, texts, "texts")
        for event in or_failure(executor.run(jobs), "asking the teacher"):
            if event.job.function is ask_known:
                scores = event.value
            else:
                done += event.value
                shown.update("asking", done, texts, "texts")
    return scores
