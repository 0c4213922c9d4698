"""What several tests need: the original's own numbers, and texts on disk.

The small ones of the numbers travel with the project.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
# Updates that were made before the session had incremented the step; see below.
READ_IN_TIME = {"model_small": [], "model": [23]}


@pytest.fixture(scope="session")
def golden():
    """The small model: its config and arrays; inputs with a trial axis of one."""
    return recorded_run(DATA / "model_small", DATA / "finetune_small")


@pytest.fixture(scope="session", params=["small", "full-size"])
def original(request):
    """The small model and, where the shared material is there, the larger one."""
    if request.param == "small":
        return request.getfixturevalue("golden")
    goldens = request.getfixturevalue("shared") / "goldens"
    return recorded_run(goldens / "model", goldens / "finetune")


@pytest.fixture
def corpus(tmp_path):
    """Writes one text and returns its path."""

    def write(content, name="corpus.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def recorded_run(folder: Path, fine_tuning: Path) -> SimpleNamespace:
    """What ORIGIN.md lists; `fine_tuning` by the graph that it was recorded with."""
    from reference.configuration import BertConfig
    from reference.optimization import Clipping

    arrays = {
        name: dict(np.load(folder / f"{name}.npz"))
        for name in ("weights", "inputs", "outputs", "gradients", "training")
    }
    arrays["inputs"] = {name: value[None] for name, value in arrays["inputs"].items()}
    labels = arrays["inputs"]["next_sentence_labels"]
    arrays["inputs"]["next_sentence_labels"] = labels.reshape(1, -1)
    arrays["training"]["steps"] = schedule_steps(
        arrays["training"], READ_IN_TIME[folder.name]
    )
    runs = {
        clipping: dict(np.load(fine_tuning / f"{name}.npz"))
        for clipping, name in (
            (Clipping.ONE_HOT, "one_hot"),
            (Clipping.LOOKUP, "lookup"),
        )
    }
    for run in runs.values():
        run["steps"] = schedule_steps(run)
    config = BertConfig.from_file(folder / "bert_config.json")
    return SimpleNamespace(folder=folder, config=config, fine_tuning=runs, **arrays)


def schedule_steps(run: dict, read_in_time=()) -> list[int]:
    """At which step of its schedule each of a recorded run's updates was.

    The session that recorded was free to read the step before or after it incremented
    it, and read it after: the first update has the rate of step 1, not of step 0. Only
    in the full-size pre-training run did it once read it in time: its losses are ours
    within float32 if update 23 has the rate of step 23, and ninety times as far off if
    that update has the rate of step 24 or if another one near it was the odd one.
    """
    count = int(run["num_train_steps"])
    return [step if step in read_in_time else step + 1 for step in range(count)]
