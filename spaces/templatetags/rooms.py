"""What pages of the directory show of rooms, which it knows nothing of."""

from typing import Any

from django import template
from django.db.models import Prefetch
from django.template import Context

from directory.models import Therapist
from spaces.agenda import opening_blocks
from spaces.models import Office, OfficePhoto
from spaces.models.photo import SIDES
from spaces.queries import offices_open_to, openings_open_to
from spaces.week import say_spans

register = template.Library()


@register.inclusion_tag("spaces/_rooms_of.html", takes_context=True)
def rooms_of(context: Context, person: Therapist) -> dict[str, Any]:
    """A colleague's rooms with the hours they offer, as ``me`` may see them. A constant number of queries."""
    me = context["me"]
    own = Office.objects.hosted_by(person)
    offices = (
        own.listed()
        if person == me
        else offices_open_to(me).filter(pk__in=own.values("pk"))
    )
    openings = Prefetch("openings", openings_open_to(me).defer("free"), "shown")
    rooms = [
        {
            "office": office,
            "blocks": opening_blocks(office.shown, context["community"].currency),
            "hours": say_spans(opening.span for opening in office.shown),
        }
        for office in offices.select_related("building").prefetch_related(openings)
    ]
    return {"rooms": rooms, "person": person}


@register.inclusion_tag("components/_photo.html")
def photo(
    photo: OfficePhoto, sizes: str = "100vw", *, at_once: bool = False
) -> dict[str, Any]:
    """A photo of a room; ``sizes`` says how wide it is drawn. Later ones wait until they are scrolled to."""
    width, height = photo.measures("medium")
    return {
        "photo": photo,
        "sizes": sizes,
        "sources": [(size, photo.measures(size)[0]) for size in SIDES],
        "width": width,
        "height": height,
        "at_once": at_once,
    }
