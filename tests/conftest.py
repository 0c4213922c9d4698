"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


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
