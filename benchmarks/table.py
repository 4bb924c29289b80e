"""What was measured, as rows, and the rows as one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

UNITS: dict[str, Callable[[float], str]] = {
    "s": lambda value: f"{value * 1000:,.1f} ms" if value < 1 else f"{value:,.2f} s",
    "bytes": lambda value: _bytes(value),
    "count": lambda value: f"{value:,.0f}",
    "bytes/s": lambda value: f"{value / 1_000_000:,.0f} MB/s",
    "1/s": lambda value: f"{value:,.0f}/s",
}
HEADINGS = ("measured", "cellucid", "compared with", "", "ratio", "repeats")
NUMERIC = (False, True, False, True, True, True)


@dataclass
class Row:
    """One thing measured on both sides, as often on each, turn by turn.

    An empty side stands for a measurement that could not be made; `note` then says why.
    """

    bench: str
    what: str
    unit: str
    peer: str
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Our median over theirs: below 1 is less time or fewer bytes here."""
        if not self.ours or not self.theirs or not median(self.theirs):
            return None
        return median(self.ours) / median(self.theirs)

    @property
    def spread(self) -> tuple[float, float] | None:
        """Smallest and largest ratio of any single turn."""
        ratios = [mine / other for mine, other in zip(self.ours, self.theirs, strict=False) if other]
        return (min(ratios), max(ratios)) if ratios else None

    def as_json(self) -> dict[str, Any]:
        """The row for build/bench.json, every repeat included."""
        return {**asdict(self), "ratio": self.ratio, "spread": self.spread}


def render(rows: Sequence[Row]) -> str:
    """The table as text; notes come below it as numbered footnotes."""
    notes: list[str] = []
    lines: list[tuple[str, ...]] = []
    for row in rows:
        if row.note and row.note not in notes:
            notes.append(row.note)
        mark = f" [{notes.index(row.note) + 1}]" if row.note else ""
        show = UNITS[row.unit]
        lines.append(
            (
                row.what + mark,
                *(show(median(row.ours)) if row.ours else "-", row.peer),
                *(show(median(row.theirs)) if row.theirs else "-", _ratio(row), str(len(row.ours))),
            )
        )
    widths = [max(map(len, column)) for column in zip(HEADINGS, *lines, strict=True)]
    text = [_line(HEADINGS, widths), "  ".join("-" * width for width in widths)]
    for row, line, before in zip(rows, lines, [None, *rows], strict=False):
        if before is not None and before.bench != row.bench:
            text.append("")
        text.append(_line(line, widths))
    return "\n".join([*text, *(f"[{number}] {note}" for number, note in enumerate(notes, 1))])


def _bytes(value: float) -> str:
    if value < 10_000:
        return f"{value:,.0f} B"
    return f"{value / 1000:,.1f} kB" if value < 10_000_000 else f"{value / 1_000_000:,.0f} MB"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if numeric else cell.ljust(width)
        for cell, width, numeric in zip(cells, widths, NUMERIC, strict=True)
    )
    return "  ".join(aligned).rstrip()


def _ratio(row: Row) -> str:
    if row.ratio is None or row.spread is None:
        return "-"
    low, high = (_two_digits(value) for value in row.spread)
    spread = "" if low == high else f" ({low}-{high})"
    return f"{_two_digits(row.ratio)}x{spread}"


def _two_digits(value: float) -> str:
    """Two significant digits, which is all that a shared machine gives."""
    return "0" if value == 0 else f"{value:.{max(0, 1 - math.floor(math.log10(abs(value))))}f}"
