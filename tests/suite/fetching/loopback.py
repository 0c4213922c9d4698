"""A server on loopback that has files, and faults that come one after the other.

`Loopback.files` maps a path to bytes. `Loopback.faults` maps a path to what is done
with the next requests for it, one fault for each; then the file is served as it should
be, with ranges, entity tags and sizes. Every request is kept.

Fixtures are in loopback_fixtures.py.
"""

import hashlib
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from suite.fetching.addresses import Address

Fault = Callable[["_Handler", bytes], None]
Body = Callable[[bytes], bytes]


class Loopback(ThreadingHTTPServer):
    """Listens on a port of its own; `url` is its address."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()  # lets go of requests that are stalled

    def publish(self, name: str, content: bytes, *, known: bool = True) -> Address:
        """Serve a file, and say where; with its sum and size, if they are known."""
        self.files[f"/{name}"] = content
        url = f"{self.url}/{name}"
        if not known:
            return Address(url)
        digest = hashlib.sha256(content).hexdigest()
        return Address(url, digest, len(content), confirmed=True)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of every request for a path."""
        return [headers for asked, headers in self.requests if asked == path]

    def ranges(self, path: str) -> list[str | None]:
        """The Range of every request for a path."""
        return [headers.get("Range") for headers in self.asked(path)]

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no news."""


@contextmanager
def serving() -> Iterator[Loopback]:
    with Loopback() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Loopback

    def do_GET(self) -> None:
        path = self.path
        self.server.requests.append((path, dict(self.headers)))
        faults = self.server.faults[path]
        content = self.server.files.get(path)
        if faults:
            faults.pop(0)(self, content or b"")
        elif content is None:
            self.answer(404, {"Content-Length": "0"})
        else:
            self.serve(content)

    def serve(self, content: bytes, sent: Body = bytes, **more: str) -> None:
        """The file, or the rest of it that is asked for, if it is still the same.

        `sent` is what becomes of the body on its way; `more` are headers in place of
        the right ones.
        """
        start, tag = 0, entity_tag(content)
        if "Range" in self.headers and self.headers.get("If-Range", tag) == tag:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        if start and start >= len(content):
            self.answer(416, {"Content-Length": "0"})
            return
        headers = {"Content-Length": str(len(content) - start), "ETag": tag}
        if start:
            last = len(content) - 1
            headers["Content-Range"] = f"bytes {start}-{last}/{len(content)}"
        self.answer(206 if start else 200, headers | more, sent(content[start:]))

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Tests look at `requests`."""


def entity_tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def truncates(size: int) -> Fault:
    """Promises all, sends so many bytes of it, and hangs up."""
    return lambda handler, content: handler.serve(content, lambda body: body[:size])


def stalls(size: int) -> Fault:
    """Sends so many bytes, and then nothing for as long as the server is there."""

    def fault(handler: _Handler, content: bytes) -> None:
        handler.serve(content, lambda body: body[:size])
        handler.server.over.wait()

    return fault


def corrupts(handler: _Handler, content: bytes) -> None:
    """Sends as many bytes as it should, one of them another."""
    handler.serve(content, lambda body: bytes([body[0] ^ 1]) + body[1:])


def answers(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Sends something else than the file; `_` in the name of a header is a hyphen."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    length = {"Content-Length": str(len(body))}
    return lambda handler, _: handler.answer(status, length | said, body)


def redirects(to: str) -> Fault:
    return answers(302, Location=to)


def ignores_ranges(handler: _Handler, content: bytes) -> None:
    """Sends all of the file, whatever part was asked for."""
    del handler.headers["Range"]
    handler.serve(content)


def sends_without_length(size: int) -> Fault:
    """So many bytes of all, of which it says neither how many nor which version."""
    return lambda handler, content: handler.answer(200, {}, content[:size])


def sends_another_part(handler: _Handler, content: bytes) -> None:
    """The last ten bytes, whatever part was asked for."""
    span = f"bytes {len(content) - 10}-{len(content) - 1}/{len(content)}"
    handler.answer(206, {"Content-Range": span, "Content-Length": "10"}, content[-10:])


def some_bytes(size: int = 200_000) -> bytes:
    """More than arrives at once, and nothing that can be compressed."""
    return random.Random(1).randbytes(size)


def names_in(directory: Path) -> list[str]:
    """All that is in a directory, below it too, without the directories."""
    paths = sorted(path for path in directory.rglob("*") if not path.is_dir())
    return [str(path.relative_to(directory)) for path in paths]
