"""Who may import whom, read from the source and held in fresh interpreters.

`reference` is used without the harness, reports are made without TensorFlow, and a
host that has JAX alone must be able to train.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = ("tensorflow", "keras", "jax")
# Not imported where Keras computes with JAX.
TENSORFLOWS_OWN = "reference.engine_tensorflow"
# Plain standard library and each other, and free to all.
FREE = {
    "reference.errors",
    "reference.files",
    "reference.held_out_metrics",
    "reference.json_files",
    "reference.learning_rates",
    "reference.squad_examples",
}
# The modules of suite that train, that make or read what is trained on, or that start
# what does.
TRAINING = {
    "suite.checkpoint_making",
    "suite.commands.checkpoint",
    "suite.commands.instances",
    "suite.commands.oddities",
    "suite.commands.pretrain",
    "suite.corpus_check",
    "suite.distillation_run",
    "suite.distilled_trials",
    "suite.doctor.checkpoint",
    "suite.fetching.checkpoint",
    "suite.fine_tuned_checkpoint",
    "suite.oddity_effects",
    "suite.peer_steps",
    "suite.pipeline",
    "suite.pretraining",
    "suite.pretraining_record",
    "suite.pretraining_run",
    "suite.record_check",
    "suite.record_statistics",
    "suite.recorded_sweep",
    "suite.shard_making",
    "suite.sharding",
    "suite.squad_run",
    "suite.squad_trials",
    "suite.step_trace",
    "suite.task_cache",
    "suite.teacher",
    "suite.transfer_texts",
    "suite.trials",
}
# What `python -m suite report` is made of, and what it works on.
REPORTING = (
    "suite.metrics",
    "suite.tasks",
    "suite.published",
    "suite.records",
    "suite.statistics",
    "suite.verdicts",
    "suite.claims",
    "suite.figures",
    "suite.report",
    "suite.all_reports",
    "suite.readme",
    "suite.verdict_page",
    "suite.grid_views",
    "suite.table_verdict",
    "suite.distillation_report",
    "suite.data_report",
    "suite.pretraining_report",
    "suite.performance_report",
    "suite.knob_report",
    "suite.squad_report",
    "suite.squad_files",
    "suite.squad_metrics",
    "suite.doctor.glue",
    "suite.doctor.squad",
    "suite.score_row.account",
    "suite.score_row.report",
    "suite.submission.writing",
    "suite.submission.check",
    "suite.submission.leaderboard",
    "suite.cli",
    "suite.__main__",
)
TEXT = (
    "reference.tokenization",
    "reference.masking",
    "reference.instances",
    "reference.fast_instances",
    "reference.tfrecords",
    "reference.features",
    "reference.shards",
    "reference.squad_features",
    "reference.squad_answers",
)


def modules(package: str) -> list[str]:
    paths = sorted((ROOT / package).rglob("*.py"))
    # Test support of `pytest suite/` is no part of the package.
    own = [p for p in paths if p.stem != "conftest" and not p.stem.startswith("test_")]
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in own]
    return [name.removesuffix(".__init__") for name in names]


def imported(module: str) -> Iterator[str]:
    """Every module imported anywhere in the source of a module."""
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: import by the full name"
            yield node.module
            # `from reference import errors` names a module, too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def uses(module: str, package: str) -> set[str]:
    """The modules of a package that a module names."""
    return set(imported(module)) & set(modules(package))


def in_fresh_interpreter(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_after_importing(names) -> list[str]:
    code = f"import {', '.join(names)}, sys\nprint(*sys.modules)"
    return in_fresh_interpreter(code).split()


@pytest.mark.parametrize("module", modules("reference"))
def test_reference_never_imports_suite(module):
    assert not [name for name in imported(module) if name.split(".")[0] == "suite"]


def test_what_trains_imports_reference_and_nothing_else_does():
    """Exactly the listed modules do, so that the list cannot grow stale."""
    found = {m for m in modules("suite") if uses(m, "reference") - FREE}
    assert found == TRAINING


def test_what_is_free_to_all_needs_the_standard_library_only():
    for module in FREE:
        others = set(imported(module)) - {f"{m}.InputError" for m in FREE} - FREE
        assert {name.split(".")[0] for name in others} <= sys.stdlib_module_names


@pytest.mark.parametrize("names", [REPORTING, TEXT], ids=["reporting", "text"])
def test_no_framework_is_loaded_with(names):
    loaded = loaded_after_importing(names)
    assert set(names) <= set(loaded)
    assert not set(FRAMEWORKS) & set(loaded)


def test_jax_trains_without_tensorflow_and_reference_without_suite():
    """Every module is imported and a step made; to ask for TensorFlow is an error."""
    code = (
        WITHOUT_TENSORFLOW
        + f"import {', '.join(set(modules('reference')) - {TENSORFLOWS_OWN})}\n"
        + ONE_STEP
        + "print(sum(name.split('.')[0] == 'suite' for name in sys.modules))\n"
        + f"import {', '.join(modules('suite'))}\n"
        + "print(asked)"
    )
    printed = in_fresh_interpreter(code, KERAS_BACKEND="jax")
    assert printed.split() == ["jax", "1", "0", "[]"]


WITHOUT_TENSORFLOW = """
import importlib.abc, sys

asked = []

class NoTensorFlow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTensorFlow())
"""

ONE_STEP = """
import numpy as np
from reference import finetuning, heads, variables, weights
from reference.backend import name
from reference.configuration import BertConfig
from reference.features import Features

config = BertConfig(16, 8, 1, 2, 16)
ids = np.arange(32, dtype=np.int32).reshape(4, 8) % 16
features = Features(ids, ids * 0, np.full(4, 8, np.int32))
data = finetuning.TaskData(features, np.arange(4, dtype=np.int32) % 2, {}, 2)
tuner = finetuning.FineTuner(config, heads.classifier(2), 1)
shapes = variables.variable_shapes(config).items()
encoder = {name: shape for name, shape in shapes if name.startswith("bert/")}
drawn = weights.initial_weights(encoder, 0.02, 1)
recipe = finetuning.Recipe(batch_size=4, epochs=1)
outcome = tuner.run(drawn, data, recipe, [1e-3], [1])
print(name(), np.isfinite(outcome.losses).sum())
"""
