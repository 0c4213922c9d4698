"""JSON that is torn or is something else is named, with its line."""

import json

import pytest

from reference.errors import InputError
from reference.json_files import read_json_lines, read_json_object


def test_what_is_whole_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": "ü"}', encoding="utf-8")
    assert read_json_object(tmp_path / "a.json") == {"a": "ü"}
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"b": 2}\n')
    assert read_json_lines(tmp_path / "a.jsonl") == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1', "expected JSON, found none: .*restore the file"),
        ("", "expected JSON, found none"),
        ("[1]", "expected a JSON object {…}, found a list"),
        ("[" * 100_000, "expected JSON, found none"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', 'expected each key .* found "c" twice'),
    ],
)
def test_what_is_not_is_named(tmp_path, text, said):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=f"a.json: {said}"):
        read_json_object(path)
    path.write_text(json.dumps({"a": 1}) + "\n" + (text or " "))
    with pytest.raises(InputError, match=f"a.json, line 2: {said}"):
        read_json_lines(path)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match="expected JSON, found none"):
        read_json_object(path)
