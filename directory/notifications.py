"""What a message says: from templates, when it is claimed."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from directory.models import Community
from directory.registry import Attachment, Mail


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
        "site": settings.BASE_URL,
        "community": community,
        **context,
    }
    base = f"{folder}/email/{kind}"
    with timezone.override(known.get("timezone") or community.timezone):
        subject = render_to_string(f"{base}_subject.txt", known)
        return Mail(
            subject=" ".join(subject.split()),
            text=render_to_string(f"{base}.txt", known).strip() + "\n",
            html=render_to_string(f"{base}.html", known),
            attachments=tuple(attachments),
        )


def register() -> None:
    """Called once, at start."""
