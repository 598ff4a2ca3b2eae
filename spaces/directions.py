"""How visitors find a room, as a text to copy. It is made to be passed on, so it never holds a code."""

from django.utils.translation import gettext as _

from directory.enums import TermGroup, TermKind
from spaces.models import Office

SHORTEST_CODE = 3  # fewer characters than this may as well be a house number
WAITING = {"waiting-room", "own-waiting-room", "private-waiting", "reception", "buzzer"}


def directions_for_visitors(office: Office) -> str:
    """Door, parking, step-free access, then the host's own words. ``building`` and ``attributes`` are loaded."""
    building = office.building
    street = ", ".join(
        part for part in (building.street, office.suite, building.city) if part
    )
    parts = [
        building.name if building.name not in building.street else "",
        street,
        _step_free(office),
        building.access.strip(),
        _attributes(office),
        office.directions.strip(),
    ]
    text = "\n".join(part for part in parts if part)
    for code in (office.entry_code, office.alarm):
        if len(code.strip()) >= SHORTEST_CODE:
            text = text.replace(code.strip(), "…")
    return text


def _step_free(office: Office) -> str:
    if office.is_step_free:
        return _("Step-free from the street to the room.")
    if office.building.is_step_free:
        return _("Step-free entrance. Ask me about the way to the room.")
    return ""


def _attributes(office: Office) -> str:
    labels = [
        term.label
        for term in office.attributes.all()
        if term.kind == TermKind.OFFICE_ATTRIBUTE
        and term.slug != "step-free"
        and (term.group == TermGroup.ACCESS or term.slug in WAITING)
    ]
    return _("There is: %(things)s.") % {"things": ", ".join(labels)} if labels else ""
