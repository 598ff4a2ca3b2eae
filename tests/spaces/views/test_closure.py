from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery
from directory.registry import message_kind
from spaces import hours
from spaces.domain.availability import verify_free
from spaces.models import Closure, Occurrence
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, ClosureFactory, OccurrenceFactory
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def office(therapist):
    return open_office(hosts=[therapist])


def evening(week=0, start=18, end=20):
    """Of one of the next Thursdays, in the room's time."""
    day = thursday() + timedelta(weeks=week)
    return hours.local_period(day, start * 60, end * 60, ZONE)


def booked(office, *periods, status="confirmed", name="Joel Okafor", **fields):
    booking = BookingFactory(
        office=office, guest=TherapistFactory(name=name), status=status
    )
    for period in periods:
        OccurrenceFactory(booking=booking, period=period, **fields)
    return booking


def shut(client, office, weeks=2, **change):
    """From the first Thursday on."""
    return client.post(
        reverse("spaces:closure_new", args=[office.pk]),
        {
            "first_date": thursday().isoformat(),
            "last_date": (thursday() + timedelta(weeks=weeks)).isoformat(),
            "reason": "Painters",
            **change,
        },
    )


def test_closure_shows_what_it_touches_before_it_is_saved(client, office):
    booked(office, evening(0), evening(1), evening(6))
    booked(office, evening(2, 17, 18), status="requested", name="Rita Asker")
    booked(office, evening(1, 20, 21), status="awaiting", name="Hal Held", state="held")

    response = shut(client, office)

    text = response.content.decode()
    touched = response.context["touched"]
    assert [len(touched.booked), len(touched.held), len(touched.asked)] == [2, 1, 1]
    assert "2 dates are booked then" in text
    assert "Joel Okafor" in text
    assert "18:00–20:00" in text
    assert "Rita Asker" in text
    assert "Hal Held" in text
    assert not Closure.objects.exists()
    assert not Delivery.objects.exists()


def test_closure_leaves_booked_dates_standing_unless_the_host_says_otherwise(
    client, office
):
    """What is held is held no longer in either case: nobody could have it."""
    booking = booked(office, evening(0), evening(6))
    hal = booked(office, evening(1, 20, 21), status="awaiting", state="held")
    seen = shut(client, office).context["touched"].seen

    response = shut(client, office, seen=seen)

    assert response.url == office.get_absolute_url()
    assert Closure.objects.count() == 1
    assert {date.state for date in booking.occurrences.all()} == {"booked"}
    assert {date.state for date in hal.occurrences.all()} == {"released"}
    [row] = Delivery.objects.all()
    assert (row.kind, row.recipient) == ("booking_declined", hal.guest)
    mail = message_kind(row.kind).render([row])[row.pk]
    assert "20:00–21:00" in mail.subject
    assert (
        "“Closed: Painters. Open again, the hours can be asked for anew.”" in mail.text
    )
    assert not verify_free([office.pk])


def test_closure_calls_dates_off_and_tells_each_guest_once(
    client, office, mailoutbox, django_capture_on_commit_callbacks
):
    joel = booked(office, evening(0), evening(1), evening(6))
    rita = booked(office, evening(0, 17, 18), status="requested", name="Rita Asker")
    hal = booked(office, evening(1, 20, 21), status="awaiting", state="held")
    ida = booked(
        office, evening(2, 20, 21), evening(7), status="awaiting", state="held"
    )
    seen = shut(client, office).context["touched"].seen

    with django_capture_on_commit_callbacks(execute=True):
        response = shut(client, office, seen=seen, cancels="on")

    assert response.status_code == 302
    states = [
        list(b.occurrences.values_list("state", flat=True))
        for b in (joel, rita, hal, ida)
    ]
    assert states[:2] == [["cancelled", "cancelled", "booked"], ["asked"]]
    assert states[2:] == [["released"], ["released", "held"]]
    hal.refresh_from_db()
    assert hal.status == "declined"
    assert not Occurrence.objects.filter(is_due=True).exists()
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(
        person.guest.user.email for person in (joel, hal, ida)
    )
    [mail] = [mail for mail in mailoutbox if mail.to == [joel.guest.user.email]]
    assert "called off by the host, nothing is due" in mail.body
    assert "Painters" in mail.body
    assert not verify_free([office.pk])


