"""What hosts would lend in an emergency, said ahead of it. It ends where nobody confirms it for thirteen months."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import lock_offices, refresh_free
from spaces.errors import HoursError
from spaces.hours import Span, merge_spans
from spaces.models import Office, Pledge, PledgeHour
from spaces.models.pledge import ASKED_AFTER, LAPSES_AFTER

WARNED_BEFORE = timedelta(days=14)  # of its lapse
STAGES = [("lapses", LAPSES_AFTER - WARNED_BEFORE), ("asked", ASKED_AFTER)]


@transaction.atomic
def make_pledge(
    office: Office,
    *,
    by: Therapist,
    spans: Iterable[Span],
    weeks: int,
    radius_metres: int,
    price_cents: int = 0,
    joins_drills: bool = False,
) -> Pledge:
    """One for each room and host: the same again changes it, and counts as confirmed. Whoever pledges would help."""
    lock_offices([office.pk])
    _only_hosts(office, by)
    merged = merge_spans(spans)
    if not merged:
        raise HoursError(_("Paint the hours you would lend first."))
    pledge, _is_new = Pledge.objects.update_or_create(
        therapist=by,
        office=office,
        defaults={
            "weeks": weeks,
            "radius_metres": radius_metres,
            "price_cents": price_cents,
            "joins_drills": joins_drills,
            "confirmed_at": timezone.now(),
        },
    )
    pledge.hours.all().delete()
    PledgeHour.objects.bulk_create(
        PledgeHour(pledge=pledge, weekday=span.weekday, start=span.start, end=span.end)
        for span in merged
    )
    Therapist.objects.filter(pk=by.pk).update(helps_in_emergencies=True)
    refresh_free([office.pk])
    pledge.refresh_from_db()
    return pledge


def confirm_pledge(pledge: Pledge, *, by: Therapist) -> Pledge:
    """Still true: for another year."""
    _only_own(pledge, by)
    pledge.confirmed_at = timezone.now()
    pledge.save(update_fields=["confirmed_at"])
    return pledge


def end_pledge(pledge: Pledge, *, by: Therapist) -> None:
    """Nobody relied on it: it is gone, and what was offered because of it stands."""
    _only_own(pledge, by)
    pledge.delete()


@transaction.atomic
def remind_of_pledges(now: datetime | None = None) -> int:
    """Every day: after eleven months it is asked whether it is still true, two weeks before its lapse once more."""
    now = now or timezone.now()
    due = (
        Pledge.objects.standing(now)
        .filter(confirmed_at__lte=now - ASKED_AFTER)
        .select_related("therapist")
    )
    letters = [_letter(pledge, now) for pledge in due]
    enqueue_all("pledge_still_true", letters)
    return len(letters)


def _letter(pledge: Pledge, now: datetime) -> Letter:
    age = now - pledge.confirmed_at
    stage = next(name for name, after in STAGES if age >= after)
    return Letter(
        to=pledge.therapist,
        cause=f"pledge:{pledge.pk}:{stage}:{pledge.confirmed_at.date().isoformat()}",
        payload={"pledge": pledge.pk},
    )


def _only_hosts(office: Office, therapist: Therapist) -> None:
    if not office.hosts.filter(pk=therapist.pk).exists():
        raise NotAllowedError(_("You can pledge hours of rooms you let yourself."))


def _only_own(pledge: Pledge, therapist: Therapist) -> None:
    if pledge.therapist_id != therapist.pk:
        raise NotAllowedError(_("This is somebody else’s."))
