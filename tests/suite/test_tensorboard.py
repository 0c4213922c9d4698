"""Metrics as TensorBoard reads them: TFRecords of events, a folder a trial."""

from reference.tfrecords import count_records
from suite.tensorboard import metrics_writer


def test_a_folder_of_events_for_each_trial(tmp_path):
    with metrics_writer(tmp_path, ["one", "two"]) as write:
        line = {"step": 10, "loss": [3.5, 4.5], "learning_rate": 1e-3}
        write(line)
        write(line | {"step": 20, "held_out": [{"masked_lm_loss": 7.0}] * 2})
    for name in ("one", "two"):
        (events,) = (tmp_path / name).iterdir()
        # What version it is; loss and rate; these and the held-out loss.
        assert count_records(events) == 1 + 2 + 3
