"""What is shown of long work, on a terminal and in a log."""

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from suite import progress
from suite.progress import bars


@pytest.fixture
def clock(monkeypatch):
    """A clock for the test to set; the terminal's own bars keep theirs."""
    now = SimpleNamespace(seconds=100.0)
    time = SimpleNamespace(monotonic=lambda: now.seconds)
    monkeypatch.setattr(progress, "time", time)
    return now


def console(terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width)


def lines(shown: Console) -> list[str]:
    return shown.file.getvalue().splitlines()


def test_a_log_gets_a_line_now_and_then_and_at_the_end(clock):
    log = console(terminal=False)
    with bars(log) as shown:
        for step in range(0, 101):
            clock.seconds = 100.0 + 0.4 * step
            shown.update("BERT-Tiny", step, 100, "steps", f"loss {step}")
    assert lines(log) == [
        "BERT-Tiny: 38 of 100 steps, 2.5/s, 15 s so far, 25 s left, loss 38",
        "BERT-Tiny: 76 of 100 steps, 2.5/s, 30 s so far, 10 s left, loss 76",
        "BERT-Tiny: 100 of 100 steps, 2.5/s, 40 s so far, loss 100",
    ]


def test_what_an_earlier_run_had_done_is_no_speed(clock):
    """Of 160 trials 100 were there; 2 in 20 seconds leave 58 for 580."""
    log = console(terminal=False)
    with bars(log) as shown:
        shown.update("fine-tuning", 100, 160, "trials")
        clock.seconds += 20
        shown.update("fine-tuning", 102, 160, "trials")
    assert lines(log) == [
        "fine-tuning: 102 of 160 trials, 0.1/s, 20 s so far, 10 min left"
    ]


def test_no_rate_is_made_up(clock):
    log = console(terminal=False)
    with bars(log) as shown:
        shown.update("fine-tuning", 0, 160, "trials")
        clock.seconds += 20
        shown.update("fine-tuning", 0, 160, "trials")
        shown.update("nothing left", 5, 5, "documents")
    assert lines(log) == [
        "fine-tuning: 0 of 160 trials, 20 s so far, time left unknown",
        "nothing left: 5 of 5 documents, 0 s so far",
    ]


def test_getting_under_way_is_no_speed(clock):
    """A sweep compiles for half a minute, and then is at its first steps."""
    log = console(terminal=False)
    with bars(log) as shown:
        shown.update("fine-tuning", 60, 108, "trials")
        clock.seconds += 30
        shown.update("fine-tuning", 60.002, 108, "trials")
        clock.seconds += 90
        shown.update("fine-tuning", 60.4, 108, "trials")
    assert lines(log) == [
        "fine-tuning: 60 of 108 trials, 30 s so far, time left unknown",
        "fine-tuning: 60 of 108 trials, 0.0033/s, 2 min so far, 3 h 58 min left",
    ]


def test_each_thing_has_a_clock_of_its_own(clock):
    log = console(terminal=False)
    with bars(log) as shown:
        shown.update("first", 0, 10)
        clock.seconds += 10
        shown.update("second", 0, 10)
        clock.seconds += 10
        shown.update("second", 10, 10)
        shown.update("first", 10, 10)
    assert lines(log) == [
        "second: 10 of 10, 1/s, 10 s so far",
        "first: 10 of 10, 0.5/s, 20 s so far",
    ]


BEST = " · ".join(
    f"{task} 88.8" for task in "CoLA SST-2 MRPC STS-B QQP MNLI QNLI RTE WNLI".split()
)


def test_words_stand_at_the_end_of_a_line_of_a_log(clock):
    log = console(terminal=False)
    with bars(log) as shown:
        shown.say("best on dev: RTE 58.1")
        shown.update("fine-tuning", 0, 2, "trials")
        clock.seconds += 2.0
        shown.update("fine-tuning", 2, 2, "trials", "1 failed")
    assert lines(log) == [
        "fine-tuning: 2 of 2 trials, 1/s, 2 s so far, 1 failed, best on dev: RTE 58.1"
    ]


def test_words_stand_under_the_bars_of_a_terminal(clock):
    """A best score of each of nine tasks is cut off nowhere on 100 columns."""
    terminal = console(terminal=True, width=100)
    with bars(terminal) as shown:
        shown.update("fine-tuning", 0, 180, "trials")
        clock.seconds += 60.0
        shown.say(f"best on dev: {BEST}")
        shown.update("fine-tuning", 90, 180, "trials", "2 failed")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.file.getvalue())
    rows = [row for row in re.split(r"\s*[\r\n]+", plain) if row]
    bar, *words = rows[-3:]
    assert re.match(r"fine-tuning .* 90/180 trials 1\.5/s .* left 2 failed", bar)
    assert " ".join(words) == f"best on dev: {BEST}"
    assert max(map(len, rows)) <= 100


def test_a_terminal_of_80_columns_shows_everything(clock):
    terminal = console(terminal=True)
    with bars(terminal) as shown:
        shown.update("whole-word held_out", 0, 12000, "documents")
        shown.update("BERT-Tiny whole-word", 0, 2400, "steps")
        clock.seconds += 2.0
        shown.update("whole-word held_out", 11700, 12000, "documents")
        shown.update("BERT-Tiny whole-word", 2340, 2400, "steps", "loss 5.125")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.file.getvalue())
    instances, training = (row for row in re.split(r"\s*[\r\n]+", plain)[-3:] if row)
    assert len(training) <= 80
    time_left = r"[-\d]:[-\d]{2}:[-\d]{2} left"
    for row, words in (
        (
            instances,
            f"whole-word held_out .* 11,700/12,000 documents 5,850/s {time_left}",
        ),
        (
            training,
            f"BERT-Tiny whole-word .* 2,340/2,400 steps +1,170/s {time_left} loss",
        ),
    ):
        assert re.match(words, row), row
    assert "…" not in plain
