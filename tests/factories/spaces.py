from datetime import timedelta

import factory
from django.utils.timezone import now
from factory.django import DjangoModelFactory

from spaces.domain.availability import refresh_free
from spaces.enums import BookingStatus, IncidentKind, NeedStatus, OccurrenceState
from spaces.hours import Span
from spaces.models import (
    Booking,
    Building,
    BusyCalendar,
    Closure,
    HandOn,
    Incident,
    IncidentScope,
    Loan,
    Need,
    NeedHour,
    Occurrence,
    Offer,
    OfferHour,
    Office,
    Opening,
    Pledge,
    PledgeHour,
    SavedSearch,
    UsualHours,
    WaitlistEntry,
    Wave,
    WaveRecipient,
)
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
        hosts = extracted if extracted is not None else [TherapistFactory()]
        link = Office.hosts.through
        link.objects.bulk_create(link(office=self, therapist=host) for host in hosts)


class OpeningFactory(DjangoModelFactory[Opening]):
    """Thursdays from 17 to 21 for $18, from yesterday on. ``free`` is empty until refreshed."""

    class Meta:
        model = Opening

    office = factory.SubFactory(OfficeFactory)
    weekday = 3
    start = 17 * 60
    end = 21 * 60
    first_date = factory.LazyFunction(lambda: now().date() - timedelta(days=1))
    price_cents = 1800


class SavedSearchFactory(DjangoModelFactory[SavedSearch]):
    """Thursdays from 18 to 21, from the day after tomorrow for four weeks, within 5 km of 94618. Nothing fits yet."""

    class Meta:
        model = SavedSearch

    therapist = factory.SubFactory(TherapistFactory)
    name = "Thu 18:00–21:00, near 94618"
    query = factory.LazyFunction(
        lambda: (
            f"hours=3-1080-1260&first_date={now().date() + timedelta(days=2)}&near=94618&radius=5"
        )
    )
    last_date = factory.LazyFunction(lambda: now().date() + timedelta(days=29))


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
    answer_by = factory.LazyFunction(lambda: now() + timedelta(days=3))


