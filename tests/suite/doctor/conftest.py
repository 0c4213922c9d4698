"""Copies of GLUE to be damaged: of tasks of GLUE's sizes, and of GLUE's own."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.suite.doctor.damage import copied
from tests.suite.doctor.glue_sized import SMALL, write_split, write_task

QQP_PART = 1000


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("generated")
    for name in SMALL:
        write_task(directory, name)
    write_split(directory, "QQP", "train", QQP_PART, "train_partial.tsv")
    write_split(directory, "QQP", "dev", QQP_PART, "dev_partial.tsv")
    return directory


@pytest.fixture(params=["generated", "official"])
def glue(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of some tasks, of tasks of GLUE's sizes and of GLUE's own."""
    if request.param == "generated":
        source = request.getfixturevalue("generated")
    else:
        source = request.getfixturevalue("shared") / "data/glue"
    return partial(copied, source, tmp_path / "glue")
