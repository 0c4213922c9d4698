"""Fixtures of what is fetched: a server on loopback, and no other host.

A test module has them by `pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]`.
"""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.suite.fetching.loopback import Loopback, serving


@pytest.fixture
def loopback_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies, and no other host: as on a machine that is offline."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    resolve = socket.getaddrinfo

    def offline(host, *rest, **more):
        if host not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in resolution")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", offline)


@pytest.fixture
def server(loopback_alone) -> Iterator[Loopback]:
    with serving() as server:
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between requests, without the waiting."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited
