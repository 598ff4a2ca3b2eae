"""Hours offered: posted, changed, ended, copied, said to be still true. Agreed bookings stay as they are throughout."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.licence import only_licensed
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.office import only_hosts
from spaces.enums import Audience
from spaces.errors import HoursError
from spaces.hours import Span
from spaces.models import Office, Opening, UsualHours

MOST_COPIES = 1000  # openings made by one copying: more is a weekly opening
WEEK = timedelta(weeks=1)


# --- Posting --------------------------------------------------------------------


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

    One date alone: the same first and last date, and spans of that weekday. What is offered just so already is not
    offered twice.
    """
    only_hosts(office, by)
    only_licensed(by)
    today = _today(office)
    first_date = max(first_date, today)
    spans = _sensible(spans, first_date, last_date, today)
    lock_offices([office.pk])
    known = {_as_offered(opening) for opening in office.openings.current()}
    openings = [
        opening
        for span in spans
        if _as_offered(
            opening := Opening(
                office=office,
                weekday=span.weekday,
                start=span.start,
                end=span.end,
                first_date=first_date,
                last_date=last_date,
                price_cents=price_cents,
                audience=audience,
                shortest_minutes=min(shortest_minutes, span.minutes),
            )
        )
        not in known
    ]
    if not openings:
        raise HoursError(
            _("“%(office)s” offers exactly these hours already.") % {"office": office}
        )
    _add(openings)
    refresh_free([office.pk])
    return openings


@transaction.atomic
def post_hours_in(
    offices: Sequence[Office], *, by: Therapist, **offered: Any
) -> list[Opening]:
    """The same hours in several rooms, one opening per room and span; all or nothing."""
    if not offices:
        raise HoursError(_("Choose at least one room."))
    lock_offices(office.pk for office in offices)
    return [
        opening
        for office in offices
        for opening in post_hours(office, by=by, **offered)
    ]


# --- Changing and ending -----------------------------------------------------------


@transaction.atomic
def change_opening(
    opening: Opening,
    *,
    by: Therapist,
    spans: Iterable[Span],
    first_date: date,
    last_date: date | None,
    price_cents: int,
    audience: str,
    shortest_minutes: int,
) -> list[Opening]:
    """Other hours, dates or terms from now on. Painted in several pieces, the opening becomes several.

    Requests that ask for hours taken away stay open for the host to answer: ``touched.touched_by_change`` names them.
    """
    office = opening.office
    only_hosts(office, by)
    lock_offices([office.pk])
    if not Opening.objects.filter(pk=opening.pk).exists():
        raise NotAllowedError(_("These hours are not offered any more."))
    today = _today(office)
    if first_date != opening.first_date:
        first_date = max(first_date, today)
    spans = _sensible(spans, first_date, last_date, today)
    kept = next((span for span in spans if _meet(span, opening.span)), spans[0])
    opening.weekday, opening.start, opening.end = kept
    opening.first_date, opening.last_date = first_date, last_date
    opening.price_cents, opening.audience = price_cents, audience
    opening.shortest_minutes = min(shortest_minutes, kept.minutes)
    opening.confirmed_at = timezone.now()  # whoever changes them has looked at them
    opening.full_clean(exclude=["free"])
    opening.save()
    more = [
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
        if span != kept
    ]
    _add(more)
    refresh_free([office.pk])
    return [opening, *more]


@transaction.atomic
def end_opening(
    opening: Opening, *, by: Therapist, last_date: date | None = None
) -> None:
    """Offer the hours no longer after ``last_date`` (None: from today). Agreed bookings stay as they are."""
    only_hosts(opening.office, by)
    lock_offices([opening.office_id])
    last = last_date or _today(opening.office) - timedelta(days=1)
    if last < opening.first_date:
        opening.delete()
    else:
        opening.last_date = last
        opening.save(update_fields=["last_date"])
    refresh_free([opening.office_id])


@transaction.atomic
def confirm_openings(office: Office, *, by: Therapist) -> None:
    """ "Still true": the freshness of all the office's openings begins anew."""
    only_hosts(office, by)
    lock_offices([office.pk])
    office.openings.current().update(confirmed_at=timezone.now())
    refresh_free([office.pk])


# --- Copying a week ------------------------------------------------------------------


@dataclass(frozen=True)
class Copied:
    made: int
    skipped: int  # were there already, or are past


