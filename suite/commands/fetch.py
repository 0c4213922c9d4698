"""`python -m suite fetch glue|squad|checkpoint`: data and checkpoints from the network.

No other verb opens a connection, but for one to a Ray cluster where --ray names it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from reference.errors import InputError
from suite.options import console, listed, number_option, say
from suite.progress import bars

fetch = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Fetch GLUE, SQuAD 1.1 or released checkpoints. Whatever arrives is checked; "
    "stopped at any moment, the same command goes on. HTTPS_PROXY and NO_PROXY are "
    "heeded.",
)

To = Annotated[
    Path,
    typer.Option(
        "--to",
        metavar="DIR",
        file_okay=False,
        help="Where it goes; fetched.json there records what was fetched.",
    ),
]
TaskNames = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        "--tasks",
        metavar="NAME...",
        help="Tasks, one or more.  [default: all nine, and AX]",
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="BERT-Tiny, -Mini, -Small, -Medium, or as the original calls it: "
        "uncased_L-2_H-128_A-2, wwm_cased_L-24_H-1024_A-16, …",
    ),
]
Mirror = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="URL",
        help="A mirror, which has the files at URL/NAME; all is checked all the same.",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Fetch and replace what is there, too.")
]
Timeout = Annotated[
    float, number_option("Seconds of silence after which it is asked again.", 0.1)
]
Tries = Annotated[int, number_option("Requests in a row that may bring nothing.", 1)]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


@dataclass(frozen=True)
class _Asked:
    """What the three have in common."""

    directory: Path
    mirror: str | None
    force: bool
    timeout: float
    tries: int
    as_json: bool


@fetch.command("glue")
def fetch_glue(
    to: To,
    task: TaskNames = None,
    mirror: Mirror = None,
    force: Force = False,
    timeout: Timeout = 30.0,
    tries: Tries = 5,
    as_json: Json = False,
) -> None:
    """Fetch GLUE in its official layout, DIR/TASK/train.tsv; MRPC's split is made."""
    from suite.fetching.data import glue_pieces
    from suite.tasks import TASKS

    names = [name for names in task or [",".join(TASKS)] for name in listed(names)]
    asked = _Asked(to, mirror, force, timeout, tries, as_json)
    _fetch(glue_pieces(names), asked)


@fetch.command("squad")
def fetch_squad(
    to: To,
    mirror: Mirror = None,
    force: Force = False,
    timeout: Timeout = 30.0,
    tries: Tries = 5,
    as_json: Json = False,
) -> None:
    """Fetch SQuAD 1.1: DIR/train-v1.1.json and DIR/dev-v1.1.json."""
    from suite.fetching.data import squad_pieces

    _fetch(squad_pieces(), _Asked(to, mirror, force, timeout, tries, as_json))


@fetch.command("checkpoint")
def fetch_checkpoint(
    names: Names,
    to: To,
    mirror: Mirror = None,
    force: Force = False,
    timeout: Timeout = 30.0,
    tries: Tries = 5,
    as_json: Json = False,
) -> None:
    """Fetch released checkpoints, each into a directory of its own name in DIR.

    There are 24 compact ones and two with whole-word masking. No sums of them are
    published: vocabulary, config, variables and their CRCs are checked instead, and
    what was fetched first is what later fetches into DIR are compared with.
    """
    from suite.fetching.checkpoint import checkpoint_piece, release_named

    releases = dict.fromkeys(release_named(name) for name in names)
    pieces = [_quiet(checkpoint_piece(release)) for release in releases]
    asked = _Asked(to, mirror, force, timeout, tries, as_json)
    _fetch(pieces, asked)


def _quiet(piece):
    """The same `suite.fetching.fetch.Piece`, made without a word of TensorFlow's."""
    from suite.commands.checkpoint import without_words_of_libraries

    def fill(files, into):
        with without_words_of_libraries():
            return piece.fill(files, into)

    return replace(piece, fill=fill)


def _fetch(pieces: Sequence, asked: _Asked) -> None:
    """Fetch pieces of that kind, and say what is there, even if one is not."""
    from suite.fetching.download import Patience, Way
    from suite.fetching.fetch import fetch as fetched_pieces

    if asked.mirror is not None and not _is_address(asked.mirror):
        raise InputError(
            f"--from: expected an address that begins with http:// or https://, found "
            f"{asked.mirror!r}"
        )
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    fetched = []
    try:
        with bars(Console(stderr=True)) as shown:
            patience = Patience(seconds=asked.timeout, attempts=asked.tries)
            way = Way(asked.mirror, patience, _progress(shown))
            made = fetched_pieces(pieces, asked.directory, date, way, force=asked.force)
            fetched.extend(made)
    finally:
        _say(fetched, asked.as_json)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _progress(shown):
    """Tells `bars` of bytes, in a unit that suits their number."""

    def update(name: str, done: int, total: int) -> None:
        units = ((1e7, "MB", 1e6), (1e4, "kB", 1e3), (0, "bytes", 1))
        unit, size = next((unit, size) for least, unit, size in units if total >= least)
        shown.say("checking" if done >= total else "")
        shown.update(name, done / size, round(total / size), unit)

    return update


def _say(fetched: Sequence, as_json: bool) -> None:
    if as_json:
        said = [
            {
                "path": str(one.path),
                "new": one.is_new,
                "downloads": {name: asdict(d) for name, d in one.downloads.items()},
                "notes": list(one.notes),
            }
            for one in fetched
        ]
        console.print_json(json.dumps(said))
        return
    for one in fetched:
        state = "fetched" if one.is_new else "there already, as it was fetched"
        lines = [f"{one.path}: {state}"]
        for name, download in one.downloads.items():
            lines.append(
                f"  {name}, {download.bytes:,} bytes, SHA-256 {download.sha256} "
                f"({download.sum})"
            )
        lines += [f"  {note}" for note in one.notes]
        for line in lines:
            say(line)
