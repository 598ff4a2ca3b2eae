from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery
from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free
from spaces.domain.booking import confirm_booking
from spaces.enums import BookingStatus, OccurrenceState
from spaces.hours import Span, local_period
from spaces.models import Booking
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours
from tests.spaces.rooms import asked, close, open_office, thursday

pytestmark = pytest.mark.django_db


def ask_url(office):
    return reverse("spaces:booking_request", args=[office.pk])


def dates_of(response):
    return [date.value for date in response.context["dates"] if date.is_open]


def request_for(office, guest, weeks=2):
    span = Span(3, 1080, 1260)
    return request_booking(
        office,
        guest=guest,
        dates=[(thursday() + timedelta(weeks=week), span) for week in range(weeks)],
    )


# --- Asking --------------------------------------------------------------------


def test_asking_begins_with_the_pattern(client, therapist):
    response = client.get(ask_url(open_office()))

    assert response.context["dates"] == []
    assert "Show me each date" in response.content.decode()


def test_asking_lists_each_date_and_sends_those_ticked(client, therapist):
    office = open_office()

    response = client.get(ask_url(office), asked(weeks=26))
    dates = dates_of(response)
    assert len(dates) == 26
    response = client.post(
        f"{ask_url(office)}?{response.context['query']}",
        {"dates": dates[:3], "people": "2", "message": "Hello"},
    )

    booking = Booking.objects.get()
    assert response.url == booking.get_absolute_url()
    assert (booking.guest, booking.message, booking.occurrences.count()) == (
        therapist,
        "Hello",
        3,
    )


def test_asking_for_one_date(client, therapist):
    office = open_office()

    response = client.get(
        ask_url(office), {"hours": "3-1080-1260", "first_date": thursday().isoformat()}
    )

    assert len(dates_of(response)) == 1


def test_asking_for_up_to_53_weeks(client, therapist):
    response = client.get(ask_url(open_office()), asked(weeks=53))

    assert len(dates_of(response)) in (
        52,
        53,
    )  # a year from today, the first day not before tomorrow


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ({"weeks": "0"}, "weeks", "between 1 week and 53 weeks"),
        ({"weeks": "400"}, "weeks", "between 1 week and 53 weeks"),
        ({"first_date": "2020-01-01"}, "first_date", "That is in the past."),
        ({"until": "2020-01-01"}, "until", "The end must not be before the start."),
        ({"hours": "3-1260-1080"}, "hours", "The end has to come after the start"),
        ({"first_date": ""}, "first_date", "From which date on?"),
    ],
)
def test_asking_says_beside_the_field_what_is_wrong(
    client, therapist, query, name, words
):
    response = client.get(ask_url(open_office()), {**asked(), **query})

    assert words in " ".join(response.context["pattern"].errors[name])
    assert words in response.content.decode()


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ([], "Tick at least one date."),
        (["rubbish"], "One of these dates is not a date we can read."),
        (["2026-13-40-0-60"], "One of these dates is not a date we can read."),
        (["2026-12-03-1260-1080"], "One of these dates is not a date we can read."),
        (["2020-01-02-1080-1260"], "These dates are past."),
        (["9999-12-31-1080-1260"], "up to 53 weeks ahead"),
    ],
)
def test_asking_for_impossible_dates_is_answered_kindly(
    client, therapist, dates, words
):
    office = open_office()
    query = client.get(ask_url(office), asked()).context["query"]

    response = client.post(
        f"{ask_url(office)}?{query}", {"dates": dates, "people": "2"}
    )

    assert response.status_code == 200
    assert words.lower() in response.content.decode().lower()
    assert not Booking.objects.exists()


def test_asking_for_more_people_than_the_room_seats(client, therapist):
    office = open_office(capacity=3)
    response = client.get(ask_url(office), asked())

    response = client.post(
        f"{ask_url(office)}?{response.context['query']}",
        {"dates": dates_of(response), "people": "9"},
    )

    assert "This room seats 3." in response.content.decode()


