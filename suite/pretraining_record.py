"""What is kept of a pre-training in results/pretraining/: its metrics, its making.

    run.json       command, commit, machine, versions, trials, settings, text; what
                   was measured on held-out text at the end
    metrics.jsonl  the lines that the run wrote

Checkpoints are no part of it. Not here: the page made of it, see
pretraining_report.py.
"""

import json
from dataclasses import asdict
from pathlib import Path

from reference.checkpoint import DESCRIPTION_FILE
from reference.files import written_whole
from reference.json_files import read_json_object
from reference.run_state import METRICS_FILE
from suite import environment
from suite.pretraining_run import PretrainingRun

RUN_FILE = "run.json"


def write_record(
    directory: Path, run: PretrainingRun, commit: str, metrics: list[dict]
) -> None:
    """Keep a finished run in `directory`; `commit` is what it began with."""
    directory.mkdir(parents=True, exist_ok=True)
    with written_whole(directory / METRICS_FILE, "wb") as file:
        file.write((run.directory / METRICS_FILE).read_bytes())
    # None is there when the run was stopped early, as asked.
    found = next(run.directory.rglob(DESCRIPTION_FILE), None)
    made = read_json_object(found) if found else {}
    record = {
        "command": environment.command(),
        "commit": commit,
        "machine": environment.machine(),
        "ran_on": made.get("ran_on"),
        "versions": environment.versions(),
        "model": run.model,
        "trials": [trial.name for trial in run.trials],
        "text": [
            {
                "files": [path.name for path in phase.paths],
                "num_train_steps": phase.num_train_steps,
                "batch_size": phase.batch_size,
            }
            for phase in run.phases
        ],
        "max_seq_lengths": made.get("max_seq_lengths"),
        "instances": made.get("instances"),
        "settings": asdict(run.settings),
        "held_out": metrics,
    }
    with written_whole(directory / RUN_FILE) as file:
        file.write(json.dumps(record, indent=2) + "\n")
