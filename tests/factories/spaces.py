from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from spaces.enums import BookingStatus, OccurrenceState
from spaces.models import Booking, Building, Closure, Occurrence, Office, Opening
from tests.factories.directory import TherapistFactory
from tests.periods import hours


class BuildingFactory(DjangoModelFactory[Building]):
    class Meta:
        model = Building

    name = factory.Sequence(lambda n: f"Piedmont Avenue {n:03}")
    street = factory.Sequence(lambda n: f"{n:03} Piedmont Avenue")
    city = "Oakland"
    zip_code = "94611"
    latitude = 37.8247
    longitude = -122.2519
    timezone = "America/Los_Angeles"


class OfficeFactory(DjangoModelFactory[Office]):
    class Meta:
        model = Office
        skip_postgeneration_save = True

    building = factory.SubFactory(BuildingFactory)
    name = factory.Sequence(lambda n: f"Room {n:03}")
    suite = "7"
    capacity = 8

    @factory.post_generation
    def hosts(self, create, extracted, **kwargs):
        self.hosts.set(extracted if extracted is not None else [TherapistFactory()])


class OpeningFactory(DjangoModelFactory[Opening]):
    """Thursdays from 17 to 21 for $18, from yesterday on. ``free`` is empty until refreshed."""

    class Meta:
        model = Opening

    office = factory.SubFactory(OfficeFactory)
    weekday = 3
    start = 17 * 60
    end = 21 * 60
    first_date = factory.LazyFunction(lambda: timezone.now().date() - timedelta(days=1))
    price_cents = 1800


class ClosureFactory(DjangoModelFactory[Closure]):
    class Meta:
        model = Closure

    office = factory.SubFactory(OfficeFactory)
    period = factory.LazyFunction(lambda: hours(0, 24))
    reason = "Holiday"


class BookingFactory(DjangoModelFactory[Booking]):
    class Meta:
        model = Booking

    office = factory.SubFactory(OfficeFactory)
    guest = factory.SubFactory(TherapistFactory)
    status = BookingStatus.REQUESTED
    answer_by = factory.LazyFunction(lambda: timezone.now() + timedelta(days=3))


STATE_OF = {
    BookingStatus.REQUESTED: OccurrenceState.ASKED,
    BookingStatus.AWAITING: OccurrenceState.ASKED,
    BookingStatus.CONFIRMED: OccurrenceState.BOOKED,
    BookingStatus.CANCELLED: OccurrenceState.CANCELLED,
    BookingStatus.ENDED: OccurrenceState.BOOKED,
}


class OccurrenceFactory(DjangoModelFactory[Occurrence]):
    """One date of a booking, tomorrow from 9 to 10 (UTC), in the state that goes with the booking's status."""

    class Meta:
        model = Occurrence

    booking = factory.SubFactory(BookingFactory)
    office = factory.SelfAttribute("booking.office")
    guest = factory.SelfAttribute("booking.guest")
    period = factory.LazyFunction(lambda: hours(9, 10))
    price_cents = 1800
    state = factory.LazyAttribute(
        lambda row: STATE_OF.get(row.booking.status, OccurrenceState.DECLINED)
    )
