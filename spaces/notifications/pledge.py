"""What those who pledged hours are told: is it still true; and, if they take part in drills, what a drill found."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.links import sign
from directory.models import Community, Delivery
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.models import Drill, Pledge
from spaces.week import say_spans
from spaces.words import say_price

PLEDGE_TRUE = "pledge_still_true"
LINK_DAYS = timedelta(days=90)


def register() -> None:
    """Called once, at start."""
    register_message(
        MessageKind(
            "pledge_still_true",
            Priority.DIGEST,
            Topic.EMERGENCIES,
            _render_still_true,
            may_wait=True,
        )
    )
    register_message(
        MessageKind("drill", Priority.DIGEST, Topic.EMERGENCIES, _render_drill)
    )


def pledge_path(pledge: Pledge) -> str:
    """The page on which one tap confirms, signed in or not."""
    token = sign(PLEDGE_TRUE, pledge=pledge.pk, therapist=pledge.therapist_id)
    return reverse("spaces:pledge_true", args=[token])


def _pledges(rows: Sequence[Delivery]) -> dict[int, Pledge]:
    return (
        Pledge.objects.with_office()
        .select_related("therapist__user")
        .prefetch_related("office__hosts")
        .in_bulk([row.payload["pledge"] for row in rows])
    )


def _render_still_true(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    pledges, community = _pledges(rows), Community.objects.current()
    return {
        row.pk: _still_true(pledge, community)
        for row in rows
        if (pledge := pledges.get(row.payload["pledge"]))
    }


def _still_true(pledge: Pledge, community: Community) -> Mail | Skip:
    if pledge.therapist not in pledge.office.hosts.all():
        return Skip("hosts it no longer")
    if not pledge.is_to_confirm:
        return Skip("confirmed meanwhile")
    return mail_from_templates(
        "spaces",
        "pledge_still_true",
        _said(pledge, community) | {"action_url": absolute_url(pledge_path(pledge))},
    )


def _render_drill(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    pledges, community = _pledges(rows), Community.objects.current()
    drills = Drill.objects.prefetch_related("buildings").in_bulk(
        [row.payload["drill"] for row in rows]
    )
    return {
        row.pk: _drill(pledge, drill, community)
        for row in rows
        if (pledge := pledges.get(row.payload["pledge"]))
        and (drill := drills.get(row.payload["drill"]))
    }


def _drill(pledge: Pledge, drill: Drill, community: Community) -> Mail | Skip:
    if not pledge.joins_drills:
        return Skip("takes no part in drills any more")
    districts = dict.fromkeys(building.district for building in drill.buildings.all())
    return mail_from_templates(
        "spaces",
        "drill",
        _said(pledge, community)
        | {
            "drill": drill,
            "place": ", ".join(districts),
            "action_url": absolute_url(pledge.get_absolute_url()),
            "reason": _("You get this because you take part in drills."),
        },
    )


def _said(pledge: Pledge, community: Community) -> dict[str, object]:
    return {
        "pledge": pledge,
        "office": pledge.office,
        "hours": say_spans(pledge.spans),
        "price": say_price(pledge.price_cents, community.currency),
        "edit_url": absolute_url(pledge.get_absolute_url()),
        "reason": _("You get this because you pledged hours for emergencies."),
        "unsubscribe_url": unsubscribe_url(pledge.therapist, Topic.EMERGENCIES),
        "community": community,
        "timezone": pledge.office.building.timezone,
    }
