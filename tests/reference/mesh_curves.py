"""Loss curves of one training on several meshes of virtual devices, as JSON.

Run as a process of its own, since devices are made before a backend starts:
`python -m tests.reference.mesh_curves '[[1, 1], [2, 1, 4]]'`, each the devices of a
batch and of a stack, and how large the parts of a batch are, if it is divided. Where
the environment says that this is one of several hosts, it has one device.
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=" + (
    "1" if os.environ.keys() & {"TF_CONFIG", "KERAS_DISTRIBUTION_PROCESS_ID"} else "4"
)

import numpy as np

from reference.backend import building, join_hosts, name
from reference.devices import Mesh
from reference.heads import PreTrainingModel, pre_training_losses
from reference.pretraining_data import divided
from reference.training import Trainer
from reference.weights import initial_weights, weight_shapes
from tests.reference.miniature import CONFIG

DEVICES = int(os.environ["XLA_FLAGS"][-1])
TRIALS, BATCH, LENGTH, STEPS = 2, 8, 12, 6


def batch() -> dict[str, np.ndarray]:
    """Two trials of eight rows, which hide unlike numbers of tokens."""
    rng = np.random.default_rng(0)
    shape, masked = (TRIALS, BATCH, LENGTH), (TRIALS, BATCH, 3)
    weights = (np.arange(3) < rng.integers(1, 4, (TRIALS, BATCH, 1))).astype(np.float32)
    return {
        "input_ids": rng.integers(0, 40, shape).astype(np.int32),
        "input_mask": np.ones(shape, np.int32),
        "segment_ids": rng.integers(0, 2, shape).astype(np.int32),
        "masked_lm_positions": rng.integers(0, LENGTH, masked).astype(np.int32),
        "masked_lm_ids": rng.integers(0, 40, masked).astype(np.int32),
        "masked_lm_weights": weights,
        "masked_lm_total": weights.sum(axis=(1, 2)),
        "next_sentence_labels": rng.integers(0, 2, (TRIALS, BATCH)).astype(np.int32),
    }


def curve(mesh: Mesh, part: int | None = None) -> list[list[float]]:
    """The losses of every step, dropout and all, on a mesh."""
    data = batch()
    with building(mesh):
        model = PreTrainingModel(CONFIG, TRIALS)
        model(data)
        trainer = Trainer(
            model,
            lambda model, rows, mask: sum(
                pre_training_losses(model(rows, dropout=mask), rows)
            ),
            mesh=mesh,
        )
    shapes = weight_shapes(model)
    trainer.start([initial_weights(shapes, 0.1, seed) for seed in range(TRIALS)])
    losses = [
        trainer.step(divided(data, part), [1e-2, 3e-3], [1, 2], step).tolist()
        for step in range(STEPS)
    ]
    # What is saved is the whole, wherever it lay.
    trainer.restore(trainer.state())
    return [*losses, trainer.step(divided(data, part), [0, 0], [1, 2], 9).tolist()]


def make_virtual_devices() -> None:
    """Some processors of TensorFlow; JAX has read them from XLA_FLAGS."""
    if name() == "tensorflow":
        import tensorflow as tf

        (processor,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(
            processor, [tf.config.LogicalDeviceConfiguration() for _ in range(DEVICES)]
        )


if __name__ == "__main__":
    if DEVICES == 1:
        join_hosts()
    else:
        make_virtual_devices()
    asked = json.loads(sys.argv[1])
    print(json.dumps({str(one): curve(Mesh(*one[:2]), *one[2:]) for one in asked}))
