import pytest
from django import forms
from django.http import QueryDict

from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.hours import Span


class WeekForm(WeekFormMixin, forms.Form):
    hours = WeekField()
    near = forms.CharField()


class FreeForm(forms.Form):
    hours = WeekField(required=False)


def sent(query):
    form = FreeForm(QueryDict(query))
    return form.cleaned_data["hours"] if form.is_valid() else form.errors["hours"]


@pytest.mark.parametrize(
    ("query", "pattern"),
    [
        ("", []),
        ("hours=1-1080", [Span(1, 1080, 1110)]),
        ("hours=1-1110&hours=1-1080", [Span(1, 1080, 1140)]),
        ("hours=3-540&hours=1-1080-1260", [Span(1, 1080, 1260), Span(3, 540, 570)]),
        ("hours=0-0-1440", [Span(0, 0, 1440)]),
        (
            "hours_day=&hours_from=&hours_to=&hours_day=5&hours_from=1320&hours_to=1440",
            [Span(5, 1320, 1440)],
        ),
        (
            "hours=1-1080&hours_day=1&hours_from=1110&hours_to=1260",
            [Span(1, 1080, 1260)],
        ),
    ],
)
def test_week_field_cleans_to_merged_spans(query, pattern):
    assert sent(query) == pattern


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("hours=7-1080", "not on the grid"),
        ("hours=1-1075", "not on the grid"),
        ("hours=1-1440", "not on the grid"),
        ("hours=1-1080-1441", "not on the grid"),
        ("hours=1-1080-1470", "not on the grid"),
        ("hours=-1-1080", "Choose a day, a start and an end"),
        ("hours=soon", "not on the grid"),
        ("hours=1-%D9%A1%D9%A0", "not on the grid"),
        ("hours=1-99999999999", "not on the grid"),
        ("hours=1-2-3-4", "not on the grid"),
        ("hours=1-1260-1080", "The end has to come after the start, on Tue."),
        ("hours=1-1080-1080", "The end has to come after the start, on Tue."),
        ("hours_day=1&hours_from=&hours_to=600", "Choose a day, a start and an end"),
        ("hours_day=&hours_from=540&hours_to=600", "Choose a day, a start and an end"),
        ("hours_day=1&hours_from=540", "Choose a day, a start and an end"),
    ],
)
def test_week_field_says_what_is_wrong(query, words):
    assert words in sent(query)[0]


def test_week_field_wants_something_painted():
    form = WeekForm(QueryDict("near=94618"))

    assert not form.is_valid()
    assert list(form.errors) == ["hours"]


def test_week_field_draws_what_can_be_read_of_what_was_sent():
    html = str(FreeForm(QueryDict("hours=1-1080&hours=nonsense"))["hours"])

    assert 'value="1-1080" aria-label="Tue 18:00" checked' in html
    assert html.count(" checked") == 1


def test_week_field_draws_initial_spans_and_opens_late_hours():
    html = str(FreeForm(initial={"hours": [Span(4, 1260, 1320)]})["hours"])

    assert html.count(" checked") == 2
    assert html.count('<details class="week-more" open>') == 1
    assert "Fri 21:00–22:00 · 1 hour a week" in html


def test_week_field_counts_a_part_of_a_cell_as_the_cell():
    html = str(FreeForm(initial={"hours": [Span(4, 545, 560)]})["hours"])

    assert 'value="4-540" aria-label="Fri 09:00" checked' in html


def test_week_field_has_changed_only_with_its_hours():
    form = FreeForm(
        QueryDict("hours=1-1080&hours=1-1110"),
        initial={"hours": [Span(1, 1080, 1140)]},
    )

    assert not form.has_changed()


def test_repaint_is_never_valid_and_complains_of_hours_alone():
    form = WeekForm(
        QueryDict("repaint=hours&hours_day=1&hours_from=1080&hours_to=1260&near=")
    )

    assert form.wants_repaint
    assert not form.is_valid()
    assert not form.errors
    assert form["hours"].value() == [Span(1, 1080, 1260)]


def test_repaint_says_when_an_end_comes_before_its_start():
    form = WeekForm(
        QueryDict("repaint=hours&hours_day=1&hours_from=1260&hours_to=1080&near=")
    )

    assert list(form.errors) == ["hours"]


def test_repaint_of_nothing_is_not_scolded():
    assert not WeekForm(QueryDict("repaint=hours")).errors
