"""A small community that is awkward to draw: long names, many words, nothing at all."""

from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace

from django.utils import timezone

from directory.domain.membership import leave
from directory.enums import TermKind
from directory.models import Export, Term
from spaces.domain.availability import refresh_free
from spaces.domain.drill import run_drills, start_drill
from spaces.domain.photo import add_photo
from spaces.enums import (
    BookingSource,
    BookingStatus,
    IncidentKind,
    IncidentStatus,
    NeedStatus,
    OccurrenceState,
)
from spaces.hours import Span, local_period
from spaces.models import BookingMessage, BorrowedRoom, CodeView, WayBack
from tests.factories.directory import (
    CommunityFactory,
    InvitedFactory,
    LicenceFactory,
    ModeratorFactory,
    SupervisionFactory,
    TermFactory,
    TherapistFactory,
    UserFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    BusyCalendarFactory,
    ClosureFactory,
    HandOnFactory,
    IncidentFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
    OpeningFactory,
    PledgeFactory,
    SavedSearchFactory,
    UsualHoursFactory,
    WaitlistEntryFactory,
    WaveFactory,
    WaveRecipientFactory,
)
from tests.periods import hours
from tests.spaces.pictures import picture

LONG_NAME = "Maximiliana-Theodora Featherstonehaugh-Villarreal y Ashworth-Wolfeschlegelsteinhausen 🌿"


def _gone():
    """Somebody who left today, with everything of theirs ready to be fetched."""
    person = TherapistFactory(name="Gus Gone")
    leave(person, by=person)
    Export.objects.create(therapist=person, ready_at=timezone.now(), content=b"zip")
    return person


def build():
    CommunityFactory(area="Berkeley and Oakland")
    member = TherapistFactory(
        name="Dana Whitlock", neighbourhood="Rockridge", user__is_confirmed=True
    )
    other = TherapistFactory(name=LONG_NAME, headline="Couples. " * 20)
    other.terms.set(TermFactory.create_batch(40, kind=TermKind.LANGUAGE))
    LicenceFactory(therapist=other)
    office = OfficeFactory(hosts=[member], name="The garden room")
    far = OfficeFactory(hosts=[other], name=LONG_NAME)
    for weekday, start in [(1, 540), (3, 1020), (5, 540)]:
        OpeningFactory(office=office, weekday=weekday, start=start, end=start + 240)
        OpeningFactory(office=far, weekday=weekday, start=start, end=start + 210)
    UsualHoursFactory(office=office, therapist=member)
    furnish(office, member)
    ClosureFactory(office=far, period=hours(24, 72))
    booking = BookingFactory(office=office, guest=other)
    for day in range(12):
        OccurrenceFactory(booking=booking, period=hours(17, 20, day=7 * day))
    confirmed = BookingFactory(office=far, guest=member, status=BookingStatus.CONFIRMED)
    OccurrenceFactory(booking=confirmed, period=hours(9, 12, day=1))
    for day, state in [(8, "skipped"), (15, "given_back"), (22, "displaced")]:
        OccurrenceFactory(
            booking=confirmed, period=hours(9, 12, day=day), state=state, is_due=True
        )
    _calendars(member, office)
    refresh_free([office.pk, far.pk])
    _written(booking, confirmed)
    for author in (member, other):
        office.building.posts.create(author=author, text=f"{LONG_NAME} {'w' * 200}")
    newcomer = TherapistFactory(name="Nia")
    return SimpleNamespace(
        **_exchange(member, other, newcomer, office),
        awaiting=_supervised(member, newcomer, far),
        confirmed_month=f"?month={hours(9, 12, day=1).lower:%Y-%m}",
        **_bad_day(member, other, office),
        stranger=None,
        member=member,
        search=SavedSearchFactory(therapist=member),
        visitor=SimpleNamespace(user=UserFactory()),
        newcomer=newcomer,
        applicant=TherapistFactory(name="Ada Applicant", standing="applicant"),
        gone=_gone(),
        invited=_entered(office),
        moderator=ModeratorFactory(name="Mo Derrick"),
        other=other,
        office=office,
        opening=office.openings.first(),
        far=far,
        booking=booking,
        confirmed=confirmed,
    )


