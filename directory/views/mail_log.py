"""Why mail comes or does not: what was meant for me lately, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from directory.domain.delivery.review import quiet_until
from directory.enums import DeliveryState, Fate, Priority
from directory.http import TherapistRequest, member_required
from directory.models import Delivery, Therapist
from directory.models.delivery import (
    CAME_BACK,
    COLLECTED,
    ENOUGH,
    QUIET,
    TOO_LATE,
    UNWANTED,
)
from directory.queries import frequencies_of, topics_complained_about
from directory.registry import subject_of

SHOWN = 40
S = DeliveryState
WHY = {
    COLLECTED: gettext_lazy("stands in your mail of the day or week"),
    QUIET: gettext_lazy("waits for your quiet hours to end"),
    ENOUGH: gettext_lazy("waits: you had as many mails today as you want"),
    UNWANTED: gettext_lazy("not sent: you want no mail about this"),
    CAME_BACK: gettext_lazy("not sent: mail to your address came back"),
    TOO_LATE: gettext_lazy("not sent: it would have come too late"),
}
"""Reasons that are about oneself. Any other may tell of somebody else, so it is not said."""
STATES = {
    S.SENT: gettext_lazy("sent"),
    S.FAILED: gettext_lazy("could not be delivered"),
    S.UNCERTAIN: gettext_lazy("perhaps sent: the mail server did not say"),
    S.SKIPPED: gettext_lazy("not sent: it was settled before"),
}
FATES = {
    Fate.DELIVERED: gettext_lazy("arrived at your mail provider"),
    Fate.BOUNCED: gettext_lazy("came back from your mail provider"),
    Fate.REJECTED: gettext_lazy("was refused by the mail provider"),
    Fate.COMPLAINED: gettext_lazy("arrived, and was marked as spam"),
    Fate.UNSUBSCRIBED: gettext_lazy("was unsubscribed at your mail provider"),
}


@require_safe
@member_required
def mail_log(request: TherapistRequest) -> HttpResponse:
    me, now = request.therapist, timezone.now()
    wanted = frequencies_of([me.pk])[me.pk]
    context = {
        "topics": [
            {"label": topic.label.capitalize(), "frequency": frequency.label}
            for topic, frequency in wanted.items()
        ],
        "complaints": topics_complained_about(me),
        "cap": me.daily_cap or request.community.daily_cap,
        "today": _counted(me, now),
        "quiet_until": quiet_until(me, request.community, now),
        "mails": [
            {
                "subject": subject_of(row.kind) or row.kind,
                "at": row.sent_at or row.created_at,
                "became": _became(row),
            }
            for row in me.deliveries.order_by("-pk")[:SHOWN]
        ],
    }
    return render(request, "directory/mail_log.html", context)


def _became(row: Delivery) -> str:
    state = S(row.state)
    said: Any = STATES.get(state, _("on its way"))
    if state == S.SENT and row.fate:
        said = FATES[Fate(row.fate)]
    elif state in {S.PENDING, S.SKIPPED}:
        said = WHY.get(row.reason, said)
    return str(said)


def _counted(me: Therapist, now: datetime) -> int:
    """How many of the last 24 hours count towards the cap."""
    since = now - timedelta(days=1)
    sent = Q(state=S.SENT, sent_at__gt=since)
    return me.deliveries.filter(sent, priority__gt=Priority.ESSENTIAL).count()
