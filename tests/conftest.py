"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, lest one process be left with it at the end."""
    items.sort(key=lambda item: "test_backends" not in item.nodeid)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The material shared beside the project: goldens of the original, GLUE, texts.

    Looked for in $BERT_SUITE_SHARED, else in ../shared beside the project root.
    """
    beside = Path(__file__).resolve().parents[2] / "shared"
    path = Path(os.environ.get("BERT_SUITE_SHARED", beside))
    if not path.is_dir():
        pytest.skip(f"no shared material at {path}; set BERT_SUITE_SHARED to have it")
    return path
