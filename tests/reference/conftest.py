"""The small goldens of the original, which travel with the project."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"


@pytest.fixture(scope="session")
def golden():
    """model_small: its config and arrays; the inputs with a trial axis of one."""
    from reference.configuration import BertConfig
    from reference.pretraining import one_trial

    folder = DATA / "model_small"
    arrays = {
        name: dict(np.load(folder / f"{name}.npz"))
        for name in ("weights", "inputs", "outputs", "gradients", "training")
    }
    arrays["inputs"] = one_trial(arrays["inputs"])
    config = BertConfig.from_file(folder / "bert_config.json")
    return SimpleNamespace(folder=folder, config=config, **arrays)
