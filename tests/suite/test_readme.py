"""The README's table comes from records, and only what stands between the markers."""

import pytest

from reference.errors import InputError
from suite.readme import BEGIN, END, readme_table, with_table
from suite.reported_run import read_run


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


def test_the_table_stands_between_the_markers(run):
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    found = with_table(text, run)
    assert found == f"before\n{BEGIN}\n{readme_table(run)}{END}\nafter\n"
    assert with_table(found, run) == found


def test_the_table_names_tasks_verdicts_and_the_run(run):
    found = readme_table(run)
    assert "| WNLI | accuracy |" in found
    assert f"Records: [`{run.name}`](results/runs/{run.name}), made by" in found


def test_a_readme_without_markers_is_refused(run):
    with pytest.raises(InputError, match="table: begin"):
        with_table("no markers here\n", run)