def test_a_date_taken_meanwhile_is_named_and_the_other_ticks_are_kept(
    client, therapist
):
    office = open_office()
    response = client.get(ask_url(office), asked())
    query, dates = response.context["query"], dates_of(response)
    close(office, "Painters")

    response = client.post(
        f"{ask_url(office)}?{query}", {"dates": dates[:3], "people": "2"}
    )

    assert "Not to be had any more" in response.content.decode()
    shown = response.context["dates"]
    assert [(date.is_open, date.is_ticked) for date in shown] == [
        (False, True),
        (True, True),
        (True, True),
        (True, False),
    ]
    assert not Booking.objects.exists()


def test_asking_swaps_in_the_dates_alone(client, therapist):
    response = client.get(ask_url(open_office()), asked(), HTTP_HX_REQUEST="true")

    assert "<html" not in response.content.decode()
    assert 'id="dates"' in response.content.decode()


def test_hosts_cannot_ask_for_their_own_room(client, therapist):
    assert client.get(ask_url(open_office(hosts=[therapist]))).status_code == 404


# --- Another time for a date ------------------------------------------------------


def with_time(response, number, starts, ends, **more):
    """The form as a browser sends it, with other hours typed beside one of its dates."""
    rows = response.context["dates"]
    data = {
        "dates": [row.value for row in rows if row.is_open and row.is_ticked],
        "people": "2",
        **{f"from-{row.key}": row.starts for row in rows},
        **{f"to-{row.key}": row.ends for row in rows},
        **{f"was-{row.key}": row.value for row in rows if row.is_other},
        **more,
    }
    key = rows[number].key
    return data | {f"from-{key}": starts, f"to-{key}": ends}


def ask_for(client, office, data):
    return client.post(f"{ask_url(office)}?{urlencode(asked(weeks=3))}", data)


def test_another_time_is_shown_with_its_price_and_only_then_sent(client, therapist):
    office = open_office()
    first = client.get(ask_url(office), asked(weeks=3))

    looked = ask_for(client, office, with_time(first, 1, "17:00", "19:00"))
    assert not Booking.objects.exists()
    row = looked.context["dates"][1]
    assert (row.hours, row.cents, row.is_ticked) == ("17:00–19:00", 3600, True)
    assert "Not sent yet" in looked.content.decode()
    ask_for(client, office, with_time(looked, 1, "17:00", "19:00"))

    dates = Booking.objects.get().occurrences.all()
    assert [date.price_cents for date in dates] == [5400, 3600, 5400]
    assert dates[1].span(office.building.zone) == Span(3, 1020, 1140)


def test_a_time_for_a_date_that_was_taken(client, therapist):
    office = open_office()
    OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"),
        period=local_period(thursday(), 1080, 1140, office.building.zone),
    )
    refresh_free([office.pk])
    first = client.get(ask_url(office), asked(weeks=3))
    assert first.context["dates"][0].note == "Taken 18:00–19:00"

    looked = ask_for(client, office, with_time(first, 0, "19:00", "21:00"))
    ask_for(client, office, with_time(looked, 0, "19:00", "21:00"))

    assert Booking.objects.get(guest=therapist).occurrences.count() == 3


def test_a_time_that_is_not_to_be_had_is_said_and_the_rest_can_be_sent(
    client, therapist, subtests
):
    office = open_office()
    first = client.get(ask_url(office), asked(weeks=3))
    cases = [
        ("20:00", "18:00", "The end has to come after the start"),
        ("18:10", "20:00", "Type a full or half hour"),
        ("x", "20:00", "Type a full or half hour"),
        ("", "20:00", "From when until when?"),
        ("10:00", "12:00", "Not offered then"),
        ("17:00", "17:30", "At least 1 hour at a time"),
    ]
    for starts, ends, words in cases:
        with subtests.test(f"{starts}–{ends}"), transaction.atomic():
            looked = ask_for(client, office, with_time(first, 1, starts, ends))
            assert words in looked.context["dates"][1].note
            assert not looked.context["dates"][1].is_open
            ask_for(client, office, with_time(looked, 1, starts, ends))

            assert Booking.objects.get().occurrences.count() == 2
            transaction.set_rollback(True)


