"""Where jobs are run: in processes of this machine, or on a Ray cluster."""

from contextlib import AbstractContextManager
from pathlib import Path

from suite.jobs import Executor, Resources
from suite.local_executor import LocalExecutor

EACH_A_CORE = Resources()


def open_executor(
    workers: int,
    logs: Path,
    ray: str | None = None,
    resources: Resources = EACH_A_CORE,
) -> AbstractContextManager[Executor]:
    """The executor for the options `--workers`, `--ray` and a worker's resources.

    Without `ray`, `workers` processes of this machine, whose output goes to `logs`.
    With `ray`, a cluster's address ("HOST:PORT", or "auto" for the one this machine is
    in), as many workers as their `resources` fit into it; "local" begins a Ray of
    `workers` cores on this machine. InputError when Ray is not installed or the cluster
    does not answer.
    """
    if ray is None:
        return LocalExecutor(workers, logs)
    from suite.ray_executor import RayExecutor

    return RayExecutor(ray, workers, logs, resources)
