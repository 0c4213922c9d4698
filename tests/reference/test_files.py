"""Files written whole or not at all."""

import pytest

from reference.files import written_whole


@pytest.mark.parametrize(("mode", "content"), [("w", "zwölf\n"), ("wb", b"\x00\xff")])
def test_what_is_written_is_there(tmp_path, mode, content):
    path = tmp_path / "deep" / "file"
    with written_whole(path, mode) as file:
        file.write(content)
    found = path.read_bytes()
    assert found == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    def fail_half_way():
        with written_whole(path) as file:
            file.write("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fail_half_way()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
