"""How figures grow with the town: what was measured so far, by size, as a drawing in var/bench/."""

import json
from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from services import VAR

from benches.figures import Figure

FOLDER = VAR / "bench"
WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 50, 50
COLOURS = ("#1b6f8a", "#b3541e", "#4d7c2f", "#7a4a8c", "#8a6d1b", "#a3324a")
INK, FAINT = "#333", "#ccc"

Known = dict[str, list[dict[str, Any]]]  # by size


def remember(name: str, figures: Sequence[Figure]) -> Known:
    """Figures of this size replace those of the last time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    known: Known = json.loads(path.read_text()) if path.exists() else {}
    known[str(figures[0].size)] = [figure.as_dict() for figure in figures]
    path.write_text(json.dumps(known, indent=1) + "\n")
    return known


def draw(name: str, known: Known) -> Path | None:
    """Both scales are logarithmic: what grows with the town is parallel to the dotted line. None of one size alone."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for size in sorted(known, key=int):
        for figure in known[size]:
            if figure["unit"] == "ms":
                point = (float(size), max(figure["value"], 0.01))
                lines.setdefault(figure["name"], []).append(point)
    if len(known) < 2 or not lines:
        return None
    path = FOLDER / f"{name}.svg"
    path.write_text(_drawing(name, lines))
    return path


def _drawing(name: str, lines: Mapping[str, list[tuple[float, float]]]) -> str:
    sizes = sorted({x for line in lines.values() for x, _y in line})
    values = [y for line in lines.values() for _x, y in line]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    first, last = log10(sizes[0]), log10(sizes[-1])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - first) / (last - first)
        up = (log10(y) - low) / (high - low)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )

    parts = [_text(LEFT, 28, f"bin/bench {name}: milliseconds by offices", INK)]
    for power in range(low, high + 1):
        _x, y = place(sizes[0], 10**power)
        parts += [
            _line([(LEFT, y), (WIDTH - RIGHT, y)], FAINT),
            _text(LEFT - 8, y + 4, f"{10.0**power:g}", INK, anchor="end"),
        ]
    for size in sizes:
        x, y = place(size, 10**low)
        parts.append(_text(x, y + 22, f"{size:,.0f}", INK, anchor="middle"))
    slope = (
        place(sizes[0], 10**low),
        place(
            min(sizes[-1], sizes[0] * 10 ** (high - low)),
            10**low * min(sizes[-1] / sizes[0], 10 ** (high - low)),
        ),
    )
    parts.append(_line(slope, FAINT, dashes="3 5"))
    for number, (label, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [place(x, y) for x, y in line]
        parts.append(_line(points, colour, width=2))
        parts += [
            f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in points
        ]
        parts.append(_text(points[-1][0] + 10, points[-1][1] + 4, label, colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' font-family="sans-serif" font-size="13">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _line(
    points: Sequence[tuple[float, float]],
    colour: str,
    *,
    width: float = 1,
    dashes: str = "",
) -> str:
    said = " ".join(f"{x},{y}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{said}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _text(x: float, y: float, said: str, colour: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{escape(said)}</text>'
