"""What is asked, entered and written through the front door, once the weeks are there."""

from datetime import date, timedelta

from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.stretches import FRI, SAT, TUE, S, at
from spaces.demo.words import MESSAGES, WORDS
from spaces.domain.asking import request_booking
from spaces.domain.booking import confirm_booking
from spaces.domain.changes import STANDING, dates_to_come, readd_dates, skip_dates
from spaces.domain.host_entry import enter_for, plan_entry
from spaces.domain.message import write_message
from spaces.domain.planning import plan_dates
from spaces.models import Booking


def ask_and_answer(people: People, places: Places, today: date) -> None:
    _two_open_requests(people, places, today)
    _a_date_skipped(people)
    _entered_by_the_institute(people, places, today)
    _approval_to_give(people, places, today)
    _conversations(people, places)


def _two_open_requests(people: People, places: Places, today: date) -> None:
    """Rivals for an hour on Tuesdays; asked through the front door, so the host is mailed."""
    quiet = places.quiet
    first = today + timedelta(days=3)
    for guest, span, weeks in (
        (people.others[0], at(TUE, 9, 12), 10),
        (people.others[1], at(TUE, 11, 13), 8),
    ):
        planned = plan_dates(
            quiet,
            guest=guest,
            spans=[span],
            first_date=first,
            last_date=first + timedelta(weeks=weeks),
        )
        dates = [(item.day, item.span) for item in planned if item.is_free]
        request_booking(quiet, guest=guest, dates=dates, message=MESSAGES[0])


def _a_date_skipped(people: People) -> None:
    """In a room of the host one can be: a guest is away twice, and in one of these weeks after all not."""
    running = Booking.objects.filter(
        status=S.CONFIRMED, office__hosts=people.host
    ).with_dates()
    for booking in running.order_by("pk"):
        dates = [d for d in dates_to_come(booking) if d.state in STANDING]
        if len(dates) > 4 and booking.guest.is_member:
            skip_dates(booking, dates[2:4], by=booking.guest)
            readd_dates(booking, dates[3:4], by=booking.guest)
            return


def _entered_by_the_institute(people: People, places: Places, today: date) -> None:
    """An arrangement from before, with somebody who is no member: one invitation goes out."""
    room = places.institute[7]
    first = today + timedelta(days=(SAT - today.weekday()) % 7 or 7)
    planned = plan_entry(
        room,
        spans=[at(SAT, 9, 12)],
        first_date=first,
        last_date=first + timedelta(weeks=25),
        price_cents=1000,
    )
    enter_for(
        room,
        guest=people.invited,
        dates=[(item.day, item.span) for item in planned if item.is_free],
        price_cents=1000,
        by=people.institute[0],
    )


def _approval_to_give(people: People, places: Places, today: date) -> None:
    """The institute said yes to an associate; the moderator one can be answers for them."""
    room, associate = places.institute[3], people.associate
    first = today + timedelta(days=4)
    for span in (at(day, 9, 12) for day in range(FRI + 1)):
        planned = plan_dates(
            room,
            guest=associate,
            spans=[span],
            first_date=first,
            last_date=first + timedelta(weeks=6),
        )
        if dates := [(item.day, item.span) for item in planned if item.is_free]:
            break
    booking = request_booking(room, guest=associate, dates=dates)
    booking = confirm_booking(booking, by=room.hosts.all()[0])
    for author, text in (
        (associate, WORDS[0]),
        (room.hosts.all()[0], WORDS[1]),
    ):
        write_message(booking, text=text, by=author)


def _conversations(people: People, places: Places) -> None:
    """Between the host one can be and the first who asks for her room."""
    booking = Booking.objects.filter(office=places.quiet, status=S.REQUESTED).order_by(
        "pk"
    )[0]
    for author, text in (
        (booking.guest, WORDS[2]),
        (people.host, WORDS[3]),
    ):
        write_message(booking, text=text, by=author)
