"""The registry is whole, agrees with itself, and says where each number is from."""

import csv
import shutil

import pytest

from reference.errors import InputError
from suite.printed_averages import average_problems
from suite.published import (
    AVERAGE,
    PUBLISHED_DIR,
    SCORE,
    TABLE_COLUMNS,
    TableColumn,
    glue_score,
    load_margins,
    load_published,
    margin_reasons,
)
from suite.tasks import GLUE_TASKS

COMPACT = ("BERT-Tiny", "BERT-Mini", "BERT-Small", "BERT-Medium")


@pytest.fixture(scope="module")
def registry():
    return load_published()


def row(registry, model):
    return {column: registry[model, column].value for column in TABLE_COLUMNS}


def test_the_table_has_the_nine_tasks_ax_and_score():
    assert len(TABLE_COLUMNS) == 15
    assert TABLE_COLUMNS[-1] == SCORE


@pytest.mark.parametrize("model", COMPACT)
def test_compact_rows_are_whole(registry, model):
    for column in TABLE_COLUMNS:
        score = registry[model, column]
        assert score.decimals == 1
        assert "eedf571" in score.source
        assert model in score.locator


@pytest.mark.parametrize(
    ("model", "score"),
    list(zip(COMPACT, (64.144, 65.761, 71.172, 73.511), strict=True)),
)
def test_the_score_formula(registry, model, score):
    assert round(glue_score(row(registry, model)), 3) == score


def test_pairs_are_averaged_within_a_task(registry):
    values = dict.fromkeys(TABLE_COLUMNS, 0.0)
    values[TableColumn("MRPC", "f1", "test")] = 90.0
    assert glue_score(values) == pytest.approx(5.0)
    values[TableColumn("AX", "matthews", "test")] = 90.0
    assert glue_score(values) == pytest.approx(5.0)
    values[TableColumn("MNLI", "accuracy", "test_mismatched")] = 90.0
    assert glue_score(values) == pytest.approx(10.0)


def test_a_wrong_row_is_found(tmp_path):
    shutil.copytree(PUBLISHED_DIR, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "compact_glue_test.csv"
    path.write_text(path.read_text().replace("BERT-Tiny,Score,score,test,64.2", "X"))
    with pytest.raises(InputError, match="line 2"):
        load_published(tmp_path)
    text = (PUBLISHED_DIR / path.name).read_text()
    path.write_text(text.replace("Score,score,test,64.2", "Score,score,test,64.3"))
    (problem,) = average_problems(load_published(tmp_path))
    assert problem == "BERT-Tiny: printed 64.3, published Score gives 64.144"


def test_a_malformed_number_is_named(tmp_path):
    shutil.copytree(PUBLISHED_DIR, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "compact_glue_test.csv"
    path.write_text(path.read_text().replace("test,83.2,", "test,eighty,"))
    with pytest.raises(InputError, match="line 4: expected a number under value"):
        load_published(tmp_path)


WHOLE_WORD = {  # SQuAD 1.1 F1 and EM, MultiNLI
    "BERT-Large, Uncased (Original)": (91.0, 84.3, 86.05),
    "BERT-Large, Uncased (Whole Word Masking)": (92.8, 86.7, 87.07),
    "BERT-Large, Cased (Original)": (91.5, 84.8, 86.09),
    "BERT-Large, Cased (Whole Word Masking)": (92.9, 86.7, 86.46),
}


@pytest.mark.parametrize("model", WHOLE_WORD)
def test_whole_word_rows_are_whole(registry, model):
    found = {c: s for (name, c), s in registry.items() if name == model}
    assert {tuple(c): s.value for c, s in found.items()} == dict(
        zip(
            (
                ("SQuAD 1.1", "f1", "not stated"),
                ("SQuAD 1.1", "exact_match", "not stated"),
                ("MNLI", "accuracy", "not stated"),
            ),
            WHOLE_WORD[model],
            strict=True,
        )
    )
    assert all("eedf571" in s.source and model in s.locator for s in found.values())


def test_spreads_of_third_parties(registry):
    score = registry["BERT-Tiny", TableColumn("MRPC", "f1", "dev")]
    assert (score.value, score.sd, score.runs) == (81.68, 0.33, 5)


def test_margins_follow_their_rule(registry):
    """A sixth of the step from Tiny to Medium, as margins.csv says."""
    tiny, medium = row(registry, "BERT-Tiny"), row(registry, "BERT-Medium")
    steps: dict[tuple[str, str], list[float]] = {}
    for column in TABLE_COLUMNS:
        step = (medium[column] - tiny[column]) / 6
        steps.setdefault((column.task, column.metric), []).append(step)
    margins = load_margins()
    assert set(margins) == set(steps) - {("WNLI", "accuracy")}
    for key, margin in margins.items():
        # Rounded to a tenth; binary fractions may sit an ulp beyond the half.
        assert abs(margin - sum(steps[key]) / len(steps[key])) <= 0.05 + 1e-9


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        ("RTE,accuracy,0.8", "RTE,accuracy,", "line 12: expected a number under marg"),
        ("RTE,accuracy,0.8", "RTE,accuracy,nan", "expected a margin above 0, found n"),
        ("RTE,accuracy,0.8", "RTE,accuracy,-1", "line 12: expected a margin above 0"),
        ("RTE,accuracy", "RTT,accuracy", "each once, found RTT, accuracy; correct"),
        ("RTE,accuracy", "MNLI,accuracy", "each once, found MNLI, accuracy; correct"),
        ("task,metric", "tasks,metric", "line 1: expected the header task,metric,marg"),
    ],
)
def test_a_margin_that_is_none_is_named(tmp_path, found, written, said):
    shutil.copytree(PUBLISHED_DIR, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "margins.csv"
    path.write_text(path.read_text().replace(found, written))
    for read in (load_margins, margin_reasons):
        with pytest.raises(InputError, match=f"margins.csv.*{said}"):
            read(tmp_path)


def test_a_margin_that_is_missing_is_named(tmp_path):
    shutil.copytree(PUBLISHED_DIR, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "margins.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("RTE,")))
    with pytest.raises(InputError, match="expected a margin of RTE, accuracy, found"):
        load_margins(tmp_path)


def test_every_margin_has_a_reason():
    with open(PUBLISHED_DIR / "margins.csv", encoding="utf-8", newline="") as file:
        assert all(line["reason"] for line in csv.DictReader(file))


@pytest.mark.parametrize("model", ["BERT-Base", "BERT-Large"])
def test_the_rows_of_devlin_et_al(registry, model):
    """Eight tasks, one number each but for MNLI; no WNLI, no AX, no Score."""
    found = {c: s for (name, c), s in registry.items() if name == model}
    assert len(found) == 10
    assert AVERAGE in found
    assert SCORE not in found
    assert {c.task for c in found} == {*GLUE_TASKS, "Average"} - {"WNLI"}
    assert all("1810.04805" in s.source and s.runs == 1 for s in found.values())


def test_margins_and_reasons_are_of_the_same_cells():
    reasons = margin_reasons()
    assert set(reasons) == {*load_margins(), ("WNLI", "accuracy")}
    assert all(reasons.values())
