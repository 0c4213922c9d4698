"""A training step in a process of its own, made one at a time on demand.

Frameworks that share a process share its threads and its memory, to the cost of some:
each way is measured as its users run it, alone in its process, and waits without work
while the others have their turns.
"""

import multiprocessing
import warnings

from suite.peer_steps import WAYS, Workload


class StepProcess:
    """The step of one way; it is compiled, and was made once, when this is there."""

    def __init__(self, way: str, workload: Workload):
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, way, workload), daemon=True
        )
        self._process.start()
        theirs.close()
        self.first_loss = self._answer()

    def step(self) -> float:
        """Make one step; returns its loss."""
        self._connection.send(True)
        return self._answer()

    def close(self) -> None:
        """Let the process end."""
        self._connection.close()
        self._process.join()

    def _answer(self) -> float:
        try:
            return self._connection.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(
                f"the process of the step ended with {self._process.exitcode}"
            ) from None


def _serve(connection, way: str, workload: Workload) -> None:
    """Make a step whenever asked, until nobody is there to ask."""
    warnings.simplefilter("ignore")  # what the peers say of themselves
    step = WAYS[way].make(workload)
    try:
        connection.send(step())
        while connection.recv():
            connection.send(step())
    except (EOFError, BrokenPipeError):
        pass
