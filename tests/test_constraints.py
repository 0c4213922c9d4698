"""The two lists of pins agree, so that peers are measured on what the tests run on."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def pins(name: str) -> dict[str, set[str]]:
    """Package -> its pins, of which there are several where platforms differ."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            package, _, version = line.partition(";")[0].partition("==")
            found.setdefault(package, set()).add(version.strip())
    return found


def test_what_both_pin_they_pin_alike():
    own, peers = pins("constraints.txt"), pins("constraints-peers.txt")
    assert {"torch", "transformers", "keras-hub"} <= peers.keys() - own.keys()
    assert own.keys() - peers.keys() == {"ruff"}  # which measures nothing
    assert {name: peers[name] for name in own.keys() & peers.keys()} == {
        name: version for name, version in own.items() if name in peers
    }
