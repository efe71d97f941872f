# SPDX-License-Identifier: EUPL-1.2
"""What must be reached, and whether what was measured reaches it: said plainly, missed or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One figure's bounds, both included: errors have no least, coverage has both."""

    figure: str
    least: float = 0.0
    most: float

    def __str__(self) -> str:
        """Tell the bounds as a table's heading does."""
        return f"<= {self.most:g}" if not self.least else f"{self.least:g} to {self.most:g}"

    def verdict(self, measured: float | None) -> str:
        """Return the figure, its bounds and whether it keeps to them."""
        if measured is None:
            return f"{self.figure}: not measured (wanted {self})"
        word = "reached" if self.least <= measured <= self.most else "MISSED"
        return f"{self.figure}: {measured:.3f}, wanted {self}: {word}"


def show(
    title: str, rows: Mapping[str, Mapping[str, float | None]], wanted: Sequence[Wanted]
) -> None:
    """Print a table: a row for each model, a column for each figure, and what is wanted below."""
    names = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    bounds = {one.figure: str(one) for one in wanted}
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for model, figures in rows.items():
        table.add_row(model, *(_told(figures.get(name)) for name in names))
    table.add_section()
    table.add_row("wanted", *(bounds.get(name, "") for name in names))
    Console(width=120).print(table)


def judge(measured: Mapping[str, float | None], wanted: Sequence[Wanted], where: str) -> None:
    """Print a line for each figure wanted."""
    for one in wanted:
        print(f"{where}, {one.verdict(measured.get(one.figure))}")


def _told(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}" if figure < 10 else f"{figure:.1f}"