def _exchange(member, other, newcomer, office):
    """Hours held and waited for, a room to move to, dates on offer; a request for any room."""
    garden = OfficeFactory(hosts=[member], building=office.building, name=LONG_NAME)
    OpeningFactory(office=garden, weekday=1, start=540, end=780)
    held = BookingFactory(
        office=office,
        guest=other,
        source=BookingSource.WAITLIST,
        any_room=True,
        answer_by=hours(20, 21).lower,
    )
    for day in (2, 9):
        OccurrenceFactory(
            booking=held, period=hours(3, 5, day=day), state=OccurrenceState.HELD
        )
    asked = BookingFactory(office=office, guest=newcomer, any_room=True)
    day = timezone.localdate() + timedelta(days=30)
    day += timedelta(days=(1 - day.weekday()) % 7)  # a Tuesday, on which both are open
    for week, start in ((0, 540), (1, 600)):
        period = local_period(
            day + timedelta(weeks=week), start, start + 120, office.building.zone
        )
        OccurrenceFactory(booking=asked, period=period)
        if week:
            rest = BookingFactory(office=garden, guest=other, status="confirmed")
            OccurrenceFactory(booking=rest, period=period)
    let = BookingFactory(office=office, guest=other, status=BookingStatus.CONFIRMED)
    rival = BookingFactory(office=garden, guest=newcomer, status="confirmed")
    for day in (40, 47, 54):
        OccurrenceFactory(booking=let, period=hours(20, 22, day=day))
        OccurrenceFactory(booking=rival, period=hours(20, 21, day=day))
    elsewhere = OfficeFactory(hosts=[other], name=LONG_NAME, allows_hand_on=True)
    mine = BookingFactory(office=elsewhere, guest=member, status="confirmed")
    dates = [
        OccurrenceFactory(booking=mine, period=hours(20, 22, day=day))
        for day in (41, 48)
    ]
    handed = HandOnFactory(
        booking=mine, taker=other, message="While I am away.", occurrences=dates[:1]
    )
    theirs = BookingFactory(office=elsewhere, guest=other, status="confirmed")
    HandOnFactory(
        booking=theirs,
        taker=member,
        occurrences=[OccurrenceFactory(booking=theirs, period=hours(1, 2, day=50))],
    )
    OccurrenceFactory(booking=theirs, period=hours(20, 22, day=60))
    WaitlistEntryFactory(office=elsewhere, period=hours(20, 22, day=60))
    WaitlistEntryFactory(guest=member, office=elsewhere, period=hours(20, 22, day=60))
    taken = OccurrenceFactory(
        booking=BookingFactory(office=elsewhere, status="confirmed"),
        period=hours(17, 19, day=8),
    )
    span = taken.span(elsewhere.building.zone)
    OpeningFactory(office=elsewhere, weekday=span.weekday, start=0, end=1440)
    refresh_free([office.pk, garden.pk, elsewhere.pk])
    return {
        "held": held,
        "any_room": asked,
        "mine_let": let,
        "handed": handed,
        "wait_at": elsewhere,
        "wait_for": "-".join(str(part) for part in span),
        "wait_day": taken.day(elsewhere.building.zone),
    }


def _entered(office):
    """Somebody invited, whose hours the host entered; one of them is displaced."""
    invited = InvitedFactory(name=LONG_NAME)
    for day, state in ((3, OccurrenceState.BOOKED), (4, OccurrenceState.DISPLACED)):
        booking = BookingFactory(
            office=office,
            guest=invited,
            status=BookingStatus.CONFIRMED,
            source=BookingSource.HOST,
        )
        OccurrenceFactory(booking=booking, period=hours(1, 3, day=day), state=state)
    return invited


def _written(booking, confirmed):
    """Words of every kind, terms, a code that somebody has seen."""
    for about in (booking, confirmed):
        for author in (about.guest, about.office.hosts.get()):
            BookingMessage.objects.create(
                booking=about, author=author, text=f"{LONG_NAME}\n{'w' * 200} 🌿"
            )
        CodeView.objects.create(booking=about, viewer=about.guest)
    confirmed.terms = "No shoes.\n" + "Leave it as you found it. " * 20
    confirmed.save()
    far = confirmed.office
    far.directions, far.entry_code = "The blue door. " * 12, "4711#"
    far.save()


def _supervised(member, newcomer, office):
    """The member answers for a newcomer, whose booking waits for them; another asks to be supervised."""
    LicenceFactory(therapist=newcomer, kind=Term.objects.get(slug="amft"))
    SupervisionFactory(trainee=newcomer, supervisor=member, employer=LONG_NAME)
    SupervisionFactory(supervisor=member, accepted_at=None)
    booking = BookingFactory(
        office=office, guest=newcomer, status=BookingStatus.AWAITING, party=member
    )
    OccurrenceFactory(
        booking=booking, period=hours(14, 16, day=5), state=OccurrenceState.HELD
    )
    return booking


