"""A small community that is awkward to draw: long names, many words, nothing at all."""

from types import SimpleNamespace

from directory.enums import TermKind
from spaces.domain.availability import refresh_free
from spaces.enums import BookingStatus
from tests.factories.directory import (
    CommunityFactory,
    LicenceFactory,
    ModeratorFactory,
    TermFactory,
    TherapistFactory,
    UserFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
    UsualHoursFactory,
)
from tests.periods import hours

LONG_NAME = "Maximiliana-Theodora Featherstonehaugh-Villarreal y Ashworth-Wolfeschlegelsteinhausen 🌿"


def build():
    CommunityFactory(area="Berkeley and Oakland")
    member = TherapistFactory(name="Dana Whitlock", neighbourhood="Rockridge")
    other = TherapistFactory(name=LONG_NAME, headline="Couples. " * 20)
    other.terms.set(TermFactory.create_batch(40, kind=TermKind.LANGUAGE))
    LicenceFactory(therapist=other)
    office = OfficeFactory(hosts=[member], name="The garden room")
    far = OfficeFactory(hosts=[other], name=LONG_NAME)
    for weekday, start in [(1, 540), (3, 1020), (5, 540)]:
        OpeningFactory(office=office, weekday=weekday, start=start, end=start + 240)
        OpeningFactory(office=far, weekday=weekday, start=start, end=start + 210)
    UsualHoursFactory(office=office, therapist=member)
    ClosureFactory(office=far, period=hours(24, 72))
    booking = BookingFactory(office=office, guest=other)
    for day in range(12):
        OccurrenceFactory(booking=booking, period=hours(17, 20, day=7 * day))
    confirmed = BookingFactory(office=far, guest=member, status=BookingStatus.CONFIRMED)
    OccurrenceFactory(booking=confirmed, period=hours(9, 12, day=1))
    refresh_free([office.pk, far.pk])
    return SimpleNamespace(
        stranger=None,
        member=member,
        visitor=SimpleNamespace(user=UserFactory()),
        newcomer=TherapistFactory(name="Nia"),
        applicant=TherapistFactory(name="Ada Applicant", standing="applicant"),
        moderator=ModeratorFactory(name="Mo Derrick"),
        other=other,
        office=office,
        far=far,
        booking=booking,
        confirmed=confirmed,
    )
