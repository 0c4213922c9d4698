"""Parts, headings and the ways from a page to its records."""

from pathlib import Path

from suite.pages import Figures, folded, lowered, records_at, way_to, write_page


def test_parts_become_paragraphs(tmp_path):
    page = write_page(tmp_path / "a" / "page.md", ["# Title\n", "", "\ntext"])
    assert page.read_bytes() == b"# Title\n\ntext\n"


def test_headings_go_down_and_nothing_else():
    parts = ["# One", "### Three", "text #", "a\n# b"]
    assert lowered(parts) == ["## One", "#### Three", "text #", "a\n# b"]


def test_what_is_folded_can_be_opened():
    assert folded("Ids", "a", "b") == [
        "<details><summary>Ids</summary>",
        "a",
        "b",
        "</details>",
    ]


def test_ways_lead_from_the_page_to_the_records(tmp_path):
    run = tmp_path / "results" / "runs" / "a run"
    run.mkdir(parents=True)
    assert way_to(run, tmp_path / "reports") == "[`a run`](../results/runs/a%20run)"
    assert (
        records_at("data/x.json") == "[`results/data/x.json`](../results/data/x.json)"
    )
    assert records_at("data/x.json", "x") == "[`x`](../results/data/x.json)"


def test_a_figure_is_drawn_below_its_page(tmp_path):
    def draw(path: Path, what: str) -> Path | None:
        return path if what else None

    figures = Figures(tmp_path, "run")
    assert figures.image("Dots", "dots", draw, "one") == (
        "![Dots](figures/run/dots.svg)"
    )
    assert figures.image("Dots", "none", draw, "") == ""
    assert figures.written == [tmp_path / "figures/run/dots.svg"]
