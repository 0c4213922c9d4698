"""The command line: `python -m suite VERB`.

The verbs are in suite/commands/; here is what they have in common: how words become a
call, and how an error becomes one line. Exit code 0: done; 1: a check failed; 2: bad
usage or bad input. A traceback appears only with --debug.
"""

import os
import sys
import traceback
from collections.abc import Container, Sequence
from typing import Annotated

import typer

# What the libraries read when they are loaded, which the verbs do.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from reference.errors import InputError
from suite.commands.checkpoint import checkpoint
from suite.commands.compare import compare
from suite.commands.distill import distill
from suite.commands.doctor import doctor
from suite.commands.fetch import fetch
from suite.commands.finetune import finetune
from suite.commands.instances import instances
from suite.commands.knobs import knobs
from suite.commands.oddities import oddities
from suite.commands.pretrain import pretrain
from suite.commands.repeat import repeat
from suite.commands.report import report
from suite.commands.reproduce import reproduce
from suite.commands.squad import squad
from suite.commands.submit import submit
from suite.commands.sweep import sweep

# A verb or an option that keeps what is finished and goes on with the rest.
RESUMING = {
    *("pretrain", "sweep", "squad", "knobs", "distill", "reproduce", "fetch"),
    "--output-dir",
}
# A verb that keeps nothing before it is done.
BEGINNING_ANEW = {"finetune"}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Does a BERT checkpoint do what was published, and how sure can one be?",
)
for verb in (
    doctor,
    instances,
    oddities,
    pretrain,
    finetune,
    sweep,
    squad,
    knobs,
    distill,
    report,
    repeat,
    compare,
    reproduce,
    submit,
):
    app.command()(verb)
app.add_typer(checkpoint, name="checkpoint")
app.add_typer(fetch, name="fetch")


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Read by `main`, before a verb's own options."""


def main() -> None:
    """Run the command line; bad input becomes one line and exit code 2."""
    debug = "--debug" in sys.argv
    try:
        words = spread(sys.argv[1:], _repeatable(sys.argv[1:]))
        # Accepted before and after the verb.
        app([word for word in words if word != "--debug"])
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl-C
            print(f"Stopped.{_what_is_kept(set(sys.argv))}", file=sys.stderr)
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        line, code = _explained(error)
        print(line, file=sys.stderr)
        raise SystemExit(code) from None


def _what_is_kept(words: set[str]) -> str:
    """What to tell a user who stopped a command of these words."""
    if words & BEGINNING_ANEW:
        return " Nothing is kept; the same command begins anew."
    return " The same command goes on from here." if words & RESUMING else ""


def spread(words: Sequence[str], repeatable: Container[str]) -> list[str]:
    """`--input a b` (a shell's `--input *.txt`) as Typer has it, `--input` before each.

    The list of a repeatable option ends where a word begins with a hyphen.
    """
    option, said = None, []
    for word in words:
        if word.startswith("-"):
            option = word.partition("=")[0]
        elif option in repeatable and said[-1] != option:
            said.append(option)
        said.append(word)
    return said


def _repeatable(words: Sequence[str]) -> set[str]:
    """The options that may be given more than once to the verb that is typed."""
    command = typer.main.get_command(app)
    for word in words:  # a verb may have verbs under it
        command = getattr(command, "commands", {}).get(word, command)
    return {name for p in command.params if p.multiple for name in p.opts}


def _explained(error: Exception) -> tuple[str, int]:
    """What to tell the user, in one line, and the exit code."""
    if isinstance(error, InputError):
        return f"Error: {' '.join(str(error).splitlines())}", 2
    if isinstance(error, OSError) and error.filename:
        return f"Error: {error.filename}: {error.strerror}", 2
    first_line = (str(error).splitlines() or [""])[0]
    return f"Unexpected {type(error).__name__}: {first_line} (--debug shows where)", 1
