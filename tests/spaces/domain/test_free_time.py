"""What is free of every opening, against a slow and obvious recomputation of its own, whatever was done before."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from directory.errors import DomainError
from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free, verify_free
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    decline_booking,
    withdraw_booking,
)
from spaces.domain.changes import (
    change_from,
    end_from,
    move_date,
    readd_dates,
    skip_dates,
)
from spaces.domain.closure import close_office, reopen_office
from spaces.domain.opening import end_opening, post_hours
from spaces.domain.planning import plan_dates
from spaces.hours import Span
from spaces.models import Closure, Occurrence
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import OfficeFactory, OpeningFactory
from tests.periods import hours

pytestmark = pytest.mark.django_db

HALF_HOUR = timedelta(minutes=30)
OPENS, CLOSES = 600, 840  # no opening is earlier or later
WEEKS = 53  # how far ahead free time is kept
TAKING = {"booked", "held", "displaced"}


def half_hours(period):
    """Those that lie in it, or that it cuts."""
    moment = period.lower - (period.lower - hours(0, 1).lower) % HALF_HOUR
    while moment < period.upper:
        yield moment
        moment += HALF_HOUR


def told_of(office):
    """Every half hour to come between 10 and 14, by UTC, with the date and minutes that the office's clock shows."""
    zone = office.building.zone
    now = timezone.now()
    moment = now - (now - hours(0, 1).lower) % HALF_HOUR + HALF_HOUR
    told = []
    for _number in range((WEEKS * 7 - 1) * 48):
        local = moment.astimezone(zone)
        if OPENS <= local.hour * 60 + local.minute < CLOSES:
            told.append((moment, local.date(), local.hour * 60 + local.minute))
        moment += HALF_HOUR
    return told


def slowly(office, told):
    """Of every opening the half hours to come that nothing takes, asked one by one."""
    gone = set()
    for occurrence in Occurrence.objects.filter(office=office):
        if occurrence.state in TAKING:
            gone.update(half_hours(occurrence.period))
    for closure in Closure.objects.filter(office=office):
        gone.update(half_hours(closure.period))
    openings = list(office.openings.all())
    free = {opening.pk: [] for opening in openings}
    for moment, day, minute in told:
        for opening in openings:
            if (
                opening.weekday == day.weekday()
                and opening.start <= minute < opening.end
                and opening.first_date <= day
                and (opening.last_date is None or day <= opening.last_date)
                and moment not in gone
            ):
                free[opening.pk].append(moment)
    return free


def kept(office, told):
    """The same, as it is kept."""
    first, last = told[0][0], told[-1][0]
    return {
        opening.pk: [
            moment
            for period in opening.free
            for moment in half_hours(DateTimeTZRange(*period))
            if first <= moment <= last
        ]
        for opening in office.openings.all()
    }


# --- What can be done to an office -------------------------------------------------


class NothingError(Exception):
    """There is nothing that this could be done to."""


