"""What was fetched into a directory: DIR/fetched.json.

For each download its address, bytes, SHA-256, date and where the sum is from; for each
file that was made of them its SHA-256, so that a later fetch can tell what is still as
it was. Where no sum is published, the one that was recorded first is what later
downloads are held against. Not here: fetching (suite/fetching/fetch.py).
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reference.errors import InputError
from reference.files import file_sha256, written_whole
from suite.fetching.addresses import Address

NAME = "fetched.json"

# Where a sum is from.
LISTED = "as listed"
CONFIRMED = "as listed; this is the first copy that was held against it"
FIRST_USE = "none is published; recorded on first use"


@dataclass(frozen=True)
class Download:
    """One file as it came from the network."""

    address: str
    bytes: int
    sha256: str
    date: str
    sum: str  # where it is from


@dataclass
class Record:
    """The downloads, and the SHA-256 of the files made of them, by path in DIR."""

    directory: Path
    downloads: dict[str, Download] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> "Record":
        """The record of a directory, empty where there is none."""
        path = directory / NAME
        if not path.exists():
            return cls(directory)
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            downloads = {n: Download(**d) for n, d in said["downloads"].items()}
            files = {str(name): str(digest) for name, digest in said["files"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"{path}: expected a record of what was fetched, found something else "
                f"({error}); move it and what lies beside it away, and fetch again"
            ) from error
        return cls(directory, downloads, files)

    def sum_of(self, address: Address) -> str | None:
        """What a download must be equal to, if anything is known of it."""
        known = self.downloads.get(address.name)
        return address.sha256 or (known.sha256 if known else None)

    def note_download(self, address: Address, url: str, path: Path, date: str) -> None:
        """Keep what a file is that has been checked, and when it first was."""
        digest, origin = file_sha256(path), LISTED if address.confirmed else CONFIRMED
        before = self.downloads.get(address.name)
        if before and before.sha256 == digest:
            return
        self.downloads[address.name] = Download(
            address=url,
            bytes=path.stat().st_size,
            sha256=digest,
            date=date,
            sum=origin if address.sha256 else FIRST_USE,
        )

    def note_files(self, name: str, place: Path) -> None:
        """Keep what is in the file or directory `place`, which becomes DIR/name."""
        self.files = {
            path: digest for path, digest in self.files.items() if not _of(path, name)
        }
        for path in [place] if place.is_file() else sorted(place.iterdir()):
            inside = name if path == place else f"{name}/{path.name}"
            self.files[inside] = file_sha256(path)

    def difference(self, name: str) -> str | None:
        """How DIR/name is not what was fetched, None if it is just that."""
        files = {path: digest for path, digest in self.files.items() if _of(path, name)}
        if not files:
            return "not fetched by this command"
        for path, digest in files.items():
            place = self.directory / path
            if not place.is_file():
                return f"{path} is missing"
            if file_sha256(place) != digest:
                return f"{path} was changed after it was fetched"
        return None

    def write(self) -> None:
        """Put the record in place, whole."""
        said = {
            "downloads": {
                name: asdict(d) for name, d in sorted(self.downloads.items())
            },
            "files": dict(sorted(self.files.items())),
        }
        with written_whole(self.directory / NAME) as file:
            file.write(json.dumps(said, indent=1) + "\n")


def _of(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}/")
