"""The page about pre-training data, from its two records."""

import json
import random

import pytest

from reference.oddities import Oddity
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.data_report import effect_table, write_data_report
from suite.oddity_effects import VARIANTS, oddity_effects, record
from tests.suite.test_instance_rates import BENCHMARKS

VOCAB = [*SPECIAL_TOKENS, "[unused0]", *"abcdef", *(f"##{c}" for c in "abcdef")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The record of the oddities of a small text."""
    path = tmp_path_factory.mktemp("text") / "text.txt"
    rng = random.Random(0)
    words = ("abc", "de", "f", "fa", "b", "cdefab", "ef")
    lines = [" ".join(rng.choices(words, k=60)) for _ in range(60)]
    path.write_text("\n\n".join("\n".join(lines[i : i + 9]) for i in range(0, 60, 9)))
    tokenizer = Tokenizer(VOCAB)
    said = []
    effects = oddity_effects([path], tokenizer, 2, lambda *at: said.append(at))
    assert said == [(done, 14) for done in range(15)]
    return json.loads(json.dumps(record([path], tokenizer, effects)))


def test_every_oddity_is_left_out_once_by_itself(made):
    variants = [tuple(map(str, without)) for without in VARIANTS]
    assert variants[1:-1] == [(str(oddity),) for oddity in Oddity]
    for masking in ("wordpiece", "whole-word"):
        rows = [row for row in made["effects"] if row["masking"] == masking]
        assert [tuple(row["without"]) for row in rows] == variants


def test_effects_are_those_of_the_oddities(made):
    effects = effect_table(made["effects"]).loc["whole-word"]
    original = effects.loc["(the original)"]
    assert original["Whole words"] == "100.00"
    assert original["Across [SEP]"] == "100.00"
    assert float(effects.loc["glue-across-sep", "Across [SEP]"]) < 100
    assert float(original["Special"]) > 0
    assert effects.loc["special-replacements", "Special"] == "0.00"
    # Of a pair of random pieces, one may by chance be what it was and count as kept: of
    # 18 pieces, two in 18 of the tenth of pairs that are random.
    assert float(effects.loc["per-token-replacement", "Same fate"]) > 95
    assert float(original["Same fate"]) < 80  # 66 on average
    assert effects.loc["skip-over-budget", "Budget used"] == "100.00"
    assert effects.loc["skip-over-budget", "Whole words"] != "100.00"


def test_the_page(tmp_path, made):
    machine = {"accelerator": {"device": "CPU", "machine": "a machine"}}
    benchmarks = {"machine_info": machine, "benchmarks": BENCHMARKS}
    (tmp_path / "instances.json").write_text(json.dumps(benchmarks))
    (tmp_path / "oddities.json").write_text(json.dumps(made))
    page, figure = write_data_report(tmp_path, tmp_path / "reports")
    text = page.read_text()
    assert "| plain | – | 500 |" in text
    assert "| 2 | 1 | wordpiece | 12 | 600 | 3.0 | 200 | 300 |" in text
    assert "### whole-word" in text
    assert "Text: text.txt" in text
    before = page.read_bytes(), figure.read_bytes()
    write_data_report(tmp_path, tmp_path / "reports")
    assert (page.read_bytes(), figure.read_bytes()) == before


def test_what_was_not_measured_is_said_to_be_so(tmp_path):
    [page] = write_data_report(tmp_path, tmp_path / "reports")
    assert page.read_text().count("Not measured yet: `") == 2