def furnish(office, host):
    """Every box ticked, two photos."""
    office.attributes.set(Term.objects.filter(kind__startswith="office_"))
    for number in (0, 1):
        file = BytesIO(picture(size=(400, 300 + number)))
        add_photo(office, by=host, file=file, alt="Two armchairs by a window")


def _calendars(member, office):
    """A link for the room's; of the member's own one that is read, one that is not, one that broke."""
    office.feed_token = "for-the-browser"
    office.save()
    now, later = hours(0, 1).lower, hours(900, 901).lower
    period = hours(6, 7)
    BusyCalendarFactory(
        therapist=member,
        name="Practice",
        busy=[(period.lower, period.upper)],
        good_at=now,
        check_at=later,
    )
    BusyCalendarFactory(therapist=member, name=LONG_NAME[:80])
    BusyCalendarFactory(
        therapist=member, name="Old", good_at=now, problem="gone", check_at=later
    )


def _reopened(member, other, fire):
    """A borrowed room whose guest proposes a sublet, another nobody spoke of, and a choice between two rooms."""
    until = timezone.now() + timedelta(days=7)
    lent = BookingFactory(
        office=OfficeFactory(hosts=[member]), guest=other, status="confirmed"
    )
    used = BookingFactory(
        office=OfficeFactory(hosts=[other], name=LONG_NAME),
        guest=member,
        status="confirmed",
    )
    own = BookingFactory(guest=member, status="confirmed")
    way = WayBack.objects.create(incident=fire, guest=member, answer_by=until)
    for day in (70, 77):
        for booking in (lent, used):
            OccurrenceFactory(booking=booking, period=hours(3, 5, day=day))
        way.occurrences.add(
            OccurrenceFactory(
                booking=own, period=hours(3, 5, day=day), state="displaced"
            )
        )
    first = timezone.localdate() + timedelta(days=60)
    BorrowedRoom.objects.create(booking=used, incident=fire, answer_by=until)
    proposed = BorrowedRoom.objects.create(
        booking=lent,
        incident=fire,
        answer_by=until,
        status="proposed",
        kind="sublet",
        proposed_by=other,
        version=1,
        first_date=first,
        last_date=first + timedelta(weeks=4),
        price_cents=1800,
        week=[[1, 1080, 1200]],
    )
    return {"way_back": way, "lent": proposed, "used": used.borrowed}


def _bad_day(member, other, office):
    """A fire in the member's building; their need with two offers of one hour and one of the rest; somebody's report not confirmed yet."""
    fire = IncidentFactory(
        scope__building=office.building, status=IncidentStatus.CONFIRMED
    )
    lost = [Span(1, 540, 780), Span(2, 1020, 1260), Span(0, 1080, 1110)]
    nice = [Span(4, 540, 720)]
    need = NeedFactory(therapist=member, incident=fire, spans=lost, nice=nice, people=8)
    OfferFactory(need=need, spans=[lost[0], *nice])
    OfferFactory(need=need, helper=other, spans=[lost[1]])
    OfferFactory(need=need, spans=[lost[1]])
    wave = WaveFactory(need=None, incident=fire)
    WaveRecipientFactory(wave=wave, recipient=other)
    return {
        **_reopened(member, other, fire),
        "fire": fire,
        "report": IncidentFactory(
            kind=IncidentKind.POWER,
            reported_by=member,
            scope__building=office.building,
        ),
        "need": need,
        "draft": NeedFactory(therapist=other, status=NeedStatus.DRAFT, spans=[]),
        "wave": wave,
        **_readiness(member, other, office),
    }


def _readiness(member, other, office):
    """A pledge that wants to be confirmed, one that rests; a drill over the member's building; a bad day long over."""
    past = IncidentFactory(
        status=IncidentStatus.OVER, decided_at=timezone.now(), summary=LONG_NAME
    )
    need = NeedFactory(incident=past, status=NeedStatus.CLOSED)
    helper = TherapistFactory(name=LONG_NAME, agrees_to_be_named=True)
    for person in (helper, other):
        OfferFactory(
            need=need, helper=person, status="accepted", decided_at=timezone.now()
        )
    pledge = PledgeFactory(
        therapist=member,
        office=office,
        confirmed_at=timezone.now() - timedelta(days=350),
    )
    PledgeFactory(
        therapist=member, office=OfficeFactory(hosts=[member], name=LONG_NAME)
    )
    drill = start_drill([office.building], by=ModeratorFactory(), days=14)
    run_drills()
    drill.refresh_from_db()
    return {"past": past, "pledge": pledge, "drill": drill}
