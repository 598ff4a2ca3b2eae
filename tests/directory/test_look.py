from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.template import Context, Template
from django.utils import timezone

from directory.templatetags.look import hue, initials, when

SIX = datetime(2020, 12, 3, 18, tzinfo=UTC)


class NameForm(forms.Form):
    name = forms.CharField(label="Your name", help_text="As colleagues know you.")
    note = forms.CharField(label="A word", required=False)
    agree = forms.BooleanField(label="I agree")
    size = forms.ChoiceField(
        label="People", choices=[("1", "Just me")], widget=forms.RadioSelect
    )


def render(text, **context):
    return Template("{% load look %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Dana Whitlock", "DW"),
        ("Cher", "C"),
        ("joaquín maria villarreal", "JV"),
        ("王 小明", "王小"),
        ("🌿 Fern", "F"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_initials(name, letters):
    assert initials(name) == letters


def test_hue_stays_with_the_person():
    person = SimpleNamespace(pk=7)

    assert hue(person) == hue(SimpleNamespace(pk=7))
    assert {hue(number) for number in range(100)} == {1, 2, 3, 4, 5, 6}


def test_when_says_a_period_in_the_active_zone():
    evening = DateTimeTZRange(SIX, SIX + timedelta(hours=3))
    night = DateTimeTZRange(SIX, SIX + timedelta(hours=6))

    with timezone.override("UTC"):
        assert when(evening) == "Thu 3 Dec 2020, 18:00–21:00"
        assert when(night) == "Thu 3 Dec 2020, 18:00–24:00"
        assert when(SIX) == "Thu 3 Dec 2020, 18:00"
        assert when(None) == ""
    with timezone.override("America/Los_Angeles"):
        assert when(evening) == "Thu 3 Dec 2020, 10:00–13:00"


def test_here_marks_the_current_place():
    request = SimpleNamespace(
        resolver_match=SimpleNamespace(view_name="spaces:need_detail")
    )

    html = render('{% here "spaces:need" %}|{% here "home" %}', request=request)

    assert html == ' aria-current="page"|'


def test_here_knows_no_place_on_an_error_page():
    assert render('{% here "home" %}', request=SimpleNamespace()) == ""


def test_form_puts_hint_and_error_beside_their_field():
    html = NameForm({"name": ""}).as_div()

    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert "This field is required." in html


def test_form_says_which_fields_may_stay_empty():
    assert NameForm().as_div().count("(if you like)") == 1


def test_form_announces_what_is_wrong_with_it_as_a_whole():
    form = NameForm({"name": "Dana", "agree": "on", "size": "1"})
    form.add_error(None, "Another booking got there first.")

    html = form.as_div()

    assert 'role="alert"' in html
    assert "Another booking got there first." in html


def test_form_groups_radios_in_a_fieldset():
    html = NameForm().as_div()

    assert "<legend>" in html
    assert 'type="radio"' in html
