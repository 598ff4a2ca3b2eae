"""A figure, how it is taken, how it is shown."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

FEWEST_RUNS = 10
COLUMNS = ("name", "size", "value", "unit", "p95", "limit", "ratio")


@dataclass(frozen=True)
class Figure:
    """``limit`` is the raw figure of the same run on the same data, where there is one."""

    name: str
    size: int
    value: float
    unit: str
    p95: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        return round(self.value / self.limit, 3) if self.limit else None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


@dataclass(frozen=True)
class Times:
    """Milliseconds of every run."""

    runs: Sequence[float]

    @property
    def median(self) -> float:
        return round(statistics.median(self.runs), 3)

    @property
    def p95(self) -> float:
        """Nearest rank."""
        ordered = sorted(self.runs)
        return round(ordered[-(-95 * len(ordered) // 100) - 1], 3)

    def figure(self, name: str, size: int, limit: "Times | None" = None) -> Figure:
        return Figure(
            name, size, self.median, "ms", self.p95, limit.median if limit else None
        )


def side_by_side(
    works: Mapping[str, Callable[[], float]],
    *,
    runs: int,
    warm_up: int = 5,
    seconds: float = 25,
) -> dict[str, Times]:
    """Each in turn, ``runs`` times over, so that whatever else the machine does meanwhile burdens all alike.

    A work says how many milliseconds it took: ``timed`` makes one of any call. Ends earlier, but not before ten
    rounds, when ``seconds`` are over.
    """
    for _round in range(min(warm_up, runs)):
        for work in works.values():
            work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    deadline = time.monotonic() + seconds
    for done in range(runs):
        if done >= FEWEST_RUNS and time.monotonic() > deadline:
            break
        for name, work in works.items():
            taken[name].append(work())
    return {name: Times(found) for name, found in taken.items()}


def timed(call: Callable[[], object]) -> Callable[[], float]:
    def work() -> float:
        began = time.perf_counter()
        call()
        return since(began)

    return work


def since(began: float) -> float:
    """Milliseconds."""
    return (time.perf_counter() - began) * 1000


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def table(figures: Sequence[Figure]) -> str:
    rows = [list(COLUMNS), *(_row(figure) for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if name in ("name", "unit") else text.rjust(width)
            for name, text, width in zip(COLUMNS, row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _row(figure: Figure) -> list[str]:
    said = figure.as_dict()
    return [_said(said[name]) for name in COLUMNS]


def _said(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)
