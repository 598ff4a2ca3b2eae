from celery import shared_task

from spaces.domain import (
    allotting,
    availability,
    booking,
    busy,
    drill,
    freshness,
    hand_on,
    incident,
    loan,
    need,
    offer,
    pledge,
    proposal,
    saved_search,
    unused,
    waitlist,
    wave,
    way_back,
)
from spaces.domain.borrowed import answering

# --- Exchange: bookings and free hours --------------------------------------------


@shared_task
def expire_bookings() -> None:
    booking.expire_bookings()
    proposal.lapse_proposals()


@shared_task
def settle_waitlists() -> None:
    waitlist.settle_waitlists()
    hand_on.lapse_hand_ons()


@shared_task
def end_bookings() -> None:
    unused.end_unkept()
    booking.end_bookings()


@shared_task
def look_at_searches() -> None:
    saved_search.look_at_searches()


@shared_task
def roll_availability() -> None:
    availability.verify_every_office()


@shared_task
def remind_of_hours() -> None:
    freshness.remind_of_hours()
    pledge.remind_of_pledges()


@shared_task
def read_due_calendars() -> None:
    for pk in busy.due_calendars():
        read_calendar.apply_async((pk,), expires=300)


@shared_task
def read_calendar(pk: int) -> None:
    busy.read_calendar(pk)


# --- Emergency: incidents, needs, waves -------------------------------------------


@shared_task
def advance_waves() -> None:
    wave.advance_waves()


@shared_task
def watch_incidents() -> None:
    incident.watch_incidents()
    way_back.lapse_ways_back()
    answering.lapse_borrowed()


@shared_task
def settle_needs() -> None:
    need.settle_needs()
    offer.lapse_emptied()
    allotting.pass_on_offers()


@shared_task
def settle_loans() -> None:
    loan.settle_loans()


@shared_task(time_limit=540)
def run_drills() -> None:
    drill.run_drills()
