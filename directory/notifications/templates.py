"""Mails from templates: what all that write some have in common."""

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils import timezone

from directory.enums import Topic
from directory.links import sign
from directory.models import Community, Therapist
from directory.registry import Attachment, Mail

BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def absolute_url(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


def mail_from_templates(
    folder: str,
    kind: str,
    context: dict[str, Any],
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """Renders ``<folder>/email/<kind>_subject.txt``, ``.txt`` and ``.html`` in the community's time zone.

    The templates know ``community``, ``site`` (where links begin), ``reason`` (why the person gets this)
    and ``unsubscribe_url``; the last two are empty unless ``context`` gives them.
    """
    community = context.get("community") or Community.objects.current()
    known = {
        "reason": "",
        "unsubscribe_url": "",
        "action_url": "",
        "site": settings.BASE_URL,
        "community": community,
        **context,
    }
    base = f"{folder}/email/{kind}"
    with timezone.override(known.get("timezone") or community.timezone):
        return Mail(
            subject=" ".join(_text(f"{base}_subject.txt", known).split()),
            text=BLANK_LINES.sub("\n\n", _text(f"{base}.txt", known)).strip() + "\n",
            html=render_to_string(f"{base}.html", known),
            attachments=tuple(attachments),
            url=known["action_url"],
        )


def _text(template: str, context: dict[str, Any]) -> str:
    """Plain text has nothing to escape: O’Rourke stays O’Rourke."""
    found: Any = get_template(template)
    return str(found.template.render(Context(context, autoescape=False)))


def unsubscribe_url(therapist: Therapist, topic: Topic) -> str:
    """One click there, and no mail of this topic follows. The link works for a year."""
    token = sign("unsubscribe", therapist=therapist.pk, topic=topic)
    return absolute_url(reverse("directory:unsubscribe", args=[token]))
