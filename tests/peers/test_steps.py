"""The peers' steps are the same task as ours: same loss before training, and it falls.

Run where the peers are installed (`tox -e peers`), skipped elsewhere.
"""

import importlib.util
import os

import pytest

from suite.peer_steps import WAYS, Workload

os.environ.setdefault("HF_HUB_OFFLINE", "1")

WORKLOADS = (
    Workload("BERT-Tiny", 4, 16, predictions=3),
    Workload("BERT-Tiny", 4, 16),
)


@pytest.mark.filterwarnings("ignore:Converting sparse IndexedSlices:UserWarning")
@pytest.mark.filterwarnings("ignore:Gradients do not exist for:UserWarning")
@pytest.mark.parametrize("way", ["ours", "transformers", "KerasHub"])
@pytest.mark.parametrize("workload", WORKLOADS, ids=str)
def test_a_step_trains(way, workload):
    for package in WAYS[way].packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    step = WAYS[way].make(workload)
    losses = [step() for _ in range(30)]
    untrained = workload.untrained_loss(next_sentence=way != "KerasHub")
    assert losses[0] == pytest.approx(untrained, abs=0.5)
    # Dropout makes single losses noisy.
    assert sum(losses[-5:]) < sum(losses[:5])
