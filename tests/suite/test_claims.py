"""Recorded verdicts hold until something changes them, and then say what."""

import json
import shutil

import pytest

from reference.errors import InputError
from suite.claims import broken_claims, changed_verdicts, write_verdicts


@pytest.fixture
def recorded(tmp_path, small_run):
    path = tmp_path / "run"
    shutil.copytree(small_run, path)
    write_verdicts(path)
    return path


def test_recorded_verdicts_hold(recorded):
    assert changed_verdicts(recorded) == []
    assert broken_claims(recorded) == ""
    claims = json.loads((recorded / "verdicts.json").read_text())
    assert len(claims) == 30
    assert set(claims[0]) >= {"task", "metric", "verdict", "ours", "published"}


def test_a_turned_verdict_is_named(recorded):
    path = recorded / "verdicts.json"
    claims = json.loads(path.read_text())
    claims[0]["verdict"] = "inconclusive"
    claims[2]["verdict"] = "reproduced"
    path.write_text(json.dumps(claims[:-1]))
    lost, turned, added = changed_verdicts(recorded)
    # What was claimed and is no longer true stands first.
    assert lost.startswith("no longer reproduced: ")
    assert "MRPC f1 test: recorded reproduced" in lost
    assert "recorded inconclusive" in turned
    assert "recorded nothing" in added


def test_the_table_stands_below_what_changed(recorded):
    path = recorded / "verdicts.json"
    claims = json.loads(path.read_text())
    claims[2]["verdict"] = "reproduced"
    path.write_text(json.dumps(claims))
    first, _, header, _, *rows = broken_claims(recorded).splitlines()
    assert first == changed_verdicts(recorded)[0]
    assert header.startswith("| Checkpoint | Model | Masking | Task | Metric |")
    scored = [claim for claim in claims if claim["ours"] is not None]
    assert len(rows) == len(scored)
    assert [row.endswith("| changed |") for row in rows].count(True) == 1
    assert "| MRPC | f1 | test | reproduced (" in "\n".join(rows)


def test_nothing_to_compare_with_is_no_pass(small_run):
    with pytest.raises(InputError, match="expected recorded verdicts"):
        changed_verdicts(small_run)
