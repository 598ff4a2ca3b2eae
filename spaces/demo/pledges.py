"""What some hosts would lend on a bad day, said ahead of it; one of the demo host's pledges wants to be confirmed."""

from datetime import timedelta

from django.utils import timezone

from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.stretches import SAT, THU, TUE
from spaces.domain.pledge import make_pledge
from spaces.hours import Span
from spaces.models import Pledge

EVENINGS = [Span(TUE, 17 * 60, 20 * 60), Span(THU, 17 * 60, 20 * 60)]
SATURDAY = [Span(SAT, 9 * 60, 13 * 60)]
EVERY = 6  # of the other rooms
LONG_AGO = timedelta(days=341)


def pledge_hours(people: People, places: Places) -> None:
    rooms = [(room, places.hosts[room.pk][0]) for room in places.others[::EVERY]]
    for number, (room, host) in enumerate(rooms):
        make_pledge(
            room,
            by=host,
            spans=EVENINGS if number % 2 else SATURDAY,
            weeks=2 + number % 3,
            radius_metres=5000 + 1000 * (number % 4),
            price_cents=0 if number % 3 else 1000,
            joins_drills=number % 3 == 0,
        )
    for room, spans in ((places.lantern, EVENINGS), (places.quiet, SATURDAY)):
        make_pledge(
            room,
            by=people.host,
            spans=spans,
            weeks=2,
            radius_metres=5000,
            joins_drills=True,
        )
    Pledge.objects.filter(office=places.quiet).update(
        confirmed_at=timezone.now() - LONG_AGO
    )