STATE_OF = {
    BookingStatus.REQUESTED: OccurrenceState.ASKED,
    BookingStatus.AWAITING: OccurrenceState.HELD,
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
    held_until = factory.LazyAttribute(
        lambda row: hours(24, 25).upper if row.state == OccurrenceState.HELD else None
    )


class BusyCalendarFactory(DjangoModelFactory[BusyCalendar]):
    """Somebody's own, due to be read."""

    class Meta:
        model = BusyCalendar

    therapist = factory.SubFactory(TherapistFactory)
    name = "Own"
    url = factory.Sequence(lambda n: f"https://calendar.example/{n:03}.ics")


class WaitlistEntryFactory(DjangoModelFactory[WaitlistEntry]):
    """Somebody waits for tomorrow from 9 to 10 (UTC)."""

    class Meta:
        model = WaitlistEntry

    office = factory.SubFactory(OfficeFactory)
    guest = factory.SubFactory(TherapistFactory)
    period = factory.LazyFunction(lambda: hours(9, 10))


class HandOnFactory(DjangoModelFactory[HandOn]):
    """Some dates of a booking, on offer by its guest to somebody."""

    class Meta:
        model = HandOn
        skip_postgeneration_save = True

    booking = factory.SubFactory(BookingFactory, status=BookingStatus.CONFIRMED)
    giver = factory.SelfAttribute("booking.guest")
    taker = factory.SubFactory(TherapistFactory)

    @factory.post_generation
    def occurrences(self, create, extracted, **kwargs):
        self.occurrences.set(
            self.booking.occurrences.all() if extracted is None else extracted
        )


# --- The bad day -----------------------------------------------------------------
class UsualHoursFactory(DjangoModelFactory[UsualHours]):
    """Tuesdays from 9 to 13."""

    class Meta:
        model = UsualHours

    office = factory.SubFactory(OfficeFactory)
    therapist = factory.LazyAttribute(lambda row: row.office.hosts.first())
    weekday = 1
    start = 9 * 60
    end = 13 * 60


class IncidentFactory(DjangoModelFactory[Incident]):
    """A fire, reported a moment ago, that closes one building for two weeks."""

    class Meta:
        model = Incident
        skip_postgeneration_save = True

    kind = IncidentKind.FIRE
    reported_by = factory.SubFactory(TherapistFactory)
    began_at = factory.LazyFunction(now)
    scope = factory.RelatedFactory(
        "tests.factories.spaces.IncidentScopeFactory", factory_related_name="incident"
    )


class IncidentScopeFactory(DjangoModelFactory[IncidentScope]):
    class Meta:
        model = IncidentScope

    incident = factory.SubFactory(IncidentFactory, scope=None)
    building = factory.SubFactory(BuildingFactory)
    until = factory.LazyFunction(lambda: now() + timedelta(days=14))


class LoanFactory(DjangoModelFactory[Loan]):
    """Two chairs to lend, for four weeks."""

    class Meta:
        model = Loan

    incident = factory.SubFactory(IncidentFactory, status="confirmed")
    author = factory.SubFactory(TherapistFactory)
    thing = "Two chairs"
    until = factory.LazyFunction(lambda: now().date() + timedelta(weeks=4))


class NeedFactory(DjangoModelFactory[Need]):
    """For four weeks from today, Wednesdays from 17 to 21, within 8 km of the buildings above. ``spans`` says other hours."""

    class Meta:
        model = Need
        skip_postgeneration_save = True

    therapist = factory.SubFactory(TherapistFactory)
    author = factory.SelfAttribute("therapist")
    status = NeedStatus.OPEN
    first_date = factory.LazyFunction(lambda: now().date())
    last_date = factory.LazyFunction(lambda: now().date() + timedelta(days=27))
    timezone = "America/Los_Angeles"
    place = "Rockridge"
    latitude = 37.82
    longitude = -122.25
    published_at = factory.LazyFunction(now)

    @factory.post_generation
    def spans(self, create, extracted, **kwargs):
        chosen = [Span(2, 17 * 60, 21 * 60)] if extracted is None else extracted
        for span in chosen:
            NeedHour.objects.create(
                need=self, weekday=span.weekday, start=span.start, end=span.end
            )

    @factory.post_generation
    def nice(self, create, extracted, **kwargs):
        for span in extracted or []:
            NeedHour.objects.create(
                need=self,
                weekday=span.weekday,
                start=span.start,
                end=span.end,
                is_must=False,
            )


class OfferFactory(DjangoModelFactory[Offer]):
    """All hours of its need, free, for all of its dates, in a room of the helper."""

    class Meta:
        model = Offer
        skip_postgeneration_save = True

    need = factory.SubFactory(NeedFactory)
    helper = factory.SubFactory(TherapistFactory)
    office = factory.LazyAttribute(lambda row: OfficeFactory(hosts=[row.helper]))
    first_date = factory.SelfAttribute("need.first_date")
    last_date = factory.SelfAttribute("need.last_date")

    @factory.post_generation
    def spans(self, create, extracted, **kwargs):
        for span in self.need.spans if extracted is None else extracted:
            OfferHour.objects.create(
                offer=self, weekday=span.weekday, start=span.start, end=span.end
            )


class WaveFactory(DjangoModelFactory[Wave]):
    """The first, for a lone need."""

    class Meta:
        model = Wave

    need = factory.SubFactory(NeedFactory)
    number = 1
    next_at = factory.LazyFunction(lambda: now() + timedelta(minutes=75))


class WaveRecipientFactory(DjangoModelFactory[WaveRecipient]):
    class Meta:
        model = WaveRecipient

    wave = factory.SubFactory(WaveFactory)
    recipient = factory.SubFactory(TherapistFactory)
    is_match = True
    metres = 1200
    reason = "1–2 km, meets Wed 17:00–19:00"


class HelperFactory(TherapistFactory):
    """A member who would help in an emergency."""

    helps_in_emergencies = True


class PledgeFactory(DjangoModelFactory[Pledge]):
    """Wednesdays from 17 to 21 in a room of its own, free, for two weeks, within 5 km. ``spans`` says other hours."""

    class Meta:
        model = Pledge
        skip_postgeneration_save = True

    therapist = factory.SubFactory(HelperFactory)
    office = factory.LazyAttribute(lambda row: OfficeFactory(hosts=[row.therapist]))

    @factory.post_generation
    def spans(self, create, extracted, **kwargs):
        chosen = [Span(2, 17 * 60, 21 * 60)] if extracted is None else extracted
        for span in chosen:
            PledgeHour.objects.create(
                pledge=self, weekday=span.weekday, start=span.start, end=span.end
            )
        refresh_free([self.office_id])


def helper_with_hours(*spans, **fields):
    """A helper with a room and these free hours, ready to be found. Fields are the room's, or ``helper_…``."""
    mine = {
        name.removeprefix("helper_"): fields.pop(name)
        for name in list(fields)
        if name.startswith("helper_")
    }
    helper = HelperFactory(**mine)
    office = OfficeFactory(hosts=[helper], **fields)
    for span in spans:
        OpeningFactory(
            office=office, weekday=span.weekday, start=span.start, end=span.end
        )
    refresh_free([office.pk])
    return helper
