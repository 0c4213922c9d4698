"""The whole report of a made-up run, every page of it, as it must be.

The pages lie in tests/suite/rendered_report/. After a change that is meant to show in
them, `REWRITE_REPORT=1 pytest tests/suite/test_rendered_report.py` writes them anew;
read what `git diff` shows before committing it.
"""

import os
from pathlib import Path

import pytest

from suite.report import write_report
from tests.suite.synthetic import WHOLE_WORD, Checkpoint, Synthetic, make_run

RENDERED = Path(__file__).with_name("rendered_report")
PAGES = ("README.md", "glue.md", "masking.md")
RUN = Synthetic(
    tasks=("CoLA", "MRPC", "WNLI"),
    checkpoints=(Checkpoint(), WHOLE_WORD),
    test_labels=("MRPC",),
    seeds=2,
    batch_sizes=(8, 16),
    learning_rates=(3e-4, 1e-4),
    fail=1,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("rendered")
    run = make_run(folder / "run", RUN)
    write_report(run.path, folder / "reports")
    return {name: (folder / "reports" / name).read_text("utf-8") for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_it_was(pages, name):
    if os.environ.get("REWRITE_REPORT"):
        (RENDERED / name).write_text(pages[name], "utf-8")
    assert pages[name] == (RENDERED / name).read_text("utf-8")
