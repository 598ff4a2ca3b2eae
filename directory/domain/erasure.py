"""Forgetting a person. Their row stays, for what others relied on, as that of a former member."""

import json
import re
from collections.abc import Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from directory.models import (
    Absence,
    ApplicationMessage,
    Block,
    ColleagueSearch,
    Delivery,
    Export,
    Insurance,
    Licence,
    Preference,
    StandingEvent,
    Supervision,
    Therapist,
    User,
    Vouch,
)
from directory.models.therapist import new_feed_token
from directory.registry import erase_in_apps

KEPT = {  # of the row: what says nothing of who it was
    "id",
    "standing",
    "erased_at",
    "created_at",
    "joined_at",
    "feed_token",
}
# Who other people are, and how they are reached, is theirs, though it be the same.
OF_OTHERS = {"name", "email", "contact_email", "phone", "website"}
SHORTEST = 5  # letters; less would be found in words that mean something else


def erase(therapist: Therapist, *, now: datetime) -> None:
    """In the caller's transaction, with the row locked. Messages and bookings stay with the others, without a name."""
    former = _("A former member")
    words = _identifying(therapist)
    files: list[FieldFile] = [therapist.photo_small, therapist.photo_large]
    files += [row.certificate for row in Insurance.objects.filter(therapist=therapist)]
    erase_in_apps(therapist)
    own = {"therapist": therapist}
    for rows in [Insurance.objects, Licence.objects, Preference.objects]:
        rows.filter(**own).delete()
    ColleagueSearch.objects.filter(**own).delete()
    Export.objects.filter(**own).delete()
    Supervision.objects.filter(trainee=therapist).delete()
    Supervision.objects.filter(supervisor=therapist).update(supervisor_name=former)
    Vouch.objects.filter(Q(applicant=therapist) | Q(by=therapist)).delete()
    Absence.objects.filter(Q(moderator=therapist) | Q(stand_in=therapist)).delete()
    Block.objects.filter(Q(blocker=therapist) | Q(blocked=therapist)).delete()
    ApplicationMessage.objects.filter(applicant=therapist).delete()
    StandingEvent.objects.filter(therapist=therapist).update(reason="")
    addressed = Q(address__in=[word for word in words if "@" in word])
    Delivery.objects.filter(Q(recipient=therapist) | addressed).delete()
    _forget_log(therapist, former)
    user = therapist.user
    empty(therapist, former, now)
    if user is not None:
        forget_sign_in(user)
    scrub(words, former)
    delete_after_commit(files)


def delete_after_commit(files: Iterable[FieldFile]) -> None:
    """Only once it is certain."""
    kept = [(str(file.name), file.storage) for file in files if file]

    def delete() -> None:
        for name, storage in kept:
            storage.delete(name)

    transaction.on_commit(delete, robust=True)


def _identifying(therapist: Therapist) -> list[str]:
    """By what the person could be found again. A first name alone is anybody's."""
    found = {
        therapist.email,
        therapist.contact_email,
        therapist.phone,
        therapist.website,
    }
    if therapist.user:
        found.add(therapist.user.email)
        own = EmailAddress.objects.filter(user=therapist.user)
        found.update(own.values_list("email", flat=True))
    is_shared = (
        Therapist.objects.filter(name__iexact=therapist.name)
        .exclude(pk=therapist.pk)
        .exists()
    )
    if " " in therapist.name.strip() and not is_shared:
        found.add(therapist.name)
    return sorted(word.strip() for word in found if len(word.strip()) >= SHORTEST)


def empty(therapist: Therapist, former: str, now: datetime) -> None:
    for field in therapist._meta.concrete_fields:  # noqa: SLF001 -- every column there is
        if field.name not in KEPT:
            setattr(therapist, field.name, field.get_default())
    therapist.name, therapist.feed_token = former, new_feed_token()
    therapist.user = therapist.latitude = therapist.longitude = None
    therapist.erased_at = now
    therapist.save()
    therapist.terms.clear()


def forget_sign_in(user: User) -> None:
    """What a moderator did stays on record, as done by a former one."""
    sessions = UserSession.objects.filter(user=user).values_list("session_key")
    Session.objects.filter(session_key__in=sessions).delete()
    if not LogEntry.objects.filter(user=user).exists():
        user.delete()
        return
    EmailAddress.objects.filter(user=user).delete()
    UserSession.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.email = f"former-member-{user.pk}@erased.invalid"
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def _forget_log(therapist: Therapist, former: str) -> None:
    of = ContentType.objects.get_for_model
    about = Q(content_type=of(Therapist), object_id=str(therapist.pk))
    if therapist.user_id:
        about |= Q(content_type=of(User), object_id=str(therapist.user_id))
    LogEntry.objects.filter(about).update(object_repr=former)


# --- In what others wrote ---------------------------------------------------------------


def scrub(words: Iterable[str], former: str) -> None:
    """Put ``former`` for each of ``words`` in every text of every table; complete, as it asks the models themselves."""
    words = list(words)
    if not words:
        return
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            known = model._meta  # noqa: SLF001 -- every column there is
            for field in known.local_concrete_fields:
                if _is_text(model, field):
                    _scrub_column(cursor, known.db_table, field, words, former)


def _is_text(model: type[models.Model], field: models.Field) -> bool:
    if field.is_relation or field.choices or isinstance(field, models.FileField):
        return False
    if model in {Therapist, User, EmailAddress} and field.name in OF_OTHERS:
        return False
    return isinstance(field, models.CharField | models.TextField | models.JSONField)


def _scrub_column(
    cursor: connection.cursor,  # type: ignore[name-defined]
    table: str,
    field: models.Field,
    words: Iterable[str],
    former: str,
) -> None:
    is_json = isinstance(field, models.JSONField)
    pattern = "|".join(re.escape(_in_json(word) if is_json else word) for word in words)
    pattern = rf"(?<!\w)({pattern})(?!\w)"
    instead = (_in_json(former) if is_json else former).replace("\\", r"\\")
    table = connection.ops.quote_name(table)
    column = connection.ops.quote_name(str(field.column))
    text = f"{column}::text"
    new = f"regexp_replace({text}, %s, %s, 'gi')"
    if is_json:
        new = f"({new})::jsonb"
    elif field.max_length:
        new = f"left({new}, {int(field.max_length)})"
    cursor.execute(
        f"UPDATE {table} SET {column} = {new} WHERE {text} ~* %s",  # noqa: S608 -- names of our own tables
        [pattern, instead, pattern],
    )


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
