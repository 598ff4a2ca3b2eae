"""Posts among the people of a building: on its page, and by mail to everybody tied who wants it."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue_to
from directory.domain.report import report_member
from directory.enums import Standing
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.errors import HoursError
from spaces.models import Building, BuildingPost
from spaces.ties import is_tied, people_tied_to

POSTS_A_DAY = 5  # by one person to one building: each is a mail to everybody


@transaction.atomic
def post_to_building(building: Building, *, by: Therapist, text: str) -> BuildingPost:
    """Everybody else tied is mailed, but nobody across a block, and nobody who does not want mails of this topic."""
    text = text.strip()
    if not (by.is_moderator or (by.is_member and is_tied(by, building))):
        raise NotAllowedError(_("You have no tie to this building."))
    if not text:
        raise HoursError(_("Write a line or two first."))
    Therapist.objects.select_for_update(no_key=True).get(pk=by.pk)  # counts right
    since = timezone.now() - timedelta(days=1)
    written = BuildingPost.objects.filter(
        building=building, author=by, created_at__gt=since
    )
    if written.count() >= POSTS_A_DAY:
        raise NotAllowedError(
            _("That is enough for one day: every post is a mail to everybody here.")
        )
    post = BuildingPost.objects.create(building=building, author=by, text=text)
    people = people_tied_to(building).filter(standing=Standing.MEMBER)
    others = Therapist.objects.unblocked_for(by).filter(pk__in=people.values("pk"))
    enqueue_to(
        "building_post",
        others.exclude(pk=by.pk).with_user(),
        cause=f"post:{post.pk}",
        payload={"post": post.pk},
    )
    return post


@transaction.atomic
def remove_post(post: BuildingPost, *, by: Therapist) -> None:
    """Its author or a moderator takes it back; mails that still wait are not sent."""
    post = BuildingPost.objects.select_for_update().get(pk=post.pk)
    if by.pk != post.author_id and not by.is_moderator:
        raise NotAllowedError(_("Who wrote it and the moderators can take it back."))
    if post.removed_at is None:
        post.removed_at, post.removed_by = timezone.now(), by
        post.save(update_fields=["removed_at", "removed_by"])


@transaction.atomic
def report_post(post: BuildingPost, *, by: Therapist, text: str) -> None:
    """To the moderators, with the words it is about. Who wrote it without a name stays unnamed to whoever reports."""
    if not text.strip():
        raise HoursError(_("Say in a sentence or two what is wrong with it."))
    about = _("Posted at %(building)s: “%(words)s”") % {
        "building": post.building,
        "words": post.text,
    }
    report_member(post.author, by=by, text=f"{text.strip()}\n\n{about}")
