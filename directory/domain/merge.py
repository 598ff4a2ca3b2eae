"""Two rows that are one person: what hangs on the one goes over to the other, and nothing is lost.

Every reference to a person in the whole project is asked of the models themselves, so none can be forgotten. Where a
rule of the database keeps both apart (both told by the same wave, the same licence twice), the other one's row says the
same; it stays with the emptied duplicate, or goes where it was a setting.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from directory.domain.erasure import delete_after_commit, empty, forget_sign_in
from directory.domain.outbox import enqueue
from directory.enums import Standing
from directory.errors import DomainError, NotAllowedError
from directory.models import (
    ColleagueSearch,
    Conversation,
    Export,
    Insurance,
    Licence,
    LicenceCheck,
    Message,
    Preference,
    StandingEvent,
    Therapist,
)
from directory.registry import merge_clashes, settle_merged

RANK = [Standing.INVITED, Standing.APPLICANT, Standing.MEMBER]
FILLED = [  # of the profile: what the one has and the other lacks
    "pronouns",
    "credentials",
    "headline",
    "bio",
    "phone",
    "website",
    "contact_email",
    "neighbourhood",
    "zip_code",
]
SETTINGS = [Preference, Insurance, Export, ColleagueSearch, Licence]  # may be left over


@dataclass(frozen=True)
class Preview:
    """``moves``: what goes over, in words, and how many. ``clashes``: why it cannot be done, if so."""

    moves: list[tuple[str, int]]
    clashes: list[str]


def _called(model: type[models.Model]) -> str:
    """A row that only links somebody to something is called by that: "Offices"."""
    fields = model._meta.concrete_fields if model._meta.auto_created else []  # noqa: SLF001
    linked = (field.related_model for field in fields)
    found = next((other for other in linked if other and other is not Therapist), model)
    return capfirst(str(found._meta.verbose_name_plural))  # noqa: SLF001


def preview_merge(duplicate: Therapist, *, into: Therapist, by: Therapist) -> Preview:
    moves: dict[str, int] = {}
    for model, field in references():
        if count := model._base_manager.filter(**{field: duplicate}).count():  # noqa: SLF001
            label = _called(model)
            moves[label] = moves.get(label, 0) + count
    clashes = list(_own_clashes(duplicate, into, by))
    with transaction.atomic():
        clashes += merge_clashes(duplicate, into)
    return Preview(sorted(moves.items()), clashes)


@transaction.atomic
def merge(
    duplicate: Therapist, *, into: Therapist, by: Therapist, reason: str
) -> Therapist:
    """``into`` is the person from now on, by every address either had. They are told."""
    if not by.is_moderator:
        raise NotAllowedError(_("Only moderators may do that."))
    if not reason.strip():
        raise DomainError(_("Give a reason: the person is told it."))
    clashes = merge_clashes(duplicate, into)  # takes the locks of rooms, before people
    rows = Therapist.objects.select_for_update(of=("self",)).order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[duplicate.pk, into.pk])}
    duplicate, into = found[duplicate.pk], found[into.pk]
    clashes = [*_own_clashes(duplicate, into, by), *clashes]
    if clashes:
        raise NotAllowedError(" ".join(clashes))
    _move_conversations(duplicate, into)
    for model, field in references():
        _move(model, field, duplicate, into)
    _fill(duplicate, into)
    _move_sign_in(duplicate, into)
    _close(duplicate, into)
    StandingEvent.objects.create(
        therapist=into, actor=by, old=into.standing, new=into.standing, reason=reason
    )
    settle_merged(into)
    enqueue(
        "profiles_merged",
        to=into,
        cause=f"merged:{duplicate.pk}",
        payload={"by": by.pk, "reason": reason.strip()},
    )
    return into


def references() -> Iterator[tuple[type[models.Model], str]]:
    """Every column that says whose something is, or who did it; those of many-to-many tables too."""
    for relation in Therapist._meta.get_fields(include_hidden=True):  # noqa: SLF001
        if isinstance(relation, models.ManyToOneRel) and relation.field.concrete:
            yield relation.related_model, relation.field.name


def _own_clashes(duplicate: Therapist, into: Therapist, by: Therapist) -> Iterator[str]:
    if duplicate.pk == into.pk:
        yield _("Choose two people.")
        return
    if by.pk in {duplicate.pk, into.pk}:
        yield _("Somebody else decides what is about you.")
    for person in (duplicate, into):
        if person.standing not in RANK or person.erased_at:
            yield _("%(name)s is “%(standing)s”. Settle that first.") % {
                "name": person,
                "standing": person.get_standing_display(),
            }
            return
    if RANK.index(Standing(duplicate.standing)) > RANK.index(Standing(into.standing)):
        yield _("Merge them the other way round: %(name)s is further in.") % {
            "name": duplicate
        }
    if duplicate.user and duplicate.user.is_staff:
        yield _("%(name)s moderates. Take that from them first.") % {"name": duplicate}


def _move_conversations(duplicate: Therapist, into: Therapist) -> None:
    """Of a pair there is one conversation, whose two stand in order."""
    for old in Conversation.objects.of(duplicate).with_people():
        other = old.other_than(duplicate)
        if other.pk == into.pk:
            continue
        first, second = sorted([into.pk, other.pk])
        kept, _made = Conversation.objects.get_or_create(
            first_id=first,
            second_id=second,
            defaults={
                "begun_by": into if old.begun_by_id == duplicate.pk else other,
                "created_at": old.created_at,
                "written_at": old.written_at,
            },
        )
        Message.objects.filter(conversation=old).update(conversation=kept)
        kept.written_at = max(kept.written_at, old.written_at)
        kept.save(update_fields=["written_at"])
        old.delete()


def _move(
    model: type[models.Model], field: str, duplicate: Therapist, into: Therapist
) -> None:
    rows = model._base_manager.filter(**{field: duplicate})  # noqa: SLF001
    try:
        with transaction.atomic():
            rows.update(**{field: into})
        return
    except IntegrityError:
        pass
    for pk in list(rows.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                rows.filter(pk=pk).update(**{field: into})
        except IntegrityError:
            continue  # the other one's says the same, or it is between the two


def _fill(duplicate: Therapist, into: Therapist) -> None:
    for name in FILLED:
        if not getattr(into, name):
            setattr(into, name, getattr(duplicate, name))
    if into.latitude is None:
        into.latitude, into.longitude = duplicate.latitude, duplicate.longitude
    if not into.photo_small:
        into.photo_small, into.photo_large = (
            duplicate.photo_small,
            duplicate.photo_large,
        )
        duplicate.photo_small = duplicate.photo_large = ""


def _move_sign_in(duplicate: Therapist, into: Therapist) -> None:
    """By every confirmed address of either one signs in as the same person."""
    user, duplicate.user = duplicate.user, None
    duplicate.save(update_fields=["user"])
    if user is None:
        into.save()
        return
    if into.user is None:
        into.user = user
        into.save()
        return
    into.save()
    EmailAddress.objects.filter(user=user).update(user=into.user, primary=False)
    forget_sign_in(user)


def _close(duplicate: Therapist, into: Therapist) -> None:
    for licence in Licence.objects.filter(therapist=duplicate):
        same = Licence.objects.get(
            therapist=into,
            kind=licence.kind_id,
            jurisdiction=licence.jurisdiction,
            number=licence.number,
        )
        LicenceCheck.objects.filter(licence=licence).update(licence=same)
    for settings in SETTINGS:
        settings._base_manager.filter(therapist=duplicate).delete()  # noqa: SLF001
    delete_after_commit([duplicate.photo_small, duplicate.photo_large])
    duplicate.standing = Standing.LEFT
    empty(duplicate, into.name, timezone.now())
