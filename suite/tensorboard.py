"""Metrics of a run as TensorBoard reads them, one folder a trial."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tensorboardX import SummaryWriter

FLUSH_SECONDS = 10


@contextmanager
def metrics_writer(
    directory: Path, trials: Sequence[str]
) -> Iterator[Callable[[dict], None]]:
    """A function that takes a line of `metrics.jsonl` and adds it to event files."""
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                SummaryWriter(str(directory / name), flush_secs=FLUSH_SECONDS)
            )
            for name in trials
        ]

        def write(line: dict) -> None:
            for trial, writer in enumerate(writers):
                values = {"loss": line["loss"][trial]}
                values["learning_rate"] = line["learning_rate"]
                values |= line.get("held_out", [{}] * len(writers))[trial]
                for name, value in values.items():
                    writer.add_scalar(name, value, line["step"])

        yield write
