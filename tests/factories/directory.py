from datetime import timedelta

import factory
from allauth.mfa.models import Authenticator
from django.utils import timezone
from factory.django import DjangoModelFactory

from directory.enums import DeliveryState, Priority, Standing, TermKind
from directory.models import (
    Absence,
    Block,
    Community,
    Delivery,
    Licence,
    Preference,
    StandingEvent,
    Supervision,
    Term,
    Therapist,
    User,
)
from tests.periods import today


class CommunityFactory(DjangoModelFactory[Community]):
    class Meta:
        model = Community

    name = "East Bay Therapists"
    timezone = "America/Los_Angeles"


class UserFactory(DjangoModelFactory[User]):
    """A sign-in without a password; who moderates has a second factor. ``is_confirmed`` writes down that the address is theirs."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n:03}@example.org")
    password = "!"
    is_staff = False
    second_factor = factory.Maybe(
        "is_staff",
        factory.RelatedFactory(
            "tests.factories.directory.AuthenticatorFactory",
            factory_related_name="user",
        ),
    )

    class Params:
        is_confirmed = factory.Trait(
            confirmed=factory.RelatedFactory(
                "tests.factories.directory.EmailAddressFactory",
                factory_related_name="user",
            )
        )


class AuthenticatorFactory(DjangoModelFactory):
    """An authenticator app."""

    class Meta:
        model = "mfa.Authenticator"

    type = Authenticator.Type.TOTP
    data = factory.LazyFunction(dict)


class EmailAddressFactory(DjangoModelFactory):
    class Meta:
        model = "account.EmailAddress"

    email = factory.SelfAttribute("user.email")
    verified = True
    primary = True


class TherapistFactory(DjangoModelFactory[Therapist]):
    """A member with a sign-in, somewhere in Rockridge, without quiet hours: whenever the tests run, mails go out."""

    class Meta:
        model = Therapist

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Person {n:03}")
    standing = Standing.MEMBER
    joined_at = factory.LazyFunction(timezone.now)
    latitude = 37.84
    longitude = -122.24
    quiet_from_minute = 0
    quiet_to_minute = 0


class InvitedFactory(TherapistFactory):
    """Known by name and address only; no sign-in yet."""

    user = None
    standing = Standing.INVITED
    email = factory.Sequence(lambda n: f"invited{n:03}@example.org")
    joined_at = None


class ModeratorFactory(TherapistFactory):
    user = factory.SubFactory(UserFactory, is_staff=True)


class AbsenceFactory(DjangoModelFactory[Absence]):
    class Meta:
        model = Absence

    moderator = factory.SubFactory(ModeratorFactory)
    stand_in = factory.SubFactory(ModeratorFactory)
    first_date = factory.LazyFunction(today)
    last_date = factory.LazyAttribute(
        lambda absence: absence.first_date + timedelta(days=7)
    )


class TermFactory(DjangoModelFactory[Term]):
    class Meta:
        model = Term

    kind = TermKind.SPECIALTY
    slug = factory.Sequence(lambda n: f"term-{n:03}")
    label = factory.Sequence(lambda n: f"Term {n:03}")


class LicenceFactory(DjangoModelFactory[Licence]):
    class Meta:
        model = Licence

    therapist = factory.SubFactory(TherapistFactory)
    kind = factory.SubFactory(TermFactory, kind=TermKind.CREDENTIAL)
    number = factory.Sequence(lambda n: f"{n:06}")
    jurisdiction = "California"


class SupervisionFactory(DjangoModelFactory[Supervision]):
    """Accepted: the supervisor answers for the trainee."""

    class Meta:
        model = Supervision

    trainee = factory.SubFactory(TherapistFactory)
    supervisor = factory.SubFactory(TherapistFactory)
    supervisor_name = factory.SelfAttribute("supervisor.name")
    accepted_at = factory.LazyFunction(timezone.now)


class BlockFactory(DjangoModelFactory[Block]):
    class Meta:
        model = Block

    blocker = factory.SubFactory(TherapistFactory)
    blocked = factory.SubFactory(TherapistFactory)


class PreferenceFactory(DjangoModelFactory[Preference]):
    class Meta:
        model = Preference

    therapist = factory.SubFactory(TherapistFactory)


class StandingEventFactory(DjangoModelFactory[StandingEvent]):
    class Meta:
        model = StandingEvent

    therapist = factory.SubFactory(TherapistFactory)
    new = Standing.MEMBER


class DeliveryFactory(DjangoModelFactory[Delivery]):
    """Due now, to one member."""

    class Meta:
        model = Delivery

    kind = "news"
    recipient = factory.SubFactory(TherapistFactory)
    cause = factory.Sequence(lambda n: f"test:{n:03}")
    priority = Priority.DIGEST
    state = DeliveryState.PENDING
