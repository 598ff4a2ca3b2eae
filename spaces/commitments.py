"""What somebody's going would touch, and what the exchange keeps of one person."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.models import Therapist
from directory.registry import Commitment, Keeping
from spaces.calendar import Reader, dates_for, feed_of
from spaces.enums import BookingStatus, OccurrenceState
from spaces.models import (
    Booking,
    BuildingPost,
    CodeView,
    Drill,
    Need,
    Occurrence,
    Offer,
    Office,
    Opening,
)
from spaces.words import say_date

YEARS = timedelta(days=3660)
NOT_TOLD = {"free", "feed_token"}
OPEN = [BookingStatus.REQUESTED, BookingStatus.AWAITING, BookingStatus.CONFIRMED]
TO_COME = [OccurrenceState.BOOKED, OccurrenceState.HELD, OccurrenceState.DISPLACED]


def commitments_of(therapist: Therapist) -> list[Commitment]:
    """Bookings with others that still have dates to come, handed on to them or their own, in one query for each side."""
    to_come = Occurrence.objects.ending_after(timezone.now()).filter(state__in=TO_COME)
    lines = []
    for is_host, side, dates in [
        (False, Booking.objects.all(), to_come.filter(guest=therapist)),
        (True, Booking.objects.filter(office__hosts=therapist), to_come),
    ]:
        bookings = (
            side.filter(status__in=OPEN, occurrences__in=dates)
            .annotate(last=Max("occurrences__period__endswith"))
            .select_related("office__building", "guest")
            .order_by("last", "pk")
        )
        lines += [_line(booking, is_host=is_host) for booking in bookings]
    return lines


def _line(booking: Any, *, is_host: bool) -> Commitment:
    day = say_date(booking.last.astimezone(booking.office.building.zone).date())
    words = (
        _("%(guest)s in %(office)s, until %(date)s; notice %(days)s days")
        if is_host
        else _("%(office)s, until %(date)s; notice %(days)s days")
    )
    said = {
        "guest": booking.guest,
        "office": booking.office,
        "date": day,
        "days": booking.notice_days,
    }
    return Commitment(words % said, booking.get_absolute_url())


def tables_of(therapist: Therapist) -> dict[str, Sequence[Mapping[str, Any]]]:
    own = {
        "bookings": Booking.objects.filter(guest=therapist),
        "dates": Occurrence.objects.filter(guest=therapist),
        "offices": Office.objects.filter(hosts=therapist),
        "openings": Opening.objects.filter(office__hosts=therapist),
        "needs": Need.objects.filter(therapist=therapist),
        "offers": Offer.objects.filter(helper=therapist),
    }
    return {
        name: [
            {key: _plain(value) for key, value in row.items() if key not in NOT_TOLD}
            for row in rows.values()
        ]
        for name, rows in own.items()
    }


def _plain(value: Any) -> Any:
    return f"{value.lower} – {value.upper}" if hasattr(value, "lower_inc") else value


def calendar_of(therapist: Therapist) -> tuple[str, str]:
    rooms = Office.objects.hosted_by(therapist).values_list("pk", flat=True)
    reader = Reader(therapist.pk, frozenset(rooms))
    now = timezone.now()
    dates = dates_for(reader, now - YEARS, now + YEARS)
    return "calendar.ics", feed_of(dates, reader, name=_("Rooms"))


def partners_of(therapist: Therapist) -> QuerySet[Therapist, int]:
    """Guests and hosts that somebody has, or had, a booking with."""
    own = Booking.objects.involving(therapist)
    people = Therapist.objects.filter(
        Q(bookings__in=own) | Q(offices__bookings__in=own)
    )
    return people.order_by().values_list("pk", flat=True).distinct()


def keepings() -> list[Keeping]:
    return [
        Keeping(
            gettext_lazy("Who looked at an entry code, and when"),
            "keep_code_views_days",
            lambda before: CodeView.objects.filter(shown_at__lt=before),
        ),
        Keeping(
            gettext_lazy("Posts about a building"),
            "keep_posts_days",
            lambda before: BuildingPost.objects.filter(created_at__lt=before),
        ),
        Keeping(
            gettext_lazy("Reports of drills: counts, no names"),
            "keep_drills_days",
            lambda before: Drill.objects.filter(created_at__lt=before),
        ),
    ]
