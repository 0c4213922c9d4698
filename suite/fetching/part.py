"""What has arrived of a file, and of which version, so that it can be continued.

Beside NAME.part lies NAME.part.json: the address, the size of the whole, and what the
server calls this version (RFC 9110, section 13.1.5, If-Range). A server that has
another version by now sends all of it. Not here: asking for it
(suite/fetching/download.py).
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from reference.files import written_whole

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Part:
    """The beginning of the file at `url`, kept at `path`."""

    def __init__(self, path: Path, url: str):
        self.path = path
        self._url = url
        self._note_path = path.with_name(f"{path.name}.json")
        if not self.path.is_file() or self._note().get("url") != url:
            self.drop()

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def total(self) -> int | None:
        """Bytes of the whole, where the server said so."""
        return self._note().get("total")

    @property
    def is_whole(self) -> bool:
        return self.path.is_file() and self.size == self.total

    def headers(self) -> dict[str, str]:
        """What is asked for: the rest, if it is the rest of the same version."""
        # Ranges and sizes are of the file itself, not of a compressed form of it.
        asked = {"Accept-Encoding": "identity"}
        if self.size:
            asked["Range"] = f"bytes={self.size}-"
            if version := self._note().get("version"):
                asked["If-Range"] = version
        return asked

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start from nothing with the answer that has these headers."""
        self.drop()
        length = headers.get("Content-Length", "")
        note = {
            "url": self._url,
            "total": int(length) if length.isdigit() else None,
            "version": _version(headers),
        }
        with written_whole(self._note_path) as file:
            file.write(json.dumps(note))
        self.path.touch()

    def is_continued_by(self, headers: Mapping[str, str]) -> bool:
        """Whether a partial answer begins where this ends, and is of the same size."""
        said = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
        if not said or int(said[1]) != self.size:
            return False
        return said[2] == "*" or self.total in (None, int(said[2]))

    def drop(self) -> None:
        """Forget all that has arrived."""
        for path in (self.path, self._note_path):
            path.unlink(missing_ok=True)

    def move_to(self, path: str | Path) -> None:
        """Give the whole another name."""
        self.path.replace(path)
        self.drop()

    def _note(self) -> dict:
        try:
            note = json.loads(self._note_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}


def _version(headers: Mapping[str, str]) -> str | None:
    """A strong entity tag, or the date of the last change."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified")
