"""Somebody known by name and address only, before they join; and whose an address is."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower

from directory.enums import Standing
from directory.models import StandingEvent, Therapist, User
from directory.text import plain_address, ways_to_write


def invite_person(*, name: str, email: str, by: Therapist) -> Therapist:
    """Someone a host knows by name and address: essential messages only, until they join and claim what is theirs.

    Inviting an address twice, or one that belongs to somebody already, gives that person, whatever their standing.
    """
    known = known_by_address(email)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            therapist = Therapist.objects.create(
                standing=Standing.INVITED,
                name=name,
                email=plain_address(email),
                invited_by=by,
            )
            StandingEvent.objects.create(
                therapist=therapist, actor=by, new=Standing.INVITED
            )
    except IntegrityError:  # somebody else invited them in the same moment
        return Therapist.objects.get(user=None, email__iexact=plain_address(email))
    return therapist


def known_by_address(email: str) -> Therapist | None:
    """Whose address this is: of a sign-in, a further confirmed one of theirs, or of somebody invited."""
    ways = ways_to_write(email)
    confirmed = EmailAddress.objects.annotate(plain=Lower("email")).filter(
        plain__in=ways, verified=True
    )
    people = Therapist.objects.annotate(
        invited_at=Lower("email"), signs_in_at=Lower("user__email")
    ).with_user()
    return (
        people.filter(
            Q(signs_in_at__in=ways)
            | Q(user__in=confirmed.values("user"))
            | Q(user=None, invited_at__in=ways)
        )
        .order_by(F("user").asc(nulls_last=True))
        .first()
    )


def invited_at(user: User) -> Therapist | None:
    """What is kept under this address for somebody who has no sign-in yet."""
    return (
        Therapist.objects.annotate(invited_at=Lower("email"))
        .filter(user=None, invited_at__in=ways_to_write(user.email))
        .first()
    )
