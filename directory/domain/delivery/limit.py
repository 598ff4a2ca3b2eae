"""So many mails the provider takes in a day: which go first, and which wait until tomorrow."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from directory.domain.outbox import Letter, enqueue_all
from directory.enums import DeliveryState, Priority
from directory.models import Community, Delivery, Therapist
from directory.registry import Postpone

S = DeliveryState
# Percent of the day's mails up to which each kind is sent: a call for help leaves room for what is essential, and news
# leave room for a call for help.
SHARES = {
    Priority.CODE: 100,
    Priority.ESSENTIAL: 98,
    Priority.WAVE: 90,
    Priority.DIGEST: 60,
}
A_MOMENT = timedelta(minutes=1)
REASON = "The mail provider takes no more today."


def beyond_limit(rows: Sequence[Delivery], community: Community) -> dict[int, Postpone]:
    """Of rows that would go out now, in the order of their claim, those that have to wait. Moderators hear of it once
    a day.
    """
    limit = settings.OUTBOX_DAILY_LIMIT
    if not limit or not rows:
        return {}
    today, tomorrow = _day(community)
    left = _left_since(today)
    others = Delivery.objects.filter(state=S.CLAIMED).exclude(
        pk__in=[row.pk for row in rows]
    )
    under_way = others.count()
    waiting: dict[int, Postpone] = {}
    for row in rows:
        allowed = limit * SHARES[Priority(row.priority)] // 100
        if left >= allowed:
            waiting[row.pk] = Postpone(tomorrow, REASON)
        elif left + under_way >= allowed:  # what other drains hold may be skipped yet
            waiting[row.pk] = Postpone(timezone.now() + A_MOMENT, REASON)
        else:
            left += 1
    if any(postpone.until == tomorrow for postpone in waiting.values()):
        _tell_moderators(today)
    return waiting


def _day(community: Community) -> tuple[datetime, datetime]:
    zone = ZoneInfo(community.timezone)
    day = timezone.now().astimezone(zone).date()
    return (
        datetime.combine(day, time(), zone),
        datetime.combine(day + timedelta(days=1), time(), zone),
    )


def _left_since(moment: datetime) -> int:
    """What may have left counts as sent."""
    return Delivery.objects.filter(
        Q(sent_at__gte=moment)
        | Q(state__in=[S.ATTEMPTING, S.UNCERTAIN], claimed_at__gte=moment)
    ).count()


def _tell_moderators(today: datetime) -> None:
    enqueue_all(
        "mail_limit",
        [
            Letter(to=moderator, cause=f"mail_limit:{today:%Y-%m-%d}")
            for moderator in Therapist.objects.moderators().with_user()
        ],
    )