def test_looking_at_a_time_sends_nothing(client, therapist):
    office = open_office()
    first = client.get(ask_url(office), asked(weeks=3))
    data = with_time(first, 1, *("18:00", "21:00"), look="1")

    assert ask_for(client, office, data).status_code == 200
    assert not Booking.objects.exists()


def test_times_that_overlap_are_refused(client, therapist):
    office = open_office()
    day = thursday().isoformat()

    response = ask_for(
        client,
        office,
        {"dates": [f"{day}-1080-1200", f"{day}-1140-1260"], "people": "2"},
    )

    assert "overlap" in response.content.decode()
    assert not Booking.objects.exists()


def test_until_when_an_answer_is_expected_is_said_before(client, therapist):
    response = client.get(ask_url(open_office()), asked())

    assert "or the request lapses" in response.content.decode()
    assert response.context["answer_by"] > timezone.now()


# --- Lists ---------------------------------------------------------------------


def test_bookings_are_listed_by_what_is_to_be_done(client, therapist):
    own = OfficeFactory(hosts=[therapist])
    made = {
        "to_answer": BookingFactory(office=own),
        "asked": BookingFactory(guest=therapist),
        "confirmed": BookingFactory(guest=therapist, status="confirmed"),
        "past": BookingFactory(office=own, status="declined"),
    }
    for booking in made.values():
        OccurrenceFactory(booking=booking)
    BookingFactory()

    response = client.get(reverse("spaces:booking_list"))

    for name, booking in made.items():
        assert [line["booking"] for line in response.context[name]] == [booking]


def test_what_has_to_be_answered_first_is_first(client, therapist):
    office = OfficeFactory(hosts=[therapist])
    later, sooner = (
        BookingFactory(office=office, answer_by=hours(0, 1, day=day).lower)
        for day in (3, 1)
    )

    response = client.get(reverse("spaces:booking_list"))

    lines = response.context["to_answer"]
    assert [line["booking"] for line in lines] == [sooner, later]


def test_bookings_of_nobody_say_what_to_do(client, therapist):
    assert (
        "Nothing is booked."
        in client.get(reverse("spaces:booking_list")).content.decode()
    )


def test_past_bookings_are_paged_and_swapped_in(client, therapist):
    BookingFactory.create_batch(21, guest=therapist, status="ended")

    response = client.get(
        reverse("spaces:booking_list"), {"page": 2}, HTTP_HX_REQUEST="true"
    )

    assert len(response.context["past"]) == 1
    assert "<html" not in response.content.decode()


@pytest.mark.parametrize("item_count", [1, 3])
def test_booking_list_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    for status in ("requested", "confirmed", "ended"):
        for number in range(item_count):
            booking = BookingFactory(guest=therapist, status=status)
            OccurrenceFactory.create_batch(
                2, booking=booking, state=OccurrenceState.LOST
            )
            OccurrenceFactory(booking=booking, period=hours(number, number + 1))
    client.get(reverse("spaces:booking_list"))

    with django_assert_num_queries(15):
        client.get(reverse("spaces:booking_list"))


# --- One booking ----------------------------------------------------------------


@pytest.fixture
def room():
    return open_office(
        hosts=[TherapistFactory(name="Mara Ellison")],
        suite="Suite 7B",
        entry_code="4711#",
        alarm="Press the star",
        directions="Ring at the blue door.",
    )


