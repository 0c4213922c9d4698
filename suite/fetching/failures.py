"""What it means that a request failed: whether to try again, and what to tell the user.

`Broken` may be mended by asking again, `Refused` will not be. Not here: the asking
(suite/fetching/download.py).
"""

import socket
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

# Beside all from 500 up: too slow, too early, too many requests.
_PASSING = {408, 425, 429}
_LONGEST_WAIT = 60.0  # seconds that a server may ask for

ELSEWHERE = (
    "set HTTPS_PROXY if there is a proxy, give a mirror with --from, or fetch on "
    "another machine and copy the directory here"
)


class Broken(Exception):
    """A failure that may pass; `wait` seconds where the server asked for them."""

    def __init__(self, reason: str, wait: float = 0.0):
        super().__init__(reason)
        self.wait = wait


class Refused(Exception):
    """A failure that stays: one line for the user, without the address."""


def check_answer(response: requests.Response, url: str) -> None:
    """Raise for any answer that is not the file or its rest."""
    for step in (*response.history, response):
        if url.startswith("https:") and not step.url.startswith("https:"):
            raise Refused(
                "expected an address that is safe against changes on the way, found a "
                f"redirect to {without_password(step.url)}; give a mirror with --from"
            )
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused(
            "expected the file as it is, found it sent in the encoding "
            f"{response.headers['Content-Encoding']}; give a mirror with --from"
        )
    status = response.status_code
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return
    said = f"the answer {status} {response.reason}".rstrip()
    if status >= 500 or status in _PASSING:
        wait = response.headers.get("Retry-After", "")
        raise Broken(said, min(_LONGEST_WAIT, int(wait)) if wait.isdigit() else 0.0)
    raise Refused(
        f"expected the file, found {said}; it may have moved, or a proxy forbids it: "
        "correct suite/fetching/addresses.py, or name another place with --from"
    )


def of_error(error: Exception, url: str, patience: float) -> Broken | Refused:
    """What `requests` raised for a request, by what is to be done about it."""
    host = urlsplit(url).hostname
    if isinstance(error, requests.exceptions.ProxyError):
        return Refused(
            f"expected to reach {host} through the proxy {_proxy(url)}, found "
            f"{_reason(error)}; correct HTTPS_PROXY or HTTP_PROXY, or name the host in "
            "NO_PROXY if it needs no proxy"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return Refused(
            f"expected a certificate of {host} that is trusted here, found "
            f"{_reason(error)}; if a proxy signs with its own, name that certificate "
            "in REQUESTS_CA_BUNDLE"
        )
    if any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
        return Refused(
            f"expected to find the host {host}, found no such name: this machine is "
            f"offline, or reaches the network through a proxy alone; {ELSEWHERE}"
        )
    *_, first = _causes(error)
    if isinstance(first, TimeoutError) and not first.strerror:  # ours, not the system's
        return Broken(f"silence for {patience:g} s")
    passing = (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
    )
    if isinstance(error, passing):
        return Broken(_reason(error))
    return Refused(f"expected the file, found {_reason(error)}; {ELSEWHERE}")


def without_password(url: str) -> str:
    """An address as it may be shown and recorded."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _proxy(url: str) -> str:
    proxies = requests.utils.get_environ_proxies(url)
    return without_password(requests.utils.select_proxy(url, proxies) or "?")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, the first cause last."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _reason(error: Exception) -> str:
    """The first cause, in a few words."""
    *_, first = _causes(error)
    if isinstance(first, OSError) and first.strerror:
        return first.strerror
    if isinstance(first, urllib3.exceptions.IncompleteRead):
        return "a connection that ended before the file did"
    return (str(first).splitlines() or [type(first).__name__])[0]
