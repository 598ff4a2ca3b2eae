"""A room with hours to ask for, and the words in which pages are asked."""

from datetime import timedelta

from django.utils import timezone

from spaces.domain.availability import refresh_free
from tests.factories.spaces import ClosureFactory, OfficeFactory, OpeningFactory
from tests.periods import hours

EVENING = "3-1080-1260"  # Thursday, 18 to 21


def soon():
    """A date on which every page may begin."""
    return timezone.localdate() + timedelta(days=2)


def thursday():
    """The first Thursday from ``soon`` on."""
    return soon() + timedelta(days=(3 - soon().weekday()) % 7)


def open_office(**fields):
    """Open Thursdays from 17 to 21, $18 an hour."""
    opening = fields.pop("opening", {})
    office = OfficeFactory(**fields)
    OpeningFactory(office=office, **opening)
    refresh_free([office.pk])
    return office


def asked(weeks=4, hours=EVENING, **more):
    """The query of a search, or of a request."""
    return {
        "hours": hours,
        "first_date": soon().isoformat(),
        "weeks": str(weeks),
        **more,
    }


def close(room, reason="Holiday", **scope):
    """Closed until after the first Thursday."""
    closure = ClosureFactory(
        **{"office": room, **scope}, reason=reason, period=hours(0, 24 * 9)
    )
    refresh_free([room.pk])
    return closure
