"""What is deleted in time: which rows, how long they are kept, and how that is said."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from directory.enums import DeliveryState
from directory.models import Community, Conversation, Delivery, Report
from directory.registry import Keeping, keepings

OVER = [DeliveryState.SENT, DeliveryState.SKIPPED, DeliveryState.FAILED]


@dataclass(frozen=True)
class Kept:
    label: str | Promise
    days: int

    @property
    def how_long(self) -> str:
        years, rest = divmod(self.days, 365)
        if years and not rest:
            return ngettext("%(count)s year", "%(count)s years", years) % {
                "count": years
            }
        return ngettext("%(count)s day", "%(count)s days", self.days) % {
            "count": self.days
        }


def kept_by(community: Community) -> list[Kept]:
    """As the page says it."""
    found = [Kept(row.label, getattr(community, row.field)) for row in all_keepings()]
    declined = _("Applications that were declined, and what was said about them")
    return [*found, Kept(declined, community.keep_declined_days)]


def all_keepings() -> Iterator[Keeping]:
    yield Keeping(
        _("Messages between two members, after the last word"),
        "keep_messages_days",
        _old_conversations,
    )
    yield Keeping(
        _("That a mail was sent to you, and why; never what it said"),
        "keep_deliveries_days",
        _old_deliveries,
    )
    yield Keeping(
        _("What moderators did"),
        "keep_audit_days",
        lambda before: LogEntry.objects.filter(action_time__lt=before),
    )
    yield from keepings()


def _old_conversations(before: datetime) -> QuerySet[Conversation]:
    """One that moderators look at stays until they have decided."""
    reported = Report.objects.undecided().exclude(conversation=None)
    old = Conversation.objects.filter(written_at__lt=before)
    return old.exclude(pk__in=reported.values("conversation"))


def _old_deliveries(before: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(created_at__lt=before, state__in=OVER)
