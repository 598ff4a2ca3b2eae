"""How things look, on every page: icons, avatars, dates, the current place in the menu. Presentation only, no queries."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zlib import crc32

from django import template
from django.forms import BoundField
from django.template import Context
from django.templatetags.static import static
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext

from directory.text import say_device

register = template.Library()

HUES = 6
TONES = {  # word in a status column -> (colour, icon): colour is never the only sign
    "confirmed": ("moss", "check"),
    "accepted": ("moss", "check"),
    "booked": ("moss", "check"),
    "covered": ("moss", "check"),
    "approved": ("moss", "check"),
    "member": ("moss", "check"),
    "sent": ("moss", "check"),
    "open": ("teal", "ring"),
    "requested": ("teal", "ring"),
    "asked": ("teal", "ring"),
    "offered": ("teal", "half"),
    "awaiting": ("teal", "half"),
    "running": ("teal", "half"),
    "provisional": ("brick", "half"),
    "displaced": ("brick", "flame"),
}


@register.simple_tag
@lru_cache
def icon(name: str) -> SafeString:
    """``{% icon "flame" %}``: a symbol of static/icons.svg, as tall as the text, silent for screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("icons.svg"),
        name,
    )


@register.filter
def initials(person: object) -> str:
    """The first letters of the first and last word of a name, at most two."""
    words = [word for word in str(person).split() if word[0].isalpha()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


@register.filter
def hue(person: object) -> int:
    """A colour number 1–6 that stays with the person."""
    return crc32(str(getattr(person, "pk", person)).encode()) % HUES + 1


@register.simple_tag(takes_context=True)
def here(context: Context, *prefixes: str) -> SafeString | str:
    """``aria-current`` where the name of the current view begins with one of ``prefixes``."""
    match = getattr(context.get("request"), "resolver_match", None)
    name = match.view_name if match else ""
    return (
        format_html(' aria-current="{}"', "page")
        if name and name.startswith(prefixes)
        else ""
    )


@register.filter
def is_optional(field: BoundField) -> bool:
    """A field one may leave empty, in a form where others must be filled; a search says ``marks_optional = False``."""
    if not getattr(field.form, "marks_optional", True):
        return False
    choices = getattr(field.field, "choices", None) or [("", "")]
    if field.widget_type == "select" and all(value for value, _ in choices):
        return False  # it always says something
    fields = field.form.fields.values()
    return not field.field.required and any(other.required for other in fields)


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's input without the placeholder that a library put there: the label says it."""
    return field.as_widget(attrs={"placeholder": False})


@register.filter
def day(moment: date | datetime | None) -> str:
    """``Thu 3 Dec``, a moment in the active time zone; with the year when it is another one."""
    if not moment:
        return ""
    moment = localtime(moment) if isinstance(moment, datetime) else moment
    form = "D j M" if moment.year == localtime().year else "D j M Y"
    return date_format(moment, form)


@register.filter
def when(value: Any) -> str:
    """A moment as ``Thu 3 Dec, 18:00``; a period as ``Thu 3 Dec, 18:00–21:00``; in the active time zone."""
    if not value:
        return ""
    if isinstance(value, datetime):
        return f"{day(value)}, {localtime(value):%H:%M}"
    lower, upper = localtime(value.lower), localtime(value.upper)
    if lower.date() == upper.date():
        return f"{day(lower)}, {lower:%H:%M}–{upper:%H:%M}"
    if (upper - lower).days < 1 and f"{upper:%H:%M}" == "00:00":
        return f"{day(lower)}, {lower:%H:%M}–24:00"
    return gettext("%(from)s to %(to)s") % {"from": when(lower), "to": when(upper)}


register.filter("device", say_device)


@register.filter
def weekday(number: int) -> str:
    """0 is ``Mon``."""
    return str(WEEKDAYS_ABBR[number])


@register.filter
def tone(status: str) -> str:
    """The badge's colour for a status word, empty for a quiet one."""
    return TONES.get(status, ("", ""))[0]


@register.filter
def tone_icon(status: str) -> str:
    return TONES.get(status, ("", ""))[1]
