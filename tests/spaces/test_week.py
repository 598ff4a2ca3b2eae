from django.template import Context, Template

from spaces.hours import Span
from spaces.week import Block, say_blocks, say_hours, say_week, week_rows

MORNING = Block(1, 540, 720, "booked", detail="4 of 4 weeks")
EVENING = Block(3, 1080, 1260, "free")


def render(text, **context):
    return Template("{% load spaces %}" + text).render(Context(context))


def shape(rows):
    """(time, ["."  an empty cell, "2x1" a cell of two rows with one block]) of each row; a gap is its two times."""
    return [
        (row.label, row.until_label)
        if row.is_gap
        else (
            row.label,
            [
                f"{cell.rowspan}x{len(cell.blocks)}" if cell.blocks else "."
                for cell in row.cells
            ],
        )
        for row in rows
    ]


def test_week_rows_span_and_fold():
    rows = week_rows([Block(0, 540, 600, "free"), Block(1, 1080, 1110, "open")], [0, 1])

    assert shape(rows) == [
        ("09:00", ["2x1", "."]),
        ("09:30", ["."]),
        ("10:00", "18:00"),
        ("18:00", [".", "1x1"]),
        ("18:30", [".", "."]),
    ]


def test_week_rows_put_overlapping_hours_together():
    rows = week_rows([Block(0, 540, 630, "free"), Block(0, 600, 660, "asked")], [0])

    assert shape(rows) == [
        ("09:00", ["4x2"]),
        ("09:30", []),
        ("10:00", []),
        ("10:30", []),
    ]


def test_week_rows_keep_hours_that_touch_apart():
    rows = week_rows([Block(0, 540, 570, "free"), Block(0, 570, 600, "asked")], [0])

    assert shape(rows) == [("09:00", ["1x1"]), ("09:30", ["1x1"])]


def test_week_rows_widen_to_half_hours_and_end_at_midnight():
    rows = week_rows([Block(0, 1395, 1440, "free")], [0])

    assert shape(rows) == [("23:00", ["2x1"]), ("23:30", [])]


def test_week_rows_of_nothing_are_none():
    assert week_rows([], range(7)) == []


def test_hours_and_weeks_in_words():
    assert say_hours(90) == "1.5"
    assert say_hours(600) == "10"
    assert say_week([]) == "Nothing painted yet."
    assert (
        say_week([Span(3, 1080, 1260), Span(1, 1080, 1260)])
        == "Tue 18:00–21:00, Thu 18:00–21:00 · 6 hours a week"
    )
    assert (
        say_blocks([MORNING, EVENING]) == "Booked Tue 09:00–12:00; Free Thu 18:00–21:00"
    )


def test_week_read_says_state_and_hours_inside_each_block():
    html = render('{% week_read blocks "The week" %}', blocks=[MORNING, EVENING])

    assert "is-booked" in html
    assert "Booked" in html
    assert "4 of 4 weeks" in html
    assert ", 09:00–12:00" in html
    assert "nothing between 12:00 and 18:00" in html


def test_week_read_of_nothing_says_so():
    assert "Nothing in this week." in render(
        '{% week_read blocks "The week" %}', blocks=[]
    )


def test_mini_week_draws_a_short_near_miss_tall_enough_and_last():
    blocks = [Block(1, 1230, 1260, "misses"), Block(1, 1080, 1230, "fits")]

    html = render("{% mini_week blocks %}", blocks=blocks)

    assert html.index('class="fits"') < html.index('class="misses"')
    assert '<rect class="misses" x="21" y="84" width="18" height="6"' in html


def test_coverage_bar_says_hours():
    html = render("{% coverage_bar 1500 480 1020 %}")

    assert 'aria-label="25 hours booked, 8 offered, 17 open"' in html
    assert '<rect class="booked" width="500"' in html


def test_coverage_bar_of_nothing_is_all_open():
    assert "booked 0 h" in render("{% coverage_bar 0 0 0 %}")
