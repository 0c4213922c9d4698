"""Metrics of a run as TensorBoard reads them, one folder a trial.

Event files are TensorFlow's own format, and it writes them: it must be installed, also
where the model runs on JAX.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from reference.errors import InputError


def metrics_writer(directory: Path, trials: Sequence[str]) -> Callable[[dict], None]:
    """A function that takes a line of `metrics.jsonl` and adds it to the event files.

    InputError where TensorFlow is not installed.
    """
    try:
        import tensorflow as tf
    except ImportError as error:
        raise InputError(
            "--tensorboard: expected TensorFlow, which writes its files; install the "
            "group tensorflow, or leave the option away: metrics.jsonl has the same"
        ) from error
    writers = [tf.summary.create_file_writer(str(directory / name)) for name in trials]

    def write(line: dict) -> None:
        for trial, writer in enumerate(writers):
            values = {"loss": line["loss"][trial]}
            values["learning_rate"] = line["learning_rate"]
            values |= line.get("held_out", [{}] * len(writers))[trial]
            with writer.as_default(step=line["step"]):
                for name, value in values.items():
                    tf.summary.scalar(name, value)
            writer.flush()

    return write
