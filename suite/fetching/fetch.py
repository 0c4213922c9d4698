"""What is fetched into a directory, piece by piece, each there whole or not at all.

Downloads lie in DIR/.fetching until they are whole and checked; what is made of them
is made in a directory aside and renamed; what was fetched is recorded beside it. One
fetch at a time works in a directory. Not here: which pieces there are (data.py,
checkpoint.py), the network (download.py), unpacking (unpack.py) and
the record (record.py).
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reference.errors import InputError
from reference.files import directory_written_whole, sync_directory
from suite.alone import alone_in
from suite.fetching.addresses import Address
from suite.fetching.download import Way, download
from suite.fetching.failures import without_password
from suite.fetching.record import Download, Record

WORK = ".fetching"

# Makes a directory of downloads, by name; what it returns is told to the user.
Fill = Callable[[Mapping[str, Path], Path], list[str]]


@dataclass(frozen=True)
class Piece:
    """A directory DIR/name that `fill` makes, or, without it, one file as it comes."""

    name: str
    addresses: tuple[Address, ...]
    fill: Fill | None = None


@dataclass(frozen=True)
class Fetched:
    """A piece that is there: its downloads, and what is to be said of it.

    `is_new` is false where it was there already, as it had been fetched.
    """

    path: Path
    downloads: Mapping[str, Download]
    notes: Sequence[str] = ()
    is_new: bool = True


def fetch(
    pieces: Sequence[Piece], directory: Path, date: str, way: Way, *, force: bool
) -> Iterator[Fetched]:
    """Fetch what is not there, one piece after the other.

    InputError before anything is asked for when something is there that was not
    fetched, or has been changed, unless it may be replaced (`force`).
    """
    record = Record.read(directory)
    here = {p.name for p in pieces if (directory / p.name).exists() and not force}
    _refuse_others(record, here)
    for piece in pieces:
        if piece.name in here:
            downloads = _downloads(piece, record)
            yield Fetched(directory / piece.name, downloads, is_new=False)
    wanted = [piece for piece in pieces if piece.name not in here]
    if wanted:
        with _workplace(directory) as work:
            record = Record.read(directory)  # which another may have written meanwhile
            for piece in wanted:
                yield _fetch_piece(piece, record, work, date, way)


def _refuse_others(record: Record, here: Collection[str]) -> None:
    """InputError for what is there and is not what was fetched."""
    found = {name: record.difference(name) for name in sorted(here)}
    others = [f"{name} ({why})" for name, why in found.items() if why]
    if others:
        raise InputError(
            f"{record.directory}: expected nothing there, or what was fetched, found "
            f"{', '.join(others)}; move that away, or replace it with --force"
        )


def _fetch_piece(
    piece: Piece, record: Record, work: Path, date: str, way: Way
) -> Fetched:
    arrived = {}
    for address in piece.addresses:
        path = download(address, record.sum_of(address), work, way)
        arrived[address.name] = path
    place = record.directory / piece.name

    def note(made: Path) -> None:
        for address in piece.addresses:
            url = without_password(address.on(way.mirror))
            record.note_download(address, url, arrived[address.name], date)
        record.note_files(piece.name, made)
        # Before the piece has its name: what is there is always on record.
        record.write()

    notes = []
    if piece.fill is None:
        (made,) = arrived.values()
        note(made)
        made.replace(place)
        sync_directory(record.directory)
    else:
        for left in record.directory.glob(f".{piece.name}.*.part"):
            shutil.rmtree(left)  # by one that was killed
        with _dropped_if_unsound(arrived), directory_written_whole(place) as aside:
            notes = piece.fill(arrived, aside)
            note(aside)
    return Fetched(place, _downloads(piece, record), notes)


@contextmanager
def _dropped_if_unsound(arrived: Mapping[str, Path]) -> Iterator[None]:
    """Downloads go when they were used or are of no use; not when one is stopped."""
    is_stopped = False
    try:
        yield
    except KeyboardInterrupt:
        is_stopped = True
        raise
    finally:
        for path in [] if is_stopped else arrived.values():
            path.unlink(missing_ok=True)


def _downloads(piece: Piece, record: Record) -> dict[str, Download]:
    names = [address.name for address in piece.addresses]
    return {name: record.downloads[name] for name in names if name in record.downloads}


@contextmanager
def _workplace(directory: Path) -> Iterator[Path]:
    """DIR/.fetching, which goes when nothing is left in it to go on with."""
    is_new = not directory.exists()
    with alone_in(directory):
        work = directory / WORK
        work.mkdir(exist_ok=True)
        try:
            yield work
        finally:
            for left in work.glob("tmp*"):  # of pooch, in a process that was killed
                left.unlink()
            for path in (work, *([directory] if is_new else [])):
                with suppress(OSError):
                    path.rmdir()
