"""Two rows of people that are one: what of rooms and needs keeps them apart, and what follows once they are merged."""

from django.db.models import Q
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces.domain.availability import keep_facets, lock_offices
from spaces.enums import BookingStatus, NeedStatus
from spaces.models import Booking, Need, Office

LIVE = [BookingStatus.REQUESTED, BookingStatus.AWAITING, BookingStatus.CONFIRMED]


def clashes(duplicate: Therapist, into: Therapist) -> list[str]:
    """Why they cannot be one yet. In a transaction that goes on to merge them, their rooms are locked from here on."""
    both = [duplicate.pk, into.pk]
    rooms = Office.objects.filter(
        Q(hosts__in=both) | Q(occurrences__guest__in=both)
    ).values_list("pk", flat=True)
    lock_offices(set(rooms))
    found = []
    for host, guest in ((duplicate, into), (into, duplicate)):
        own = Booking.objects.filter(office__hosts=host, guest=guest, status__in=LIVE)
        if own.exists():
            found.append(
                _("%(guest)s has hours with %(host)s: end these first.")
                % {"guest": guest, "host": host}
            )
    needs = Need.objects.filter(status__in=[NeedStatus.DRAFT, NeedStatus.OPEN])
    theirs = needs.filter(therapist=into, incident__isnull=False)
    if needs.filter(
        therapist=duplicate, incident__in=theirs.values("incident")
    ).exists():
        found.append(_("Both ask for hours after the same incident: close one need."))
    return found


def settle(into: Therapist) -> None:
    keep_facets([into.pk])
