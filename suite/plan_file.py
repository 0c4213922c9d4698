"""`plan.json`: the stacks of a sweep, so that a resumed one forms them again.

What one program trains together can move a trial's numbers within rounding, which
training then amplifies; a sweep that is stopped and resumed, on another machine even,
therefore runs the stacks it was planned with. A stack that was too large for the memory
at hand is replaced there by its halves.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.plan import Entry, form_stacks, halves
from suite.records import Trial
from suite.stack_size import StackSize
from suite.trials import Stack

# The trials of a stack, by their ids.
Ids = tuple[str, ...]


class PlanFile:
    """The stacks of a run directory; `stack` is the size asked for, if one was."""

    def __init__(self, directory: Path, stack: int | None = None):
        self._path = directory / "plan.json"
        self._stacks: list[Ids] = []
        self._notes: dict[Ids, dict] = {}
        self._changed = False
        self.stack = stack
        if self._path.exists():
            self._read(stack)

    def stacks(
        self, entry: Entry, trials: Sequence[Trial], size: StackSize
    ) -> list[Stack]:
        """These trials of one batch size as they are planned; the rest in new stacks.

        A planned stack counts where all of its trials are asked for.
        """
        left = {trial.id: trial for trial in trials}
        found = []
        for ids in self._stacks:
            if all(own in left for own in ids):
                own_trials = tuple(left.pop(own) for own in ids)
                found.append(Stack(entry.sources, entry.task.name, own_trials))
        if not left:
            return found
        most = self.stack or size(entry, trials[0].batch_size, len(left))
        new = form_stacks(entry, left.values(), most)
        for stack in new:
            self._add(stack)
        return found + new

    def halve(self, stack: Stack) -> None:
        """From now on two stacks in the place of this one."""
        self._stacks.remove(_ids(stack))
        for half in halves(stack):
            self._add(half)

    def write(self) -> None:
        """Keep the stacks, whole or not at all."""
        if not self._changed:
            return
        stacks = [self._notes[ids] | {"trials": ids} for ids in self._stacks]
        lines = ",\n".join(map(json.dumps, stacks))
        size = json.dumps(self.stack)
        with written_whole(self._path) as file:
            file.write(f'{{"stack": {size}, "stacks": [\n{lines}\n]}}\n')
        self._changed = False

    def _add(self, stack: Stack) -> None:
        self._changed = True
        self._stacks.append(_ids(stack))
        # For people: the trials' ids say it all.
        self._notes[_ids(stack)] = {
            "task": stack.task,
            "batch_size": stack.trials[0].batch_size,
        }

    def _read(self, asked: int | None) -> None:
        try:
            plan = json.loads(self._path.read_text(encoding="utf-8"))
            self.stack = plan["stack"]
            for stack in plan["stacks"]:
                ids = tuple(stack.pop("trials"))
                self._stacks.append(ids)
                self._notes[ids] = stack
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self._path}: expected the stacks of a sweep, found {error!r}; "
                "remove the file, and they are planned anew"
            ) from error
        if asked not in (None, self.stack):
            planned = f"--stack {self.stack}" if self.stack else "no --stack"
            raise InputError(
                f"{self._path}: the sweep was begun with {planned}, found --stack "
                f"{asked}; leave it away, or take another --run-dir"
            )


def _ids(stack: Stack) -> Ids:
    return tuple(trial.id for trial in stack.trials)
