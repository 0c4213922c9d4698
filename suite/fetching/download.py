"""One file from the network: continued where it broke off, tried again, checked.

The one module of the project that opens a connection, but for one to a Ray cluster
(suite/ray_cluster.py); proxies and certificates are those of `requests`: HTTPS_PROXY,
NO_PROXY, REQUESTS_CA_BUNDLE. `pooch` holds the file against its SHA-256, gives it its
name only then, and has it downloaded once more if it is damaged; its own downloaders
begin anew after each break, so that ours continues NAME.part with a Range request. Not
here: what is fetched, and where it goes (suite/fetching/fetch.py).
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pooch
import requests

from reference.errors import InputError
from reference.files import failed_write_told, file_sha256
from suite.fetching.addresses import Address
from suite.fetching.failures import (
    ELSEWHERE,
    Broken,
    Refused,
    check_answer,
    of_error,
    without_password,
)
from suite.fetching.part import Part

# What arrives between two of these is lost when the connection breaks.
_CHUNK = 1 << 13
# For files of unknown size; BERT-Large is 0.34 billion numbers of four bytes.
MOST_BYTES = 2 << 30

Progress = Callable[[str, int, int], None]  # name, bytes that are here, bytes of all


@dataclass(frozen=True)
class Patience:
    """How long silence is borne, and how often a request is made again."""

    seconds: float = 30.0
    attempts: int = 5  # in a row that brought nothing
    pause: float = 1.0  # before the second; twice as long before each that follows


@dataclass(frozen=True)
class Way:
    """How files are got: by which mirror, with what patience, and who is told."""

    mirror: str | None = None
    patience: Patience = Patience()
    progress: Progress = lambda name, done, total: None


def download(address: Address, sha256: str | None, folder: Path, way: Way) -> Path:
    """The file in `folder`, whole and equal to `sha256`, if there is one.

    What arrived before a failure stays there as NAME.part. InputError says what failed,
    and what to do.
    """
    pooch.get_logger().setLevel(logging.WARNING)  # we say it ourselves
    url = address.on(way.mirror)
    kept = pooch.create(
        path=folder.resolve(),
        base_url="",
        registry={address.name: sha256},
        urls={address.name: url},
        retry_if_failed=1,
    )
    downloader = _Continuing(folder, address, way)
    try:
        with failed_write_told([folder / address.name]):
            return Path(kept.fetch(address.name, downloader=downloader))
    except Refused as failure:
        raise InputError(f"{without_password(url)}: {failure}") from failure
    except ValueError as error:
        raise InputError(
            f"{without_password(url)}: expected {_expected(address, sha256)}, found "
            f"{downloader.seen} twice; nothing was kept. "
            f"{_advice(address, downloader.size)}"
        ) from error


class _Continuing:
    """A downloader as `pooch` calls it, which goes on with what there is."""

    def __init__(self, folder: Path, address: Address, way: Way):
        self._part = folder / f"{address.name}.part"
        self._limit = address.size or MOST_BYTES
        self._name = address.name
        self._way = way
        self.seen, self.size = "", 0  # what arrived last, in words, and its bytes

    def __call__(self, url: str, output_file: str, pooch, check_only=False) -> None:
        part = Part(self._part, url)
        patience = self._way.patience
        failures, most = 0, part.size
        while not part.is_whole:
            try:
                self._ask(url, part)
                break
            except InputError as error:  # which `pooch` would take for damage
                raise Refused(str(error)) from error
            except Broken as failure:
                # Begun anew, it has to come further than it was.
                failures = 0 if part.size > most else failures + 1
                most = max(most, part.size)
                if failures >= patience.attempts:
                    raise Refused(_given_up(failure, failures)) from failure
                pause = patience.pause * 2 ** max(failures - 1, 0)
                time.sleep(max(failure.wait, pause))
        self.seen, self.size = _in_words(part.path), part.size
        part.move_to(output_file)

    def _ask(self, url: str, part: Part) -> None:
        """One request; what arrives is kept, whatever happens then."""
        try:
            answer = requests.get(
                url,
                headers=part.headers(),
                stream=True,
                timeout=self._way.patience.seconds,
            )
            with answer:
                self._keep(answer, url, part)
        except requests.exceptions.RequestException as error:
            raise of_error(error, url, self._way.patience.seconds) from error

    def _keep(self, answer: requests.Response, url: str, part: Part) -> None:
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.drop()
            raise Broken("another size than before")
        check_answer(answer, url)
        if answer.status_code == HTTPStatus.OK:
            part.begin(answer.headers)
        elif not part.is_continued_by(answer.headers):
            part.drop()
            raise Broken("another part than was asked for")
        self._refuse_over_limit(part.total or 0, part)
        with open(part.path, "ab") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                here = file.tell()
                self._refuse_over_limit(here, part)
                self._way.progress(self._name, here, part.total or here + 1)
            file.flush()
            os.fsync(file.fileno())
        if part.total is not None and part.size < part.total:
            raise Broken("a connection that ended before the file did")

    def _refuse_over_limit(self, size: int, part: Part) -> None:
        if size > self._limit:
            part.drop()
            raise Refused(
                f"expected at most {self._limit:,} bytes, found more; this is not the "
                "file that is meant. Look at what is at that address"
            )


def _given_up(failure: Broken, times: int) -> str:
    return (
        f"expected the file, found {failure}, {times} times in a row; what has arrived "
        "is kept, so that the same command goes on from there. If it stays so, "
        f"{ELSEWHERE}"
    )


def _expected(address: Address, sha256: str | None) -> str:
    size = f"{address.size:,} bytes with " if address.size else ""
    return f"{size}SHA-256 {sha256}"


def _advice(address: Address, size: int) -> str:
    if address.sha256 is None:
        return (
            "That sum was recorded in fetched.json on first use, and the file has "
            "changed since: take its entry out of there to accept the new one"
        )
    if size == address.size and not address.confirmed:
        return (
            "That sum is listed in suite/fetching/addresses.py, but was never held "
            "against a copy: compare it with another source, and correct it there if "
            "it is wrong"
        )
    return "A proxy or mirror sends something else: try without it, or with another"


def _in_words(path: Path) -> str:
    """What a file that arrived is: its size and sum, and whether it is a web page."""
    with open(path, "rb") as file:
        is_page = file.read(64).lstrip().lower().startswith((b"<!doctype", b"<html"))
    page = "a web page of " if is_page else ""
    return f"{page}{path.stat().st_size:,} bytes with SHA-256 {file_sha256(path)}"
