from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import lock_offices, refresh_free
from spaces.enums import Audience
from spaces.errors import HoursError
from spaces.hours import Span
from spaces.models import Closure, Office, Opening, UsualHours


@transaction.atomic
def post_hours(
    office: Office,
    *,
    by: Therapist,
    spans: Iterable[Span],
    first_date: date,
    last_date: date | None = None,
    price_cents: int = 0,
    audience: str = Audience.ALL,
    shortest_minutes: int = 60,
) -> list[Opening]:
    """Offer these hours of the week, one opening per span. ``last_date`` None means until further notice.

    One date alone: the same first and last date, and spans of that weekday.
    """
    _only_hosts(office, by)
    spans = hours.merge_spans(spans)
    today = timezone.now().astimezone(office.building.zone).date()
    if last_date and last_date < max(first_date, today):
        raise HoursError(
            _("The last date must not be before the first, nor in the past.")
        )
    if last_date:
        spans = [
            span for span in spans if _falls_on(span, max(first_date, today), last_date)
        ]
    if not spans:
        raise HoursError(
            _(
                "None of these hours falls between those dates. Paint other hours or change the dates."
            )
        )
    lock_offices([office.pk])
    openings = [
        Opening(
            office=office,
            weekday=span.weekday,
            start=span.start,
            end=span.end,
            first_date=max(first_date, today),
            last_date=last_date,
            price_cents=price_cents,
            audience=audience,
            shortest_minutes=min(shortest_minutes, span.minutes),
        )
        for span in spans
    ]
    for opening in openings:
        opening.full_clean(exclude=["free"])
    Opening.objects.bulk_create(openings)
    refresh_free([office.pk])
    return openings


@transaction.atomic
def end_opening(
    opening: Opening, *, by: Therapist, last_date: date | None = None
) -> None:
    """Offer the hours no longer after ``last_date`` (None: from today). Agreed bookings stay as they are."""
    _only_hosts(opening.office, by)
    lock_offices([opening.office_id])
    today = timezone.now().astimezone(opening.office.building.zone).date()
    last = last_date or today - timedelta(days=1)
    if last < opening.first_date:
        opening.delete()
    else:
        opening.last_date = last
        opening.save(update_fields=["last_date"])
    refresh_free([opening.office_id])


@transaction.atomic
def confirm_openings(office: Office, *, by: Therapist) -> None:
    """ "Still true": the freshness of all the office's openings begins anew."""
    _only_hosts(office, by)
    lock_offices([office.pk])
    office.openings.current().update(confirmed_at=timezone.now())
    refresh_free([office.pk])


@transaction.atomic
def close_office(
    office: Office, *, by: Therapist, period: DateTimeTZRange, reason: str
) -> Closure:
    """Not to be had for a while: a holiday, a renovation. What is booked then stays booked."""
    _only_hosts(office, by)
    if period.upper <= max(period.lower, timezone.now()):
        raise HoursError(_("The end must be after the start, and still to come."))
    lock_offices([office.pk])
    closure = Closure.objects.create(office=office, period=period, reason=reason)
    refresh_free([office.pk])
    return closure


@transaction.atomic
def reopen_office(closure: Closure, *, by: Therapist) -> None:
    """Take back a host's own closure. One that an incident caused ends with the incident."""
    if closure.office is None or closure.incident_id:
        raise NotAllowedError(
            _("This closure belongs to an incident and ends with it.")
        )
    _only_hosts(closure.office, by)
    lock_offices([closure.office.pk])
    office_id = closure.office.pk
    closure.delete()
    refresh_free([office_id])


@transaction.atomic
def set_usual_hours(
    office: Office, *, therapist: Therapist, spans: Iterable[Span]
) -> None:
    """When the host uses the office themself: private, replaces what was painted before."""
    _only_hosts(office, therapist)
    UsualHours.objects.filter(office=office, therapist=therapist).delete()
    UsualHours.objects.bulk_create(
        UsualHours(
            office=office,
            therapist=therapist,
            weekday=span.weekday,
            start=span.start,
            end=span.end,
        )
        for span in hours.merge_spans(spans)
    )


def _only_hosts(office: Office, therapist: Therapist) -> None:
    if not office.hosts.filter(pk=therapist.pk).exists():
        raise NotAllowedError(_("Only the hosts of this office can do that."))


def _falls_on(span: Span, first: date, last: date) -> bool:
    return any(
        True
        for _dated in hours.expand(
            [span], first, min(last, first + timedelta(days=6)), ZoneInfo("UTC")
        )
    )
