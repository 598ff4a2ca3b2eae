"""Photos for a few rooms of the demo: drawn, since nobody's are at hand."""

from collections.abc import Iterator
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from spaces.demo.places import Places
from spaces.domain.photo import add_photo
from spaces.models import Office

WIDTH, HEIGHT = 960, 640
WALLS = ["#e7dcc6", "#d9e0d3", "#e6d3c8", "#d6dde3"]
FLOORS = ["#b08d5f", "#9c7a55", "#8f8676"]
SEATS = ["#5f8581", "#8a6f4e", "#7b8a5a", "#94604d"]
CHAIRS = "Two armchairs on a rug by a window, a lamp beside them"
CIRCLE = "Eight chairs in a circle, a window behind them"


def hang_photos(places: Places) -> None:
    """The same ones every time, through the front door: that they are re-encoded is part of what is shown."""
    rng = Random(20)  # noqa: S311 -- chance, not secrecy
    for office, chairs in _walls(places):
        picture = _room(rng, chairs)
        add_photo(
            office,
            by=places.hosts[office.pk][0],
            file=BytesIO(picture),
            alt=CIRCLE if chairs > 2 else CHAIRS,
        )


def _walls(places: Places) -> Iterator[tuple[Office, int]]:
    yield places.lantern, 8
    yield places.lantern, 2
    yield places.quiet, 2
    for room in [places.institute[1], *places.others[:4]]:
        yield room, 2
    yield places.institute[8], 8


def _room(rng: Random, chairs: int) -> bytes:
    image = Image.new("RGB", (WIDTH, HEIGHT), rng.choice(WALLS))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 470, WIDTH, HEIGHT), rng.choice(FLOORS))
    _window(draw, rng.randint(260, 460))
    seat = rng.choice(SEATS)
    draw.ellipse((150, 520, 810, 620), "#cdbb9d")
    if chairs > 2:
        for number in range(chairs):
            _chair(draw, 135 + number * 90, 440 + (number % 2) * 50, 70, seat)
    else:
        _chair(draw, 200, 380, 190, seat)
        _chair(draw, 570, 380, 190, seat)
        _lamp(draw, 860)
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _window(draw: ImageDraw.ImageDraw, left: int) -> None:
    draw.rectangle((left, 80, left + 300, 330), "#cfe0e2", "#5d5344", 8)
    draw.ellipse((left + 30, 190, left + 150, 340), "#8aa069")
    draw.ellipse((left + 130, 150, left + 280, 340), "#7b935c")
    draw.line((left + 150, 80, left + 150, 330), "#5d5344", 6)
    draw.rectangle((left - 16, 326, left + 316, 344), "#f4ecdd")


def _chair(
    draw: ImageDraw.ImageDraw, left: int, top: int, size: int, colour: str
) -> None:
    draw.rounded_rectangle((left, top, left + size, top + size), size // 6, colour)
    draw.rounded_rectangle(
        (left - size // 8, top + size // 2, left + size + size // 8, top + size),
        size // 8,
        colour,
        "#3c352c",
        3,
    )


def _lamp(draw: ImageDraw.ImageDraw, left: int) -> None:
    draw.line((left, 230, left, 560), "#3c352c", 8)
    draw.polygon(
        [(left - 50, 240), (left + 50, 240), (left + 28, 160), (left - 28, 160)],
        "#f2dfa8",
    )
