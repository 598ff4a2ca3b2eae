"""What answers by mail are told: what was noted, what could not be understood, or that the address was not whole."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import Priority
from directory.links import sign
from directory.models import Community, Delivery
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.appeal import Appeal, appeals_of
from spaces.enums import ReplyOutcome
from spaces.models import Reply
from spaces.notifications.links import HELP, help_path
from spaces.notifications.wave import asked_line, say_answers, to_answer
from spaces.week import say_spans
from spaces.words import say_date, say_price

KINDS = ["reply_noted", "reply_asked"]


def register() -> None:
    """Called once, at start."""
    for kind in KINDS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, reply_renderer(kind))
        )
    register_message(
        MessageKind("reply_refused", Priority.ESSENTIAL, None, render_refused)
    )


def suggestion_path(reply: Reply) -> str:
    """The page of their link, with what we understood ticked: one tap there offers it."""
    told = reply.told
    if not reply.hours:
        return help_path(told.wave, told.recipient)
    token = sign(
        HELP,
        wave=told.wave_id,
        to=told.recipient_id,
        hours=reply.hours,
        office=reply.office_id,
    )
    return reverse("spaces:offer_answer", args=[token])


def reply_renderer(
    kind: str,
) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        replies = Reply.objects.select_related(
            "told__wave__incident", "told__recipient__user", "office"
        ).in_bulk([row.payload["reply"] for row in rows])
        appeals = appeals_of(
            (reply.told.wave, reply.told.recipient) for reply in replies.values()
        )
        community = Community.objects.current()
        return {
            row.pk: _mail(
                kind,
                reply,
                appeals[reply.told.wave_id, reply.told.recipient_id],
                community,
            )
            for row in rows
            if (reply := replies.get(row.payload["reply"]))
        }

    return render


def _mail(kind: str, reply: Reply, appeal: Appeal, community: Community) -> Mail:
    mail = mail_from_templates(
        "spaces",
        kind,
        {
            "reply": reply,
            "hours": say_spans(reply.spans),
            "price": say_price(reply.price_cents, community.currency),
            "last": say_date(reply.last_date) if reply.last_date else "",
            "is_late": reply.outcome == ReplyOutcome.TOO_LATE,
            "incident": appeal.incident,
            "ways": say_answers(appeal) if appeal.open else "",
            "lines": [asked_line(asked) for asked in appeal.open],
            "action_url": absolute_url(
                help_path(reply.told.wave, reply.told.recipient)
                if kind == "reply_noted"
                else suggestion_path(reply)
            ),
            "reason": _("You get this because you answered our mail."),
            "community": community,
            "timezone": appeal.needs[0].timezone if appeal.needs else None,
        },
    )
    return to_answer(mail, reply.told_id)


def render_refused(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    community = Community.objects.current()
    context: dict[str, Any] = {
        "action_url": absolute_url(reverse("spaces:emergency")),
        "reason": _("You get this once, because a mail in your name reached us."),
        "community": community,
    }
    return {
        row.pk: mail_from_templates("spaces", "reply_refused", context) for row in rows
    }