def test_closure_asks_again_when_somebody_was_confirmed_in_between(client, office):
    booked(office, evening(0))
    seen = shut(client, office).context["touched"].seen
    booked(office, evening(1), name="Late Larry")

    response = shut(client, office, seen=seen, cancels="on")

    assert "Late Larry" in response.content.decode()
    assert not Closure.objects.exists()


def test_hours_within_days_are_closed_each_day_and_opened_together(client, office):
    response = shut(client, office, weeks=1, start=str(18 * 60), end=str(20 * 60))

    assert response.status_code == 302
    assert Closure.objects.count() == 8
    assert [hours.span_of(c.period, ZONE)[1:] for c in Closure.objects.all()] == [
        (1080, 1200)
    ] * 8
    opening = office.openings.get()
    assert (evening(0, 17, 18).lower, evening(0, 17, 18).upper) in opening.free
    assert not verify_free([office.pk])
    page = client.get(office.get_absolute_url()).content.decode()
    assert page.count("<strong>Closed:</strong> Painters") == 1
    assert "each day 18:00–20:00" in page

    client.post(reverse("spaces:closure_end", args=[Closure.objects.first().pk]))

    assert not Closure.objects.exists()
    assert not verify_free([office.pk])


def test_opening_one_closure_leaves_others_of_the_same_name(client, office):
    first = ClosureFactory(office=office, reason="Holiday", period=evening(0))
    other = ClosureFactory(office=office, reason="Holiday", period=evening(5))

    client.post(reverse("spaces:closure_end", args=[first.pk]))

    assert list(Closure.objects.all()) == [other]


def changes():
    """The next two days on which the clocks there change: to summer time, and back."""
    today = timezone.localdate()
    days = [today + timedelta(days=number) for number in range(1, 370)]
    length = {
        day: hours.instant(day + timedelta(days=1), 0, ZONE)
        - hours.instant(day, 0, ZONE)
        for day in days
    }
    return (
        next(day for day in days if length[day] == timedelta(hours=23)),
        next(day for day in days if length[day] == timedelta(hours=25)),
    )


def test_closure_where_the_clocks_change(client, office):
    spring, autumn = changes()

    def close_on(day, start, end):
        return shut(
            client,
            office,
            first_date=day.isoformat(),
            last_date=day.isoformat(),
            start=str(start),
            end=str(end),
        )

    response = close_on(spring, 120, 180)  # 02:00–03:00 is not there
    assert "clocks change and skip these hours" in response.content.decode()
    close_on(autumn, 60, 120)  # 01:00–02:00 is there twice: the first is meant
    closure = Closure.objects.get()
    assert closure.period.upper - closure.period.lower == timedelta(hours=1)
    assert closure.period == DateTimeTZRange(
        hours.instant(autumn, 60, ZONE),
        hours.instant(autumn, 60, ZONE) + timedelta(hours=1),
    )


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"start": "1200", "end": "480"}, "end", "close until 24:00 and the next day"),
        ({"start": "17"}, "start", "Choose one of these."),
        ({"reason": ""}, "reason", "A word why"),
        ({"first_date": "2027-02-29"}, "first_date", "not a date we can read"),
        ({"last_date": ""}, "last_date", "Until when?"),
    ],
)
def test_closure_says_kindly_what_is_wrong(client, office, change, name, words):
    response = shut(client, office, **change)

    assert words in " ".join(response.context["form"].errors[name])
    assert not Closure.objects.exists()


def test_closure_reaches_53_weeks_and_no_day_further(client, office):
    today = timezone.now().astimezone(ZONE).date()

    def until(day: date):
        return shut(client, office, last_date=day.isoformat(), start="480", end="540")

    assert until(today + timedelta(weeks=53, days=1)).status_code == 200
    assert until(today + timedelta(weeks=53)).status_code == 302
