"""Who wants an hour that is taken, in order. Whose turn it is, and what is held for them: ``spaces.domain.holds``."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.holds import lock_waiting_lists, to_settle
from spaces.domain.planning import PlannedDate, look_up
from spaces.enums import WaitState
from spaces.errors import HoursError
from spaces.hours import Dated, Span
from spaces.models import Office, WaitlistEntry
from spaces.models.waitlist import ON_THE_LIST
from spaces.queries import offices_open_to

MOST_ENTRIES = 400  # of one person for one office
W = WaitState


@transaction.atomic
def join_waitlist(
    office: Office,
    *,
    guest: Therapist,
    dates: Sequence[tuple[date, Span]],
    people: int = 2,
) -> list[WaitlistEntry]:
    """Wait for each of these dates, behind who came first. What one waits for already stays where it is.

    Raises ``HoursError`` naming a date that one cannot wait for: it is free, closed, or not offered at all.
    """
    if not offices_open_to(guest).filter(pk=office.pk).exists():
        raise NotAllowedError(_("You cannot ask for hours of this office."))
    dated = _dated(office, dates)
    if people > office.capacity:
        raise HoursError(_("This room seats %(count)s.") % {"count": office.capacity})
    lock_offices([office.pk])  # an hour freed meanwhile would not know of this entry
    planned = look_up(office, guest, dated)
    if wrong := [item for item in planned if not item.is_taken]:
        raise HoursError(_no_waiting(wrong[0]))
    mine = WaitlistEntry.objects.filter(
        office=office, guest=guest, state__in=ON_THE_LIST
    )
    known = set(mine.values_list("period", flat=True))
    new = [item.period for item in planned if item.period and item.period not in known]
    if len(known) + len(new) > MOST_ENTRIES:
        raise HoursError(_("That is more than a year of dates. Choose fewer, please."))
    return WaitlistEntry.objects.bulk_create(
        WaitlistEntry(office=office, guest=guest, period=period, people=people)
        for period in new
    )


def _dated(office: Office, dates: Sequence[tuple[date, Span]]) -> list[Dated]:
    if not dates:
        raise HoursError(_("Choose at least one date."))
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    if min(dates)[0] < today or max(dates)[0] > today + hours.HORIZON:
        raise HoursError(_("Wait for dates of the next 53 weeks."))
    return [
        Dated(day, span, hours.local_period(day, span.start, span.end, zone))
        for day, span in sorted(set(dates))
    ]


def _no_waiting(item: PlannedDate) -> str:
    said = date_format(item.day, "D j M")
    if item.is_free:
        return _("%(day)s is free: ask for it, there is no need to wait.") % {
            "day": said
        }
    return _("%(day)s: %(note)s. Waiting would not help.") % {
        "day": said,
        "note": item.note,
    }


@transaction.atomic
def leave_waitlist(entry: WaitlistEntry, *, by: Therapist) -> WaitlistEntry:
    """Wait no longer. What is held already is a request: that is withdrawn instead."""
    entry = _mine(entry, by)
    if entry.state == W.HELD:
        raise NotAllowedError(
            _("These hours are held for you now. Withdraw the request to leave them.")
        )
    if entry.state == W.WAITING:
        entry.state = W.LEFT
        entry.save(update_fields=["state"])
    return entry


@transaction.atomic
def rejoin_waitlist(entry: WaitlistEntry, *, by: Therapist) -> WaitlistEntry:
    """Undo leaving: back to one's old place. Whose turn has been begins anew, at the end of the line."""
    lock_offices([entry.office_id])
    entry = _mine(entry, by)
    if entry.state in ON_THE_LIST:
        return entry
    others = WaitlistEntry.objects.filter(
        office=entry.office_id, guest=by, period=entry.period, state__in=ON_THE_LIST
    )
    if (
        entry.state != W.LEFT
        or entry.booking_id is not None
        or entry.period.lower <= timezone.now()
        or others.exists()
    ):
        raise NotAllowedError(_("There is nothing to wait for any more."))
    entry.state = W.WAITING
    entry.save(update_fields=["state"])
    refresh_free([entry.office_id])  # it may be free by now
    return entry


def settle_waitlists(now: datetime | None = None) -> int:
    """The clock's part: hours that have begun are waited for no longer; what nobody's change brought about is held.

    Answers how many offices were looked at. Holds whose time is up expire as requests do.
    """
    begun = WaitlistEntry.objects.waiting().filter(
        period__startswith__lte=now or timezone.now()
    )
    with transaction.atomic():
        lock_waiting_lists()
        begun.update(state=W.PAST)
    offices = sorted(set(to_settle().order_by().values_list("office", flat=True)))
    for office_id in offices:
        with transaction.atomic():
            lock_offices([office_id])
            refresh_free([office_id])
    return len(offices)


def _mine(entry: WaitlistEntry, by: Therapist) -> WaitlistEntry:
    lock_waiting_lists()
    entry = WaitlistEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if entry.guest_id != by.pk:
        raise NotAllowedError(_("That is somebody else's place in the line."))
    return entry
