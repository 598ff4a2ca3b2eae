"""Somebody's own calendars, read as busy time: added, read again and again, removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.enums import Standing
from directory.errors import DomainError
from directory.models import Community, Therapist
from spaces.fetch import Door, FetchError, fetch, tidy_url
from spaces.hours import HORIZON
from spaces.ics import busy_hours_apart
from spaces.models import BusyCalendar

MOST_CALENDARS = 5
EVERY = timedelta(minutes=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
BACK = timedelta(days=1)
AGAIN_AFTER = timedelta(minutes=3)  # a server elsewhere is not asked oftener
LOCKS = 0xB05E  # the class of the advisory locks: one reader for each calendar


def add_calendar(therapist: Therapist, *, name: str, url: str) -> BusyCalendar:
    """Due at once; it is read by a worker, never while somebody waits for a page."""
    try:
        url = tidy_url(url)
    except FetchError as error:
        raise DomainError(
            _("Its address begins with https:// or webcal://, and has no password.")
        ) from error
    with transaction.atomic():
        Therapist.objects.select_for_update(no_key=True).get(pk=therapist.pk)
        known = BusyCalendar.objects.filter(therapist=therapist)
        if known.filter(url=url).exists():
            raise DomainError(_("This calendar is read already."))
        if known.count() >= MOST_CALENDARS:
            raise DomainError(
                _("Five calendars are read at most. Remove one of them first.")
            )
        return BusyCalendar.objects.create(therapist=therapist, name=name, url=url)


def read_again(calendar: BusyCalendar) -> None:
    """Due at once, if it was not tried just now. Raises ``DomainError``."""
    now = timezone.now()
    may_be_tried = Q(tried_at=None) | Q(tried_at__lte=now - AGAIN_AFTER)
    waiting = BusyCalendar.objects.filter(
        may_be_tried, pk=calendar.pk, check_at__gt=now
    )
    if not waiting.update(check_at=now):
        raise DomainError(
            _(
                "It is being read, or was less than three minutes ago. Try again in a moment; by itself it is read every half hour."
            )
        )


def remove_calendar(calendar: BusyCalendar) -> None:
    """With all that is known from it."""
    calendar.delete()


def due_calendars() -> list[int]:
    """By id. Of whoever left nothing is kept."""
    BusyCalendar.objects.filter(therapist__standing=Standing.LEFT).delete()
    return list(
        BusyCalendar.objects.due().order_by("check_at").values_list("pk", flat=True)
    )


def read_calendar(pk: int, *, door: Door | None = None) -> None:
    """If it is due and nobody else reads it. What cannot be read now stays as it was read last, and says so."""
    with _only_reader(pk) as is_mine:
        calendar = BusyCalendar.objects.due().filter(pk=pk).first() if is_mine else None
        if calendar is None:
            return
        now = timezone.now()
        try:
            changes = _read(calendar, now, door)
        except FetchError as error:
            changes = {
                "problem": error.problem,
                "failures": calendar.failures + 1,
                "check_at": now + _pause(calendar.failures),
            }
        BusyCalendar.objects.filter(pk=pk).update(tried_at=now, **changes)


def _read(calendar: BusyCalendar, now: datetime, door: Door | None) -> dict[str, Any]:
    """The columns that change."""
    found = fetch(calendar.url, etag=_etag(calendar, now), door=door)
    good = {"good_at": now, "problem": "", "failures": 0, "check_at": now + EVERY}
    if found.content is None:
        return good
    busy = busy_hours_apart(
        found.content,
        zone=ZoneInfo(Community.objects.current().timezone),
        lower=now - BACK,
        upper=now + HORIZON,
    )
    return good | {"busy": busy, "etag": found.etag}


def _etag(calendar: BusyCalendar, now: datetime) -> str:
    """Once a day all of it is read, changed or not: what is known reaches 53 weeks ahead, and that moves."""
    is_of_today = calendar.good_at and calendar.good_at.date() == now.date()
    return calendar.etag if is_of_today and not calendar.problem else ""


def _pause(failures: int) -> timedelta:
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures, 10)
    return min(pause, LONGEST_PAUSE)


@contextmanager
def _only_reader(pk: int) -> Iterator[bool]:
    """The lock goes with the connection: of a worker that is killed nothing stays behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, pk % 2**31])
        [is_mine] = cursor.fetchone() or [False]
    try:
        yield bool(is_mine)
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, pk % 2**31])