SECRETS = ["4711#", "Press the star"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_booking_is_hidden_from_outsiders(client, therapist, method):
    booking = BookingFactory()
    url = (
        booking.get_absolute_url()
        if method == "get"
        else reverse("spaces:booking_answer", args=[booking.pk, "confirmed"])
    )

    assert getattr(client, method)(url).status_code == 404
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


def test_address_is_kept_until_confirmed(client, therapist, room):
    booking = request_for(room, therapist)

    text = client.get(booking.get_absolute_url()).content.decode()

    for kept in [*SECRETS, room.building.street, "Suite 7B", "Ring at the blue door."]:
        assert kept not in text
    assert "Withdraw the request" in text


def test_guest_reads_address_and_directions_once_confirmed(client, therapist, room):
    booking = BookingFactory(office=room, guest=therapist, status="confirmed")
    OccurrenceFactory(booking=booking, period=hours(9, 10, day=5))

    text = client.get(booking.get_absolute_url()).content.decode()

    for told in [room.building.street, "Suite 7B", "Ring at the blue door."]:
        assert told in text
    for kept in SECRETS:
        assert kept not in text
    assert "shown here from 24 hours before each date" in text


@pytest.mark.parametrize(
    ("begins", "state", "status", "is_shown"),
    [
        (timedelta(hours=25), "booked", "confirmed", False),
        (timedelta(hours=23), "booked", "confirmed", True),
        (timedelta(minutes=-30), "booked", "confirmed", True),
        (timedelta(hours=-2), "booked", "confirmed", False),
        (timedelta(hours=23), "displaced", "confirmed", False),
        (timedelta(hours=23), "cancelled", "cancelled", False),
        (timedelta(hours=23), "asked", "requested", False),
    ],
)
def test_entry_code_follows_a_day_before(
    client, therapist, room, begins, state, status, is_shown
):
    booking = BookingFactory(office=room, guest=therapist, status=status)
    lower = timezone.now() + begins
    OccurrenceFactory(
        booking=booking,
        state=state,
        period=DateTimeTZRange(lower, lower + timedelta(hours=1)),
    )

    text = client.get(booking.get_absolute_url()).content.decode()

    for secret in SECRETS:
        assert (secret in text) == is_shown


@pytest.mark.parametrize("status", ["declined", "withdrawn", "expired", "cancelled"])
def test_address_is_gone_with_the_booking(client, therapist, room, status):
    booking = BookingFactory(office=room, guest=therapist, status=status)
    OccurrenceFactory(booking=booking)

    assert (
        room.building.street
        not in client.get(booking.get_absolute_url()).content.decode()
    )


def test_host_sees_who_asks_when_and_how_many_rivals(client, room):
    guest = TherapistFactory(name="Joel Okafor")
    booking = request_for(room, guest)
    request_for(room, TherapistFactory())
    client.force_login(room.hosts.get().user)

    response = client.get(booking.get_absolute_url())

    text = response.content.decode()
    assert "Joel Okafor asks for" in text
    assert "1 other colleague asked for some of these hours." in text
    assert [str(status) for status in response.context["answers"]] == [
        "confirmed",
        "declined",
    ]


def test_host_confirms_and_rivals_are_told(client, room):
    guest, rival = TherapistFactory(), TherapistFactory()
    booking, lost = request_for(room, guest), request_for(room, rival)
    client.force_login(room.hosts.get().user)

    response = client.post(
        reverse("spaces:booking_answer", args=[booking.pk, "confirmed"]), follow=True
    )

    assert (
        "Confirmed. You both get a mail with a calendar file."
        in response.content.decode()
    )
    assert list(
        Delivery.objects.filter(kind="booking_lost").values_list("recipient", flat=True)
    ) == [rival.pk]
    lost.refresh_from_db()
    assert lost.status == BookingStatus.DECLINED


def test_host_accepts_all_but_one_date(client, room):
    booking = request_for(room, TherapistFactory(), weeks=3)
    kept = [date.pk for date in booking.occurrences.all()[:2]]
    client.force_login(room.hosts.get().user)
    answer = reverse("spaces:booking_answer", args=[booking.pk, "confirmed"])

    client.post(answer, {"some": "1", "only": ["x", *kept]})
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert [d.state for d in booking.occurrences.all()] == ["booked"] * 2 + ["declined"]
    assert "without Thu" in client.get(booking.get_absolute_url()).content.decode()


def test_accepting_no_date_at_all_is_asked_back(client, room):
    booking = request_for(room, TherapistFactory(), weeks=2)
    client.force_login(room.hosts.get().user)
    answer = reverse("spaces:booking_answer", args=[booking.pk, "confirmed"])

    response = client.post(answer, {"some": "1"}, follow=True)

    assert "Choose at least one date, or decline." in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


def test_what_the_table_forbids_is_said(client, therapist, room):
    booking = request_for(room, therapist)

    response = client.post(
        reverse("spaces:booking_answer", args=[booking.pk, "confirmed"]), follow=True
    )

    assert "it cannot become “Confirmed”" in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


@pytest.mark.parametrize("status", ["ended", "expired", "nonsense"])
def test_no_door_leads_to_other_statuses(client, therapist, room, status):
    booking = request_for(room, therapist)

    assert (
        client.post(
            reverse("spaces:booking_answer", args=[booking.pk, status])
        ).status_code
        == 404
    )


def test_decline_keeps_the_word_that_goes_with_it(client, room):
    booking = request_for(room, TherapistFactory())
    client.force_login(room.hosts.get().user)

    client.post(
        reverse("spaces:booking_answer", args=[booking.pk, "declined"]),
        {"note": "Painters that week."},
    )

    assert booking.events.last().note == "Painters that week."
    assert (
        "Painters that week." in client.get(booking.get_absolute_url()).content.decode()
    )


@pytest.mark.parametrize("note", ["Painters. " * 60, "Pain\0ters"])
def test_a_word_that_cannot_be_kept_comes_back_and_nothing_is_answered(
    client, room, note
):
    booking = request_for(room, TherapistFactory())
    client.force_login(room.hosts.get().user)

    response = client.post(
        reverse("spaces:booking_answer", args=[booking.pk, "declined"]), {"note": note}
    )

    assert response.context["answer_form"].errors["note"]
    assert note.strip() in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == "requested"


def test_an_answer_changes_nothing_on_get(client, therapist, room):
    booking = request_for(room, therapist)

    assert (
        client.get(
            reverse("spaces:booking_answer", args=[booking.pk, "withdrawn"])
        ).status_code
        == 405
    )


@pytest.mark.parametrize("item_count", [1, 3])
def test_booking_query_count_is_constant(
    client, therapist, django_assert_num_queries, room, item_count
):
    booking = BookingFactory(office=room, guest=therapist)
    for number in range(item_count):
        OccurrenceFactory(booking=booking, period=hours(number, number + 1))
    client.get(booking.get_absolute_url())

    with django_assert_num_queries(14):
        client.get(booking.get_absolute_url())


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_guest_leaves_dates_out_of_what_nobody_answered_yet(
    client, therapist, is_approved
):
    """Confirmed, they are to be taken up again; not where somebody approved what was left."""
    office = open_office()
    booking = request_for(office, therapist)
    if is_approved:
        Booking.objects.update(party=TherapistFactory(), approved_at=timezone.now())
    first, second = booking.occurrences.in_order()
    url = reverse("spaces:dates_leave_out", args=[booking.pk])
    page = client.get(booking.get_absolute_url())
    assert page.context["asked_dates"] == [first, second]
    client.post(url, {"dates": [first.pk, second.pk]})  # that is withdrawing
    client.post(url, {})
    assert not booking.events.filter(change="skipped").exists()

    client.post(url, {"dates": [first.pk]})

    states = booking.occurrences.in_order().values_list("state", flat=True)
    assert list(states) == ["declined" if is_approved else "skipped", "asked"]
    host = office.hosts.get()
    assert Delivery.objects.filter(kind="booking_changed", recipient=host).count() == 1
    assert not client.get(booking.get_absolute_url()).context["asked_dates"]
    confirm_booking(booking, by=host)
    client.post(reverse("spaces:dates_readd", args=[booking.pk]), {"dates": first.pk})
    assert list(states.all()) == ["declined" if is_approved else "booked", "booked"]


def test_only_who_asked_leaves_dates_out(client, therapist):
    booking = request_for(open_office(hosts=[therapist]), TherapistFactory())
    first = booking.occurrences.in_order()[0]

    url = reverse("spaces:dates_leave_out", args=[booking.pk])
    client.post(url, {"dates": [first.pk]})

    first.refresh_from_db()
    assert first.state == "asked"
