"""What a post about a building says by mail: to those tied to it who want such mails, signed by who agreed to be named."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.models import BuildingPost
from spaces.ties import people_tied_to


def register() -> None:
    """Called once, at start."""
    register_message(
        MessageKind(
            "building_post",
            Priority.DIGEST,
            Topic.BUILDINGS,
            render_posts,
            wanted=wanted_posts,
            may_wait=True,
        )
    )


def wanted_posts(rows: Sequence[Delivery]) -> Mapping[int, Skip]:
    """Taken back, or no tie any more, or a block since: looked at again when the row is claimed."""
    posts = _posts(rows)
    objections: dict[int, Skip] = {}
    for pk, post in posts.items():
        mine = [row for row in rows if row.payload["post"] == pk]
        people = Therapist.objects.filter(pk__in=[row.recipient_id for row in mine])
        tied = people_tied_to(post.building).values("pk")
        wanted = set(
            people.filter(pk__in=tied)
            .unblocked_for(post.author)
            .values_list("pk", flat=True)
        )
        for row in mine:
            if post.removed_at:
                objections[row.pk] = Skip("taken back")
            elif row.recipient_id not in wanted:
                objections[row.pk] = Skip("no tie any more, or a block")
    return objections


def render_posts(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    posts, community = _posts(rows), Community.objects.current()
    return {
        row.pk: mail_from_templates(
            "spaces",
            "building_post",
            {
                "post": post,
                "building": post.building,
                "author": post.author if post.author.agrees_to_be_named else None,
                "recipient": row.recipient,
                "action_url": absolute_url(post.building.get_absolute_url()),
                "reason": _(
                    "You get this because you have a room or hours in this building."
                ),
                "unsubscribe_url": unsubscribe_url(row.recipient, Topic.BUILDINGS),
                "community": community,
                "timezone": post.building.timezone,
            },
        )
        for row in rows
        if row.recipient and (post := posts.get(row.payload["post"]))
    }


def _posts(rows: Sequence[Delivery]) -> dict[int, BuildingPost]:
    return BuildingPost.objects.select_related("building", "author").in_bulk(
        [row.payload["post"] for row in rows]
    )
