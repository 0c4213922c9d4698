"""The README's table comes from records, and only what stands between the markers."""

import pytest

from reference.errors import InputError
from suite.readme import BEGIN, END, readme_table, with_table


def test_the_table_stands_between_the_markers(small_run):
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    found = with_table(text, small_run)
    assert found == f"before\n{BEGIN}\n{readme_table(small_run)}{END}\nafter\n"
    assert with_table(found, small_run) == found


def test_the_table_names_tasks_verdicts_and_the_run(small_run):
    found = readme_table(small_run)
    assert "| WNLI | accuracy |" in found
    assert f"`{small_run.name}`" in found


def test_a_readme_without_markers_is_refused(small_run):
    with pytest.raises(InputError, match="table: begin"):
        with_table("no markers here\n", small_run)
