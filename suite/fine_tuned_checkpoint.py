"""One configuration on one task, whose weights are kept: a fine-tuned checkpoint.

A trial as the sweep runs it, in a worker of its own that writes the checkpoint, whole
or not at all, in the layout of reference/checkpoint.py: encoder, pooler, classifier. It
says what it was trained on and how, and what it scores; a run that was stopped begins
anew.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from reference.checkpoint import DESCRIPTION_FILE, read_checkpoint, write_checkpoint
from reference.errors import InputError
from reference.files import check_can_be_written, directory_written_whole
from reference.json_files import read_json_object
from suite import environment
from suite.jobs import Job, or_failure
from suite.local_executor import LocalExecutor
from suite.plan import Grid, grid_trials
from suite.progress import bars
from suite.sources import Glue, check_checkpoint, entries
from suite.tasks import TASKS
from suite.trials import Stack, TrialResult, now_and_then, pretrained, result_of, train

# Under which a checkpoint's description says how it was fine-tuned.
KEY = "fine_tuned"


def planned(checkpoint_dir: Path, glue: Glue, grid: Grid, work: Path) -> Stack:
    """The one trial of a grid of one configuration and one task; InputError if none."""
    checkpoint = read_checkpoint(checkpoint_dir)
    check_checkpoint(checkpoint, grid.max_seq_length)
    (entry,) = entries([checkpoint], glue, work / "tokenised")
    glue.check()
    return Stack(entry.sources, entry.task.name, tuple(grid_trials(entry, grid)))


def fine_tuned(directory: Path, stack: Stack) -> dict | None:
    """What the checkpoint in `directory` says of itself, if it is this trial's.

    None where there is nothing; InputError where there is something else.
    """
    if not directory.exists() or not any(directory.iterdir()):
        return None
    path = directory / DESCRIPTION_FILE
    found = (read_json_object(path) if path.exists() else {}).get(KEY, {})
    if found.get("trial") != stack.trials[0].id:
        raise InputError(
            f"{directory}: expected no such directory, found one that holds something "
            "else; name another --output-dir, or remove this one"
        )
    return found


def make(stack: Stack, directory: Path, work: Path, console: Console) -> TrialResult:
    """Fine-tune in a worker, and show it."""
    check_can_be_written(directory)
    job = Job(fine_tune, (stack, directory.resolve(), how_typed()))
    console.print(f"Fine-tuning on {stack.task} …")
    with (
        LocalExecutor(1, work / "logs", one_thread=False) as executor,
        bars(console) as shown,
    ):
        for event in or_failure(executor.run([job]), "fine-tuning"):
            if event.kind == "report":
                shown.update("fine-tuning", *event.value, "steps")
    return event.value


def how_typed() -> dict[str, str]:
    """The command that is running, and of which commit: what a worker cannot know."""
    return {"command": environment.command(), "commit": environment.commit()}


def fine_tune(
    stack: Stack, directory: Path, typed: Mapping[str, str], report
) -> TrialResult:
    """Job: train the one trial of a stack and write its checkpoint; but for one that
    diverged, of which nothing is kept."""
    labels, outcome = train(stack, now_and_then(report), keep_weights=True)
    result = result_of(
        TASKS[stack.task], labels, outcome, 0, sum(outcome.seconds.values())
    )
    if not result.diverged:
        source = pretrained(stack.sources.checkpoint)
        said = description(source, stack, typed, result)
        vocab = source.tokenizer.vocab
        with directory_written_whole(directory) as aside:
            write_checkpoint(aside, source.config, outcome.weights[0], vocab, said)
    return result


def description(
    source, stack: Stack, typed: Mapping[str, str], result: TrialResult
) -> dict:
    """How the checkpoint was made of `source`, and what it scores."""
    trial = asdict(stack.trials[0])
    settings = {key: trial[key] for key in _SETTINGS}
    return {
        "masking": source.masking,
        "lower_case": source.tokenizer.lower_case,
        KEY: {
            "task": stack.task,
            "trial": stack.trials[0].id,
            **settings,
            **typed,
            "scores": result.scores,
            "losses": result.losses,
            "degenerate": result.degenerate,
            "from": {"name": source.name, "sha256": source.sha256},
            "data": trial["data"],
        },
        "pretraining": source.description,
    }


_SETTINGS = (
    *("batch_size", "learning_rate", "seed", "epochs"),
    *("max_seq_length", "warmup_proportion"),
)