@transaction.atomic
def copy_week(
    office: Office,
    *,
    by: Therapist,
    week: date,
    first_week: date,
    weeks: int,
    to: Sequence[Office],
) -> Copied:
    """The hours offered in the week of ``week``, as dated openings in so many weeks from that of ``first_week`` on.

    Hours that are offered there already, at whatever price, are left alone.
    """
    if not to:
        raise HoursError(_("Choose at least one room."))
    for target in (office, *to):
        only_hosts(target, by)
    lock_offices({target.pk for target in (office, *to)})
    monday, first = _monday(week), _monday(first_week)
    source = [
        (opening, monday + timedelta(days=opening.weekday))
        for opening in office.openings.defer("free")
        if _is_on(opening, monday + timedelta(days=opening.weekday))
    ]
    if not source:
        raise HoursError(_("No hours are offered in that week. Choose another one."))
    if len(source) * weeks * len(to) > MOST_COPIES:
        raise HoursError(
            _(
                "That would make more than %(most)s openings at once. Choose fewer weeks or rooms; for hours of every "
                "week, paint them once without a last date."
            )
            % {"most": MOST_COPIES}
        )
    made: list[Opening] = []
    skipped = 0
    for target in to:
        there = list(target.openings.defer("free"))
        for number in range(weeks):
            shift = first + number * WEEK - monday
            for opening, day in source:
                copies = _copies(opening, day + shift, target, there)
                made += copies
                skipped += not copies
    _add(made)
    refresh_free({target.pk for target in to})
    return Copied(len(made), skipped)


def _copies(
    opening: Opening, day: date, target: Office, there: Iterable[Opening]
) -> list[Opening]:
    """What of ``opening`` is not there on that day."""
    today = _today(target)
    if not today <= day <= today + hours.HORIZON:
        return []
    taken = [other.span for other in there if _is_on(other, day)]
    return [
        Opening(
            office=target,
            weekday=span.weekday,
            start=span.start,
            end=span.end,
            first_date=day,
            last_date=day,
            price_cents=opening.price_cents,
            audience=opening.audience,
            shortest_minutes=min(opening.shortest_minutes, span.minutes),
        )
        for span in _without(opening.span, taken)
    ]


def _is_on(opening: Opening, day: date) -> bool:
    return (
        opening.weekday == day.weekday()
        and opening.first_date <= day
        and (opening.last_date is None or day <= opening.last_date)
    )


def _without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """Pieces of half an hour at least."""
    pieces, start = [], span.start
    for other in hours.merge_spans(taken):
        pieces.append(span._replace(start=start, end=min(other.start, span.end)))
        start = max(start, other.end)
    pieces.append(span._replace(start=start))
    return [piece for piece in pieces if piece.minutes >= hours.STEP]


# --- The host's own hours ---------------------------------------------------------------


@transaction.atomic
def set_usual_hours(
    office: Office, *, therapist: Therapist, spans: Iterable[Span]
) -> None:
    """When the host uses the office themself: private, replaces what was painted before."""
    only_hosts(office, therapist)
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


# --- What makes sense ---------------------------------------------------------------------


def _sensible(
    spans: Iterable[Span], first: date, last: date | None, today: date
) -> list[Span]:
    """The spans that fall between the dates. Raises ``HoursError`` where none does."""
    if last and last < max(first, today):
        raise HoursError(
            _("The last date must not be before the first, nor in the past.")
        )
    spans = [
        span
        for span in hours.merge_spans(spans)
        if last is None or _falls_on(span, max(first, today), last)
    ]
    if not spans:
        raise HoursError(
            _(
                "None of these hours falls between those dates. Paint other hours or change the dates."
            )
        )
    return spans


def _falls_on(span: Span, first: date, last: date) -> bool:
    return any(
        True
        for _dated in hours.expand(
            [span], first, min(last, first + timedelta(days=6)), ZoneInfo("UTC")
        )
    )


def _meet(some: Span, other: Span) -> bool:
    return (
        some.weekday == other.weekday
        and some.start < other.end
        and other.start < some.end
    )


def _as_offered(opening: Opening) -> tuple[Any, ...]:
    """Two openings that say the same are one. When one began does not matter once it has."""
    return (
        *opening.span,
        max(opening.first_date, _today(opening.office)),
        opening.last_date,
        opening.price_cents,
        opening.audience,
    )


def _add(openings: Iterable[Opening]) -> None:
    openings = list(openings)
    for opening in openings:
        opening.full_clean(exclude=["office", "free"])
    Opening.objects.bulk_create(openings, batch_size=500)


def _today(office: Office) -> date:
    return hours.local_day(timezone.now(), office.building.zone)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
