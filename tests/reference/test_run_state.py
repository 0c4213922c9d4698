"""States are kept, found again and held to their run; metrics lose what was torn."""

import json
import re

import numpy as np
import pytest

from reference.errors import InputError
from reference.run_state import METRICS_FILE, STATES, MetricsLog, RunState

IDENTITY = {"settings": {"learning_rate": 0.1}, "phases": [[1, 2, "ab"]]}


def arrays(value: float) -> dict[str, np.ndarray]:
    return {"weights/a": np.full((2, 3), value, np.float32)}


def test_the_newest_is_found_and_old_ones_go(tmp_path):
    states = RunState(tmp_path, IDENTITY, keep=2)
    assert states.latest() is None
    for step in (9, 10, 200):
        states.save(step, arrays(step))
        found, content = states.latest()
        assert found == step
        np.testing.assert_array_equal(content["weights/a"], arrays(step)["weights/a"])
    kept = sorted(path.name for path in (tmp_path / STATES).iterdir())
    assert kept == ["step-0000000010.safetensors", "step-0000000200.safetensors"]


def test_a_damaged_state_is_named_and_left(tmp_path):
    states = RunState(tmp_path, IDENTITY)
    for step in (10, 20):
        states.save(step, arrays(step))
    newest = tmp_path / STATES / "step-0000000020.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    with pytest.raises(InputError, match=r"step 20.*damaged.*remove it.*step 10"):
        states.latest()
    assert newest.read_bytes() == content
    newest.unlink()
    assert states.latest()[0] == 10


def test_a_truncated_state_is_named(tmp_path):
    states = RunState(tmp_path, IDENTITY)
    states.save(10, arrays(10))
    path = tmp_path / STATES / "step-0000000010.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="from the beginning"):
        states.latest()


def test_a_state_of_another_run_is_refused(tmp_path):
    RunState(tmp_path, IDENTITY).save(10, arrays(10))
    with pytest.raises(InputError, match="other settings or data"):
        RunState(tmp_path, {"settings": {}}).latest()


def test_a_state_that_is_being_written_is_none(tmp_path):
    (tmp_path / STATES).mkdir()
    (tmp_path / STATES / ".step-0000000010.safetensors.77.part").write_bytes(b"half")
    states = RunState(tmp_path, IDENTITY)
    assert states.latest() is None
    states.save(20, arrays(20))  # whoever wrote the other was killed
    assert [path.suffix for path in (tmp_path / STATES).iterdir()] == [".safetensors"]


def test_metrics_after_the_state_and_torn_lines_are_dropped(tmp_path):
    log = MetricsLog(tmp_path)
    for step in (10, 20, 30):
        log.append({"step": step, "loss": [1.5]})
    with open(tmp_path / METRICS_FILE, "a") as file:
        file.write('{"step": 40, "lo')
    log.forget_after(20)
    lines = (tmp_path / METRICS_FILE).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"settings": {"rate": 2}}, "(settings.rate 2, there 1)"),
        ({"settings": {}}, '(settings.rate "nothing", there 1)'),
        ({"initial": None}, '(initial null, there "nothing")'),
        ({"data": "b" * 64}, "(another data)"),
        ({"trials": ["a"], "data": None}, "(another data, trials "),
    ],
)
def test_what_is_otherwise_in_another_run_is_said(tmp_path, now, said):
    before = {"settings": {"rate": 1}, "data": "a" * 64, "trials": ["a", "b"]}
    RunState(tmp_path, before).save(10, arrays(10))
    with pytest.raises(InputError, match=re.escape(f"settings or data {said}")):
        RunState(tmp_path, before | now).latest()
