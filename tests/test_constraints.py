"""The lists of pins agree: peers and clusters run on what the tests run on."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pins(name: str) -> dict[str, set[str]]:
    """Package -> its pins, of which there are several where platforms differ."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            package, _, version = line.partition(";")[0].partition("==")
            found.setdefault(package, set()).add(version.strip())
    return found


@pytest.mark.parametrize(
    ("group", "more"),
    [
        ("peers", {"torch", "transformers", "keras-hub", "statsmodels"}),
        ("cluster", {"ray"}),
    ],
)
def test_what_both_pin_they_pin_alike(group, more):
    own, others = pins("constraints.txt"), pins(f"constraints-{group}.txt")
    assert more <= others.keys() - own.keys()
    assert own.keys() - others.keys() == {"ruff"}  # which runs nothing
    assert {name: others[name] for name in own.keys() & others.keys()} == {
        name: version for name, version in own.items() if name in others
    }
