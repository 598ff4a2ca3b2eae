"""The outbox itself: no more mail goes out today."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from directory.enums import DeliveryState, Priority
from directory.models import Community, Delivery
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message


def render_mail_limit(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    """To the moderators: the provider takes no more mail today, the rest waits."""
    community = Community.objects.current()
    context = {
        "community": community,
        "limit": settings.OUTBOX_DAILY_LIMIT,
        "waiting": Delivery.objects.filter(state=DeliveryState.PENDING).count(),
        "action_url": absolute_url(
            f"{reverse('admin:directory_delivery_changelist')}?state__exact=pending"
        ),
    }
    return {
        row.pk: mail_from_templates("directory", "mail_limit", context) for row in rows
    }


def register() -> None:
    register_message(MessageKind("mail_limit", Priority.CODE, None, render_mail_limit))
