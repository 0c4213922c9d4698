"""Shards: each the original's of its file, whole or not there, and never made twice."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from reference.errors import InputError
from reference.instances import InstanceSettings, as_arrays, create_training_instances
from reference.tfrecords import read_tfrecords
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.sharding import (
    Shards,
    inspect,
    inspection_jobs,
    make_shard,
    shard_jobs,
)

NAMES = ("one.txt", "two.txt", "three.txt")


def silent(said):
    pass


@pytest.fixture
def shards(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, *"abcdef"]) + "\n")
    for number, name in enumerate(NAMES):
        (tmp_path / name).write_text("a b c\nd e f\n\nf e d a\nb\n" * (number + 1))
    return Shards(
        inputs=tuple(tmp_path / name for name in NAMES),
        directory=tmp_path / "shards",
        vocab=tmp_path / "vocab.txt",
        lower_case=True,
        settings=InstanceSettings(max_seq_length=12, max_predictions_per_seq=3),
    )


def inspected(shards):
    return [inspect(shards, path, silent) for path in shards.inputs]


def run(jobs):
    return [job.function(*job.arguments, silent) for job in jobs]


def test_each_shard_is_what_the_original_gives(shards):
    sidecars = run(shard_jobs(shards, inspected(shards)))
    tokenizer = Tokenizer.from_file(shards.vocab)
    for path, sidecar in zip(shards.inputs[::-1], sidecars[::-1], strict=True):
        settings = replace(shards.settings, seed=sidecar["parameters"]["seed"])
        plain = create_training_instances([path], tokenizer, settings)
        records = read_tfrecords([shards.records(path)])
        for name, array in as_arrays(plain, settings).items():
            assert records[name].tolist() == array.tolist()
        assert sidecar["counts"]["instances"] == len(plain)
        assert json.loads(shards.sidecar(path).read_text()) == sidecar
    assert len({sidecar["parameters"]["seed"] for sidecar in sidecars}) == 3


def test_a_shard_depends_on_no_other(shards, tmp_path):
    together = run(shard_jobs(shards, inspected(shards)))
    alone = replace(shards, inputs=shards.inputs[1:2], directory=tmp_path / "alone")
    [sidecar] = run(shard_jobs(alone, inspected(alone)))
    assert sidecar in together


def test_inspections_are_jobs(shards):
    assert run(inspection_jobs(shards)) == inspected(shards)


def test_only_what_is_missing_is_made(shards):
    first, second, third = inspected(shards)
    assert len(shard_jobs(shards, [first, second, third])) == 3
    make_shard(shards, first.text, silent)
    make_shard(shards, second.text, silent)
    shards.records(shards.inputs[1]).write_bytes(b"damaged")
    jobs = shard_jobs(shards, inspected(shards))
    assert [job.arguments[1] for job in jobs] == [second.text, third.text]


def test_what_a_killed_run_left_behind_is_removed(shards):
    shards.directory.mkdir()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for process in (dead.pid, os.getpid()):
        (shards.directory / f".one.tfrecord.{process}.part").write_bytes(b"half")
    shard_jobs(shards, inspected(shards))
    left = [path.name for path in shards.directory.iterdir()]
    assert left == [f".one.tfrecord.{os.getpid()}.part"]  # somebody is at work


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"dupe_factor": 3},
            r"one\.json: .* parameters dupe_factor 3, .* 10;",
        ),
        ({"seed": 3}, "expected parameters seed_of_all_shards 3, .* with 12345;"),
        ({"without": ("glue-across-sep",)}, "expected parameters without "),
    ],
)
def test_shards_made_otherwise_are_not_touched(shards, changed, message):
    make_shard(shards, inspected(shards)[0].text, silent)
    other = replace(shards, settings=replace(shards.settings, **changed))
    before = shards.records(shards.inputs[0]).read_bytes()
    with pytest.raises(InputError, match=message):
        inspect(other, shards.inputs[0], silent)
    assert shards.records(shards.inputs[0]).read_bytes() == before


def test_other_text_of_the_same_name(shards):
    make_shard(shards, inspected(shards)[0].text, silent)
    shards.inputs[0].write_text("a\n\nb\n")
    with pytest.raises(InputError, match="expected input sha256"):
        inspect(shards, shards.inputs[0], silent)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"shard": 1}', "\xff"])
def test_a_sidecar_that_is_none(shards, content):
    shards.directory.mkdir()
    shards.sidecar(shards.inputs[0]).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"one\.json: expected what this verb writes"):
        inspect(shards, shards.inputs[0], silent)


@pytest.mark.parametrize("name", ["one.txt.gz", "one.txt.xz", "one.txt", "one"])
def test_names_without_their_suffixes(shards, tmp_path, name):
    path = tmp_path / name
    assert replace(shards, inputs=(path,)).records(path).name == "one.tfrecord"
    with pytest.raises(InputError, match=r"more than one for one\.tfrecord"):
        replace(shards, inputs=(path, tmp_path / "sub" / "one.txt"))
