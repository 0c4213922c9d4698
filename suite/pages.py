"""What the pages of a report share: parts, headings, figures, ways to the records."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from reference.files import written_whole
from suite.records import RunDirectory


@dataclass(frozen=True)
class Figures:
    """Draws the figures of a page into a folder below it; `written` are the files."""

    page_dir: Path
    folder: str  # below figures/
    written: list[Path] = field(default_factory=list)

    def image(self, alt: str, name: str, draw: Callable, *what: object) -> str:
        """Draw `what` into a file of this name; how a page shows it, "" if nothing is.

        `draw(path, *what)` gives the path, or None where there is nothing to draw.
        """
        path = self.page_dir / "figures" / self.folder / f"{name}.svg"
        if draw(path, *what) is None:
            return ""
        self.written.append(path)
        way = quote(path.relative_to(self.page_dir).as_posix())
        return f"![{alt}]({way})"


def write_page(path: Path, parts: Iterable[str]) -> Path:
    """Write parts as paragraphs, the empty ones left out; returns the file."""
    with written_whole(path) as file:
        file.write("\n\n".join(part.strip("\n") for part in parts if part) + "\n")
    return path


def lowered(parts: Iterable[str]) -> list[str]:
    """The same parts with every heading a level deeper."""
    return [f"#{part}" if part.startswith("#") else part for part in parts]


def folded(title: str, *parts: str) -> list[str]:
    """Parts that show only when the reader asks for them."""
    return [f"<details><summary>{title}</summary>", *parts, "</details>"]


def run_directories(records: Path) -> list[RunDirectory]:
    """The runs below a directory of results, by name."""
    return [RunDirectory(path.parent) for path in sorted(records.glob("*/run.json"))]


def made_on(run: RunDirectory, kind: str) -> str:
    """Where and how a run was made, and its records, which are below results/`kind`."""
    about = run.stated("device", "commit", "command")
    return (
        f"Run on {about['device']} at commit `{about['commit'][:7]}` by "
        f"`{about['command']}`. Records: {records_at(f'{kind}/{run.path.name}')}."
    )


def way_to(path: Path, page_dir: Path) -> str:
    """A link from a page to the records that it is made of."""
    way = Path(os.path.relpath(path, page_dir)).as_posix()
    return f"[`{path.resolve().name}`]({quote(way)})"


def records_at(path: str, shown: str | None = None) -> str:
    """A link from a page of reports/ to a file or directory of results/."""
    return f"[`{shown or f'results/{path}'}`](../results/{quote(path)})"