class Play:
    """One office, its host and two guests. ``number`` chooses, from the first to the last given."""

    def __init__(self, number):
        self.number = number
        self.done = Counter()
        self.host = TherapistFactory()
        self.guests = [TherapistFactory(), TherapistFactory()]
        self.office = OfficeFactory(hosts=[self.host])
        self.zone = self.office.building.zone
        self.today = timezone.now().astimezone(self.zone).date()
        for weekday in (1, 3):
            OpeningFactory(office=self.office, weekday=weekday, start=OPENS, end=CLOSES)
        refresh_free([self.office.pk])

    def one_of(self, some):
        if not some:
            raise NothingError
        return some[self.number(0, len(some) - 1)]

    def span(self):
        start = OPENS + 60 * self.number(0, 3)
        end = min(start + 60 * self.number(1, 3), CLOSES)
        return Span(self.one_of([1, 3]), start, end)

    def day(self):
        return self.today + timedelta(days=self.number(1, 60))

    def do(self, name):
        """What the rules refuse, or what there is nothing for, is not done; that is an answer too."""
        try:
            with transaction.atomic():
                getattr(self, name)()
        except (DomainError, NothingError):
            return
        self.done[name] += 1

    def booking(self, *statuses):
        found = [b for b in self.office.bookings.all() if b.status in statuses]
        return self.one_of(found)

    def date(self, *states):
        found = self.office.occurrences.filter(state__in=states).in_order()
        return self.one_of(list(found.select_related("booking")))

    # verbs

    def post(self):
        last = self.one_of([None, self.today + timedelta(days=40)])
        post_hours(
            self.office,
            by=self.host,
            spans=[self.span()],
            first_date=self.day(),
            last_date=last,
            price_cents=1000,
        )

    def end_hours(self):
        opening = self.one_of(list(self.office.openings.order_by("pk")))
        end_opening(opening, by=self.host, last_date=self.one_of([None, self.day()]))

    def close(self):
        start = 24 * self.number(0, 40)
        period = hours(start, start + self.one_of([12, 72]))
        close_office(self.office, by=self.host, periods=[period], reason="Holiday")

    def reopen(self):
        closure = self.one_of(list(self.office.closures.order_by("pk")))
        reopen_office(closure, by=self.host)

    def ask(self):
        guest, first = self.one_of(self.guests), self.day()
        planned = plan_dates(
            self.office,
            guest=guest,
            spans=[self.span()],
            first_date=first,
            last_date=first + timedelta(days=28),
        )
        free = [(item.day, item.span) for item in planned if item.is_free]
        request_booking(self.office, guest=guest, dates=free)

    def confirm(self):
        booking = self.booking("requested")
        dates = [date.pk for date in booking.occurrences.all()]
        only = self.one_of([None, dates[::2]])
        confirm_booking(booking, by=self.host, only=only)

    def refuse(self):
        booking = self.booking("requested")
        if self.one_of(["host", "guest"]) == "host":
            decline_booking(booking, by=self.host)
        else:
            withdraw_booking(booking, by=booking.guest)

    def cancel(self):
        booking = self.booking("confirmed")
        cancel_booking(booking, by=self.one_of([self.host, booking.guest]))

    def skip(self):
        """Soon enough it is skipped, else given back; the host's is a cancellation."""
        date = self.date("booked")
        by = self.one_of([self.host, date.booking.guest])
        skip_dates(date.booking, [date], by=by)

    def readd(self):
        date = self.date("skipped", "given_back")
        readd_dates(date.booking, [date], by=date.booking.guest)

    def move(self):
        date = self.date("booked")
        day, span = self.day(), self.span()
        while day.weekday() != span.weekday:
            day += timedelta(days=1)
        move_date(date, to=(day, span), by=date.booking.guest)

    def change(self):
        booking = self.booking("confirmed")
        change_from(booking, self.day(), spans=[self.span()], by=booking.guest)

    def end(self):
        booking = self.booking("confirmed")
        end_from(booking, self.day(), by=booking.guest)


GIVES = ["post", "ask", "confirm"]  # often, so that there is something for the others
TAKES = [
    "end_hours",
    "close",
    "reopen",
    "refuse",
    "cancel",
    "skip",
    "readd",
    "move",
    "change",
    "end",
]
verbs = st.one_of(st.sampled_from(GIVES), st.sampled_from(TAKES))


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a short list as it is
)
@given(data=st.data(), then=st.lists(verbs, min_size=4, max_size=10))
def test_free_time_is_what_a_recomputation_says_whatever_was_done(data, then):
    play = Play(lambda first, last: data.draw(st.integers(first, last)))
    told = list(told_of(play.office))

    for name in ["ask", "confirm", *then]:
        play.do(name)

        assert kept(play.office, told) == slowly(play.office, told)


def test_every_verb_of_the_play_can_be_done():
    """Or the test above would prove less than it says."""
    play = Play(max)
    for name in ["ask", "refuse", "ask", "confirm", "skip", "readd"]:
        play.do(name)
    play.number = min
    for name in ["move", "change", "post", "close", "reopen"]:
        play.do(name)
    for name in ["end", "cancel", "end_hours"]:
        play.do(name)

    assert {*GIVES, *TAKES} - set(play.done) == set()


def test_hours_that_run_while_free_time_is_verified_are_no_difference():
    office = OfficeFactory()
    for weekday in range(7):
        OpeningFactory(office=office, weekday=weekday, start=0, end=1440)
    refresh_free([office.pk])

    assert verify_free([office.pk]) == []
