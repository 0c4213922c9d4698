"""Text to TFRecords as the verb `instances` does it, shown as it goes.

Either all files pooled, dealt out over the outputs, as the original does; or a shard
for each file, in parallel. Not here: what a shard is (suite/sharding.py) and what its
text is checked for (suite/corpus_check.py).
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from reference.instances import InstanceSettings
from reference.shards import write_shard
from reference.tokenization import Tokenizer
from suite.corpus_check import check_pooled
from suite.jobs import Job, or_failure
from suite.local_executor import LocalExecutor
from suite.progress import Bars, bars
from suite.sharding import Inspected, Shards, inspection_jobs, shard_jobs


def make_pooled(
    inputs: Sequence[Path],
    outputs: Sequence[Path],
    tokenizer: Tokenizer,
    settings: InstanceSettings,
    least_documents: int,
    console: Console,
) -> None:
    """Make one shard of all inputs; InputError for text that will not do."""
    with bars(console) as shown:
        shown.update("checking text", 0, 1)
        check_pooled(inputs, outputs, settings, least_documents)
        shown.update("checking text", 1, 1)
        counts = write_shard(
            inputs,
            outputs,
            tokenizer,
            settings,
            lambda done, total: shown.update("instances", done, total, "passes"),
        )
    _say(counts, ", ".join(map(str, outputs)), console)


def make_shards(shards: Shards, workers: int, console: Console) -> None:
    """Make what is not there of the shards, once all text has been checked."""
    number = len(shards.inputs)
    with (
        tempfile.TemporaryDirectory() as logs,
        LocalExecutor(min(workers, number), Path(logs)) as executor,
        bars(console) as shown,
    ):
        jobs = shard_jobs(shards, _inspected(shards, executor, shown))
        if len(jobs) < number:
            console.print(f"{number - len(jobs)} of {number} are there.")
        for sidecar in _made(shards, jobs, executor, shown):
            path = shards.directory / sidecar["output"]["name"]
            _say(sidecar["counts"], str(path), console)


def _inspected(shards: Shards, executor: LocalExecutor, shown: Bars) -> list[Inspected]:
    found: list[Inspected] = []
    number = len(shards.inputs)
    shown.update("checking text", 0, number, "files")
    jobs = inspection_jobs(shards)
    for event in or_failure(executor.run(jobs), f"{shards.directory}: checking text"):
        found.append(event.value)
        shown.update("checking text", len(found), number, "files")
    return found


def _made(
    shards: Shards, jobs: Sequence[Job], executor: LocalExecutor, shown: Bars
) -> Iterator[dict]:
    """The sidecars of the shards as they are finished."""
    done_of = {job: 0.0 for job in jobs}
    words = sum(job.cost for job in jobs)
    for event in or_failure(executor.run(jobs), f"{shards.directory}: making shards"):
        if event.kind == "done":
            yield event.value
            continue
        done, total = event.value
        done_of[event.job] = event.job.cost * done / total
        shown.update("instances", sum(done_of.values()), words, "words")


def _say(counts: dict[str, int], where: str, console: Console) -> None:
    console.print(
        f"{counts['instances']:,} instances, {counts['tokens']:,} tokens, "
        f"{counts['predictions']:,} predictions in {where}",
        highlight=False,
    )
