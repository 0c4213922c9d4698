"""Over which devices a training step is spread.

A batch is divided over the devices of a row (data parallelism: gradients are summed
over them), a stack of trials over the rows (nothing is summed: trials are independent).
What the devices are is said in accelerator.py; how a step is spread, in backend.py.
"""

from dataclasses import dataclass

from reference.errors import InputError


@dataclass(frozen=True)
class Mesh:
    """`batch` devices share each batch; `trials` such groups share the stack."""

    batch: int = 1
    trials: int = 1

    def __post_init__(self) -> None:
        if self.batch < 1 or self.trials < 1:
            raise InputError(
                f"devices: expected one or more, found {self.batch} × {self.trials}"
            )

    @property
    def size(self) -> int:
        return self.batch * self.trials

    def check(self, trials: int, batch_size: int) -> None:
        """InputError unless a stack and its batches divide evenly."""
        for what, count, shards in (
            ("trials", trials, self.trials),
            ("sequences of a batch", batch_size, self.batch),
        ):
            if count % shards:
                raise InputError(
                    f"expected {what} that divide evenly over {shards} devices, found "
                    f"{count}; choose a multiple of {shards}, or fewer devices"
                )


ONE_DEVICE = Mesh()
