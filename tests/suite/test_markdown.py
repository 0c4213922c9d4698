"""Numbers and tables as the reports print them."""

from suite.markdown import bounds, counted, percent, points, signed, table, trials


def test_a_table():
    assert table(("a", "b"), [["1", "x|y"]], sample=False) == (
        "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n"
    )


def test_a_table_of_sample_tasks_says_so():
    assert table(("a",), [], sample=True).startswith(
        "*Sample tasks, not comparable with published scores.*\n\n|"
    )


def test_numbers():
    assert points(64.25) == "64.2"  # half to even, as printed by Python
    assert points(None) == "–"
    assert points(-0.04) == "0.0"
    assert percent(0.7) == "70.0"
    assert signed(1.25) == "+1.2"
    assert signed(-0.01) == "0.0"
    assert bounds(-1, 2.5) == "[-1.0, +2.5]"
    assert bounds(None, 1) == "–"


def test_words():
    assert counted(1, "trial") == "1 trial"
    assert counted(1200, "trial") == "1,200 trials"
    assert trials(["a", "b"]) == "`a` `b`"
