"""Which kind of run a directory holds, by the verb that made it, and what it must say.

`run.json` is what people read first and edit; a report made of a run of another kind,
or of one that lacks what is asked, would mislead or end in a traceback.
"""

from collections.abc import Mapping

from reference.errors import InputError
from suite.records import RunDirectory

_CALL = ["python", "-m", "suite"]
# By verb; a verb that is not named makes no run on GLUE or SQuAD.
_KINDS = {"reproduce": "sweep", "sweep": "sweep", "squad": "squad"}
_KINDS |= {"knobs": "knobs", "distill": "distill", "pretrain": "pretrain"}
# Where the runs of a kind lie from which `report` makes a page.
_PLACES = {"squad": "squad", "knobs": "knobs", "distill": "distillation"}
_PLACES |= {"pretrain": "pretraining"}
_NEEDED = ("command", "commit", "device", "seeds", "checkpoints")


def kind_of(command: str) -> str:
    """Which kind of run a command made, "" where it does not say."""
    *call, verb = command.split()[:4] or [""]
    return _KINDS.get(verb, "") if call == _CALL else ""


def glue_run(directory: RunDirectory) -> Mapping:
    """What run.json says of a run on GLUE that a page can be made of.

    InputError for a run of another kind, without a trial, or that lacks something.
    """
    run = directory.run()
    kind = kind_of(run.get("command", "")) or "sweep"
    if kind != "sweep":
        raise InputError(
            f"{directory.path}: expected a run of sweep or reproduce, found one of "
            f"{kind}; a page is made of those in results/{_PLACES[kind]} by `python "
            "-m suite report`"
        )
    directory.stated(*_NEEDED)
    if not directory.has_trials:
        raise InputError(
            f"{directory.path}: expected trials, found none yet; run the command in "
            "its run.json to the end of at least one"
        )
    return run
