"""What each saving of fine-tuning gains: a run with all of them, and without each.

    tox -e benchmark -- -k savings --glue-dir DIR --checkpoint DIR

Each changes nothing but time (tests/reference/test_finetuning.py). Four stacked trials
of some hundred examples; programs are compiled before they are timed. The ways take
turns; the ratios of their medians are printed at the end (suite/savings.py).
"""

import dataclasses

import pytest

from suite.savings import ALL
from suite.tasks import TASKS
from suite.trials import Sources

TRIALS = 4
ROWS = 256
CASES = [("CoLA", 8), ("CoLA", 32), ("MRPC", 8), ("MRPC", 32)]
# What makes a run do without one: a row for every example, every word at every step, a
# call for every step.
SETTINGS = {
    "packing": ("reference.packing.TOKENS_OF_SHORT_EXAMPLE", 512),
    "words that wait": ("reference.calls.USUAL_ROWS", 2**20),
    "many steps a call": ("reference.calls.STEPS", 1),
}


@pytest.fixture
def given(request):
    """The checkpoint's directory and GLUE's."""
    places = [request.config.getoption(name) for name in ("checkpoint", "glue_dir")]
    if None in places:
        pytest.skip("needs --glue-dir DIR and --checkpoint DIR")
    return places


@pytest.mark.parametrize("without", [ALL, *SETTINGS])
@pytest.mark.parametrize(("task", "batch_size"), CASES)
def test_savings(benchmark, monkeypatch, given, task, batch_size, without):
    """An epoch of the first examples."""
    from reference.finetuning import FineTuner, Recipe
    from reference.heads import classifier

    if without in SETTINGS:
        monkeypatch.setattr(*SETTINGS[without])
    checkpoint, data = first_examples(*given, task)
    tuner = FineTuner(checkpoint.config, classifier(data.outputs), TRIALS)
    recipe, rates, seeds = Recipe(batch_size, epochs=1), [1e-4] * TRIALS, [1] * TRIALS
    benchmark.pedantic(
        tuner.run,
        (checkpoint.weights, data, recipe, rates, seeds),
        rounds=3,
        warmup_rounds=1,
    )
    about = {"without": without, "saving_task": task, "batch_size": batch_size}
    benchmark.extra_info.update(about, steps=ROWS // batch_size * TRIALS)


def first_examples(directory, glue_dir, task: str):
    """The checkpoint, and the beginning of a task, with nothing to predict."""
    from reference.checkpoint import read_checkpoint
    from reference.features import Features
    from suite.task_cache import TaskSource, tokenised_task

    checkpoint = read_checkpoint(directory)
    source = TaskSource(
        Sources(directory, glue_dir), TASKS[task], checkpoint.tokenizer, 128
    )
    data = tokenised_task(source).data
    whole = data.train
    columns = whole.input_ids, whole.segment_ids, whole.lengths
    train = Features(*(column[:ROWS] for column in columns))
    return checkpoint, dataclasses.replace(
        data, train=train, labels=data.labels[:ROWS], evaluated={}
    )
