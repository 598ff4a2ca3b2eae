from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from directory.enums import Standing
from directory.models import Community, StandingEvent, Therapist, User


@transaction.atomic
def set_up_community(
    community: Community, *, moderator_email: str, moderator_name: str
) -> Therapist:
    """Save the one row, and make ``moderator_email`` its first moderator.

    May be called again: nobody is made twice, and nobody loses anything.
    """
    community.save()
    user = User.objects.filter(email__iexact=moderator_email).first()
    if user is None:
        user = User.objects.create_user(moderator_email)
    user.is_staff = user.is_superuser = user.is_active = True
    user.save(update_fields=["is_staff", "is_superuser", "is_active"])
    _confirm_address(user)
    return _make_member(user, moderator_name)


def _confirm_address(user: User) -> None:
    """So that the first code can be mailed: whoever runs the server vouches for the address."""
    address, _ = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True}
    )
    if not address.verified:
        address.verified = True
        address.save(update_fields=["verified"])


def _make_member(user: User, name: str) -> Therapist:
    therapist, _ = Therapist.objects.get_or_create(user=user, defaults={"name": name})
    if therapist.standing != Standing.MEMBER:
        StandingEvent.objects.create(
            therapist=therapist,
            old=therapist.standing,
            new=Standing.MEMBER,
            reason="First moderator, named on the server.",
        )
        therapist.standing = Standing.MEMBER
        therapist.joined_at = timezone.now()
        therapist.save(update_fields=["standing", "joined_at"])
    return therapist
