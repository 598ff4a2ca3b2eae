"""What a digest says, composed when it leaves: to members what is new, to moderators what waits for them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.enums import DeliveryState, Frequency, Priority, Topic
from directory.models import Absence, Community, Delivery, Therapist
from directory.models.delivery import COLLECTED
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.queries import frequencies_of, people_shown_to
from directory.registry import (
    Line,
    Mail,
    MessageKind,
    News,
    Skip,
    message_kind,
    message_kinds,
    news_parts,
    register_message,
    register_news,
    what_waits,
)

MOST_LINES = 5  # of one part; the rest is behind its link
MOST_FOUND = 50


@dataclass(frozen=True)
class Part:
    heading: str
    lines: Sequence[Line]
    more: int = 0
    url: str = ""


def register() -> None:
    """Called once, at start."""
    register_message(MessageKind("desk_digest", Priority.ESSENTIAL, None, render_desk))
    register_message(
        MessageKind(
            "digest",
            Priority.DIGEST,
            Topic.COMMUNITY,
            render_digests,
            is_digest=True,
        )
    )
    register_news(
        News(
            Topic.COMMUNITY,
            lambda count: (
                ngettext("%(count)s new colleague", "%(count)s new colleagues", count)
                % {"count": count}
            ),
            lambda: f"{reverse('directory:therapist_list')}?sort=newest",
            _newcomers,
        )
    )


# --- To members -------------------------------------------------------------------------
def render_digests(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    community = Community.objects.current()
    wanted = frequencies_of(row.recipient_id for row in rows if row.recipient_id)
    said: dict[int, Mail | Skip] = {}
    for row in rows:
        person = row.recipient
        if person is None:
            continue
        parts = list(_parts(row, person, wanted[person.pk]))
        if not parts:
            said[row.pk] = Skip("Nothing is new.")
            continue
        stop_url = unsubscribe_url(person, _leading(row, wanted[person.pk]))
        mail = mail_from_templates(
            "directory",
            "digest",
            {
                "community": community,
                "parts": parts,
                "headline": ", ".join(part.heading for part in parts),
                "action_url": absolute_url(reverse("home")),
                "settings_url": absolute_url(reverse("directory:settings")),
                "reason": _reason(wanted[person.pk]),
                "unsubscribe_url": stop_url,
            },
        )
        said[row.pk] = replace(mail, headers={"List-Unsubscribe": f"<{stop_url}>"})
    return said


def _leading(row: Delivery, wanted: Mapping[Topic, Frequency]) -> Topic:
    """What its link to stop is about: the news, or what else is in it."""
    held = [Topic(topic) for topic in row.payload["since"]]
    still = [topic for topic in held if wanted[topic] != Frequency.OFF]
    return Topic.COMMUNITY if Topic.COMMUNITY in still else still[0]


def _reason(wanted: Mapping[Topic, Frequency]) -> str:
    if wanted[Topic.COMMUNITY] == Frequency.WEEKLY:
        return _("You get this on Mondays, and only when something is new.")
    return _("You get this in the morning, and only when something is new.")


def _parts(
    row: Delivery, person: Therapist, wanted: Mapping[Topic, Frequency]
) -> Iterator[Part]:
    """The news, each part when its topic is due, or with the community's; then what would have come one by one."""
    since = {
        Topic(topic): datetime.fromisoformat(moment)
        for topic, moment in row.payload["since"].items()
        if wanted[Topic(topic)] != Frequency.OFF
    }
    for news in news_parts():
        is_at_once = wanted[news.topic] == Frequency.AT_ONCE
        moment = since.get(Topic.COMMUNITY if is_at_once else news.topic)
        lines = news.find(person, moment)[:MOST_FOUND] if moment else []
        if lines:
            yield Part(
                news.heading(len(lines)),
                lines[:MOST_LINES],
                max(0, len(lines) - MOST_LINES),
                absolute_url(news.url()),
            )
    until = datetime.fromisoformat(row.payload["until"])
    for topic, moment in since.items():
        lines = _collected(person, topic, moment, until)
        if lines:
            yield Part(str(topic.label).capitalize(), lines)


def _collected(
    person: Therapist, topic: Topic, since: datetime, until: datetime
) -> list[Line]:
    """A line for each message of this topic that waited, as true as it would be now."""
    kinds = [kind.name for kind in message_kinds() if kind.topic == topic]
    waited: dict[str, list[Delivery]] = defaultdict(list)
    for row in Delivery.objects.with_recipient().filter(
        recipient=person,
        kind__in=kinds,
        state=DeliveryState.SKIPPED,
        reason=COLLECTED,
        claimed_at__gte=since,
        claimed_at__lt=until,
    ):
        waited[row.kind].append(row)
    lines = []
    for name, rows in waited.items():
        kind = message_kind(name)
        unwanted = kind.wanted(rows)
        mails = kind.render([row for row in rows if row.pk not in unwanted])
        lines += [
            Line(mail.subject, mail.url)
            for mail in mails.values()
            if isinstance(mail, Mail)
        ]
    return lines


def _newcomers(person: Therapist, since: datetime) -> list[Line]:
    people = people_shown_to(person).exclude(pk=person.pk)
    return [
        Line(
            one.name,
            absolute_url(reverse("directory:therapist_detail", args=[one.pk])),
            ", ".join(filter(None, [one.credentials, one.neighbourhood, one.headline])),
        )
        for one in people.filter(joined_at__gt=since).order_by("-joined_at", "pk")[
            :MOST_FOUND
        ]
    ]


# --- To moderators ----------------------------------------------------------------------
def render_desk(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    """One mail a day of all that waits, and for whom one stands in."""
    community = Community.objects.current()
    waiting = [queue for queue in what_waits() if queue.count]
    if not waiting:
        return {row.pk: Skip("Nothing waits.") for row in rows}
    absences = list(
        Absence.objects.on(community.local().date())
        .select_related("moderator")
        .order_by("last_date")
    )
    return {
        row.pk: mail_from_templates(
            "directory",
            "desk_digest",
            {
                "community": community,
                "waiting": waiting,
                "total": sum(queue.count for queue in waiting),
                "absences": [
                    away for away in absences if away.stand_in_id == row.recipient_id
                ],
                "site": settings.BASE_URL,
                "action_url": absolute_url(reverse("admin:index")),
                "reason": _(
                    "You get this because you moderate: once a day, and only when something waits. While you are away,"
                    " say so at the desk under “Moderators’ absences”."
                ),
            },
        )
        for row in rows
    }
