"""What the README opens with comes from records, between its markers only."""

import pytest

from reference.errors import InputError
from suite.readme import BEGIN, END, front, readme_table, with_front
from suite.reported_run import read_run


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


def test_the_table_stands_between_the_markers(run):
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    found = with_front(text, run)
    assert found == f"before\n{BEGIN}\n{front(run, [])}{END}\nafter\n"
    assert with_front(found, run) == found


def test_it_opens_with_the_finding_the_table_and_a_figure(run):
    found = front(run, [])
    places = [
        found.index(what)
        for what in (
            "**What came out.** Of 30 cells",
            readme_table(run).rstrip("\n"),
            "![Ours",
        )
    ]
    assert places == sorted(places)
    assert "](reports/figures/small/forest_1-bert-tiny-wordpiece.svg)" in found


def test_the_table_names_tasks_verdicts_and_the_run(run):
    found = readme_table(run)
    assert "| WNLI | accuracy |" in found
    assert f"Records: [`{run.name}`](results/runs/{run.name}), made by" in found


def test_a_readme_without_markers_is_refused(run):
    with pytest.raises(InputError, match="table: begin"):
        with_front("no markers here\n", run)
