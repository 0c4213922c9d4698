"""An executor without workers: jobs are done here, where everything is loaded."""

from collections.abc import Iterator, Sequence

from suite.jobs import Event, Job, event_of, perform


class InProcess:
    """Stands for any executor; Ctrl-C comes after so many jobs, if that is given."""

    def __init__(self, stopped_after: int | None = None):
        self.left = stopped_after
        self.jobs: list[str] = []

    def __call__(self, *_, **__) -> "InProcess":
        return self

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_) -> None:
        pass

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        for job in jobs:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = self.left and self.left - 1
            self.jobs.append(job.function.__name__)
            said = []
            perform(job.function, job.arguments, said.append)
            for kind, value in said:
                yield event_of(job, kind, value)
