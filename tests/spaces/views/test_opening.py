from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces import hours
from spaces.domain.availability import verify_free
from spaces.domain.booking import confirm_booking
from spaces.domain.freshness import remind_of_hours
from spaces.models import Opening
from spaces.notifications.hours import true_path
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.spaces.rooms import open_office, soon, thursday

pytestmark = pytest.mark.django_db


def hours_to_offer(**change):
    return {
        "hours": ["3-1020-1260", "5-540-780"],
        "first_date": soon().isoformat(),
        "price": "18",
        "audience": "all",
        "shortest_minutes": "60",
        **change,
    }


@pytest.fixture
def office(therapist):
    return OfficeFactory(hosts=[therapist])


def offer(client, office, **change):
    return client.post(
        reverse("spaces:opening_new", args=[office.pk]), hours_to_offer(**change)
    )


def test_opening_new_offers_the_painted_hours(client, office):
    response = offer(client, office)

    assert response.url == office.get_absolute_url()
    assert [
        (o.weekday, o.start, o.end, o.price_cents) for o in Opening.objects.all()
    ] == [
        (3, 1020, 1260, 1800),
        (5, 540, 780, 1800),
    ]
    assert all(opening.free for opening in Opening.objects.all())


@pytest.mark.parametrize(
    ("price", "cents"),
    [
        ("$18.50", 1850),
        ("18,5", 1850),
        ("free", 0),
        ("Free", 0),
        ("0", 0),
        (" 500 ", 50_000),
    ],
)
def test_opening_new_reads_prices_as_people_type_them(client, office, price, cents):
    offer(client, office, price=price)

    assert {opening.price_cents for opening in Opening.objects.all()} == {cents}


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"price": "-1"}, "price", "A price cannot be less than nothing."),
        ({"price": "1000000000"}, "price", "$500 an hour is the most we take."),
        ({"price": "1e400"}, "price", ""),
        ({"price": "18.005"}, "price", "Type a sum such as 18"),
        ({"price": "40 %"}, "price", "Type a sum such as 18"),
        ({"price": ""}, "price", "What does an hour cost?"),
        ({"hours": []}, "hours", "Paint at least half an hour"),
        ({"hours": ["3-1260-1020"]}, "hours", "The end has to come after the start"),
        ({"first_date": "2020-01-01"}, "first_date", "That is in the past."),
        ({"first_date": "2220-01-01"}, "first_date", "That is too far ahead"),
        ({"first_date": "tomorrow"}, "first_date", "That is not a date we can read."),
        (
            {"last_date": "2020-01-01"},
            "last_date",
            "The end must not be before the start.",
        ),
        ({"first_date": "2027-02-29"}, "first_date", "That is not a date we can read."),
        ({"audience": "friends"}, "audience", "Choose one of these."),
        ({"audience": ""}, "audience", "Choose one of these."),
        ({"shortest_minutes": "7"}, "shortest_minutes", "Choose one of these."),
        (
            {"hours": ["3-1020-1260", "5-540"]},
            "shortest_minutes",
            "Nobody could take Sat 09:00–09:30",
        ),
        (
            {"hours": ["3-1380-60"]},
            "hours",
            "Hours past midnight belong to the next day",
        ),
    ],
)
def test_opening_new_says_beside_the_field_what_is_wrong(
    client, office, change, name, words
):
    response = offer(client, office, **change)

    assert response.status_code == 200
    assert words in " ".join(response.context["form"].errors[name])
    assert not Opening.objects.exists()


def test_opening_new_keeps_what_was_typed(client, office):
    response = offer(client, office, price="-7", hours=["3-1020-1260"])

    text = response.content.decode()
    assert 'value="-7"' in text
    assert "Thu 17:00–21:00" in text


def test_opening_for_one_date(client, office):
    day = thursday().isoformat()

    offer(client, office, hours=["3-1020-1260"], first_date=day, last_date=day)

    assert Opening.objects.get().is_single_date
    assert "Offer no longer" in client.get(office.get_absolute_url()).content.decode()


def test_opening_for_one_date_of_another_weekday_is_refused(client, office):
    day = thursday().isoformat()

    response = offer(
        client, office, hours=["4-1020-1260"], first_date=day, last_date=day
    )

    assert "None of these hours falls between those dates" in response.content.decode()


def test_overlapping_openings_cost_the_cheaper(client, therapist):
    office = open_office()
    OpeningFactory(
        office=office,
        price_cents=1000,
        start=1080,
        end=1140,
        free=office.openings.get().free,
    )

    response = client.get(office.get_absolute_url(), {"week": thursday().isoformat()})

    blocks = sorted(
        (block.start, block.end, block.detail) for block in response.context["blocks"]
    )
    assert blocks == [(1020, 1080, "$18"), (1080, 1140, "$10"), (1140, 1260, "$18")]


def test_adding_rows_from_the_lists_repaints_without_offering(client, office):
    response = offer(
        client,
        office,
        hours=["3-1020"],
        repaint="hours",
        hours_day=["0"],
        hours_from=["540"],
        hours_to=["600"],
        price="",
    )

    assert "Mon 09:00–10:00, Thu 17:00–17:30" in response.content.decode()
    assert not response.context["form"].errors
    assert not Opening.objects.exists()


def test_openings_confirm_makes_them_fresh(client, therapist):
    office = open_office(
        hosts=[therapist], opening={"confirmed_at": timezone.now() - timedelta(days=80)}
    )

    response = client.post(
        reverse("spaces:openings_confirm", args=[office.pk]), {"next": "home"}
    )

    assert response.url == reverse("home")
    assert Opening.objects.get().confirmed_at > timezone.now() - timedelta(minutes=1)


def test_opening_end_stops_the_offer(client, therapist):
    office = open_office(hosts=[therapist])

    response = client.post(
        reverse("spaces:opening_end", args=[Opening.objects.get().pk]), follow=True
    )

    assert "No longer offered: Thu 17:00–21:00." in response.content.decode()
    assert not Opening.objects.exclude(free=[]).exists()
    assert response.context["office"] == office


@pytest.mark.parametrize("url_name", ["openings_confirm", "opening_end"])
def test_hours_of_others_are_left_alone(client, therapist, url_name):
    office = open_office()
    pk = office.pk if url_name == "openings_confirm" else office.openings.get().pk

    assert client.post(reverse(f"spaces:{url_name}", args=[pk])).status_code == 404


def test_offering_twice_is_offering_once(client, office):
    offer(client, office)
    response = offer(client, office)
    assert "offers exactly these hours already" in response.content.decode()

    offer(client, office, price="25")  # an evening at another price is a second round
    offer(client, office, hours=["3-1020-1260", "1-540-600"])

    assert sorted(Opening.objects.values_list("weekday", "price_cents")) == [
        (1, 1800),
        (3, 1800),
        (3, 2500),
        (5, 1800),
        (5, 2500),
    ]


def test_several_rooms_are_painted_at_once(client, therapist, office):
    rooms = [office, *OfficeFactory.create_batch(8, hosts=[therapist])]
    foreign = OfficeFactory()
    page = client.get(reverse("spaces:opening_new", args=[office.pk]))
    assert [room.pk for room in page.context["form"].fields["offices"].queryset] == [
        room.pk for room in rooms
    ]

    refused = offer(client, office, offices=[office.pk, foreign.pk])
    assert "Choose among the rooms you let." in refused.content.decode()
    assert "Choose at least one room." in offer(client, office).content.decode()
    offer(client, office, offices=[room.pk for room in rooms])

    assert {room.pk: room.openings.count() for room in rooms} == {
        room.pk: 2 for room in rooms
    }
    assert not foreign.openings.exists()
    assert not verify_free([room.pk for room in rooms])


# --- Changing ----------------------------------------------------------------------


def change(client, opening, **fields):
    return client.post(
        reverse("spaces:opening_edit", args=[opening.pk]),
        {
            "hours": ["3-1020-1140"],
            "first_date": opening.first_date.isoformat(),
            "last_date": "",
            "price": "20",
            "audience": "all",
            "shortest_minutes": "60",
            **fields,
        },
    )


def evening(week=0, start=18, end=20):
    day = thursday() + timedelta(weeks=week)
    return hours.local_period(
        day, start * 60, end * 60, ZoneInfo("America/Los_Angeles")
    )


def date_of(office, period, status):
    booking = BookingFactory(office=office, status=status)
    return OccurrenceFactory(booking=booking, period=period, price_cents=3600)


def test_opening_is_changed_without_touching_what_is_booked(client, therapist):
    office = open_office(hosts=[therapist])
    booked = date_of(office, evening(), "confirmed")
    opening = office.openings.get()
    page = client.get(reverse("spaces:opening_edit", args=[opening.pk]))
    assert page.context["form"].initial["price"] == 1800

    response = change(client, opening, shortest_minutes="120", audience="emergencies")

    assert response.url == office.get_absolute_url()
    opening.refresh_from_db()
    assert (opening.start, opening.end, opening.price_cents) == (1020, 1140, 2000)
    assert (opening.audience, opening.shortest_minutes) == ("emergencies", 120)
    booked.refresh_from_db()
    assert (booked.state, booked.price_cents) == ("booked", 3600)
    assert not verify_free([office.pk])


def test_opening_painted_in_pieces_becomes_several(client, therapist):
    office = open_office(hosts=[therapist])
    opening = office.openings.get()

    change(client, opening, hours=["0-540-600", "3-1020-1080", "3-1200-1260"])

    spans = sorted(o.span[:] for o in Opening.objects.all())
    assert spans == [(0, 540, 600), (3, 1020, 1080), (3, 1200, 1260)]
    assert Opening.objects.get(pk=opening.pk).span == (3, 1020, 1080)
    assert {o.price_cents for o in Opening.objects.all()} == {2000}


def test_opening_shortened_under_requests_says_so_first(client, therapist):
    office = open_office(hosts=[therapist])
    opening = office.openings.get()
    kept = date_of(office, evening(0, 17, 18), "requested")
    first, second = (date_of(office, evening(week), "requested") for week in (1, 2))

    response = change(client, opening, hours=["3-1020-1110"])

    text = response.content.decode()
    assert "2 requests ask for hours you take away; they stay open" in text
    assert [date.pk for date in response.context["touched"].asked] == [
        first.pk,
        second.pk,
    ]
    opening.refresh_from_db()
    assert opening.end == 1260

    seen = response.context["touched"].seen
    date_of(office, evening(3), "requested")
    assert (
        "3 requests"
        in change(client, opening, hours=["3-1020-1110"], seen=seen).content.decode()
    )
    seen = change(client, opening, hours=["3-1020-1110"]).context["touched"].seen
    assert change(client, opening, hours=["3-1020-1110"], seen=seen).status_code == 302

    opening.refresh_from_db()
    assert opening.end == 1110
    confirm_booking(first.booking, by=therapist)  # the host may, offered or not
    first.refresh_from_db()
    kept.refresh_from_db()
    assert (first.state, kept.state) == ("booked", "asked")


def test_hours_that_another_opening_still_offers_take_nothing_away(client, therapist):
    office = open_office(hosts=[therapist])
    OpeningFactory(office=office, start=1080, end=1260, price_cents=2500)
    date_of(office, evening(), "requested")

    assert change(client, office.openings.get(price_cents=1800)).status_code == 302


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"last_date": "2026-01-01"}, "last_date", "end them below"),
        ({"first_date": "2020-01-01"}, "first_date", "That is in the past."),
        ({"first_date": "9999-12-31"}, "first_date", "That is too far ahead"),
        ({"hours": []}, "hours", "Paint at least half an hour"),
        ({"price": "a third"}, "price", "Type a sum such as 18"),
    ],
)
def test_change_says_kindly_what_is_wrong(client, therapist, fields, name, words):
    opening = open_office(hosts=[therapist]).openings.get()

    response = change(client, opening, **fields)

    assert words in " ".join(response.context["form"].errors[name])
    assert Opening.objects.get().end == 1260


def test_opening_ends_from_a_date_and_requests_beyond_it_are_named(client, therapist):
    office = open_office(hosts=[therapist])
    opening = office.openings.get()
    near, far = (
        date_of(office, evening(0), "requested"),
        date_of(office, evening(4), "requested"),
    )
    booked = date_of(office, evening(5), "confirmed")
    url = reverse("spaces:opening_end", args=[opening.pk])
    end_from = (thursday() + timedelta(weeks=2)).isoformat()

    response = client.post(url, {"end_from": end_from})
    assert [date.pk for date in response.context["touched"].asked] == [far.pk]
    assert "stays open for you to answer" in response.content.decode()
    client.post(url, {"end_from": end_from, "seen": response.context["touched"].seen})

    opening.refresh_from_db()
    assert opening.last_date == date.fromisoformat(end_from) - timedelta(days=1)
    assert not verify_free([office.pk])
    for kept, state in ((near, "asked"), (far, "asked"), (booked, "booked")):
        kept.refresh_from_db()
        assert kept.state == state
    late = client.post(url, {"end_from": "2020-01-01"})
    assert "That is in the past." in late.content.decode()


# --- Copying -----------------------------------------------------------------------


def copy(client, office, **fields):
    monday = thursday() - timedelta(days=3)
    return client.post(
        reverse("spaces:opening_copy", args=[office.pk]),
        {
            "week": thursday().isoformat(),
            "first_week": (monday + timedelta(weeks=1)).isoformat(),
            "weeks": "2",
            "offices": [office.pk],
            **fields,
        },
        follow=True,
    )


def test_a_week_is_copied_to_weeks_and_rooms_where_nothing_is_yet(client, therapist):
    office, other = OfficeFactory(hosts=[therapist]), OfficeFactory(hosts=[therapist])
    day = thursday()
    single = {"first_date": day, "last_date": day}
    OpeningFactory(office=office, price_cents=1500, **single)
    OpeningFactory(
        office=office,
        weekday=4,
        start=540,
        end=600,
        first_date=day + timedelta(days=1),
        last_date=day + timedelta(days=1),
    )
    OpeningFactory(
        office=other, start=1080, end=1140, price_cents=900
    )  # every Thursday, 18 to 19

    response = copy(client, office, offices=[office.pk, other.pk])

    assert "10 openings are made." in response.content.decode()
    copied = office.openings.filter(first_date__gt=day + timedelta(days=1))
    assert {(o.first_date, o.last_date, o.price_cents, o.start) for o in copied} == {
        (day + timedelta(weeks=week), day + timedelta(weeks=week), 1500, 1020)
        for week in (1, 2)
    } | {
        (
            day + timedelta(weeks=week, days=1),
            day + timedelta(weeks=week, days=1),
            1800,
            540,
        )
        for week in (1, 2)
    }
    pieces = other.openings.filter(
        price_cents=1500, first_date=day + timedelta(weeks=1)
    )
    assert sorted((o.start, o.end) for o in pieces) == [(1020, 1080), (1140, 1260)]
    assert not verify_free([office.pk, other.pk])

    again = copy(client, office, offices=[office.pk, other.pk])
    assert "Nothing to copy" in again.content.decode()


def test_copying_keeps_off_weeks_past_empty_ones_and_too_many(client, therapist):
    office = open_office(hosts=[therapist])
    empty = OfficeFactory(hosts=[therapist])
    for number in range(20):
        OpeningFactory(
            office=empty,
            weekday=number % 7,
            start=30 * number,
            end=30 * number + 30,
            first_date=thursday() - timedelta(days=3),
        )

    assert (
        "Nothing to copy" in copy(client, office).content.decode()
    )  # a weekly one is there
    past = copy(
        client, office, first_week=(thursday() - timedelta(weeks=3)).isoformat()
    )
    assert "That week is past." in past.content.decode()
    nothing = copy(client, empty, week=(thursday() - timedelta(weeks=20)).isoformat())
    assert "No hours are offered in that week." in nothing.content.decode()
    assert (
        "between 1 week and 53 weeks"
        in copy(client, office, weeks="54").content.decode()
    )
    many = copy(client, empty, weeks="53", offices=[office.pk])
    assert "more than 1000 openings at once" in many.content.decode()
    assert (
        "Choose among the rooms you let."
        in copy(client, office, offices=[OfficeFactory().pk]).content.decode()
    )


# --- Still true ------------------------------------------------------------------------


def stale_office(days, **fields):
    confirmed = timezone.now() - timedelta(days=days)
    return open_office(opening={"confirmed_at": confirmed}, **fields)


def test_still_true_by_one_tap_signed_out_and_nothing_by_looking(client):
    office = stale_office(85)
    host = office.hosts.get()
    path = true_path(office, host)

    page = client.get(path)
    assert "Thu 17:00–21:00" in page.content.decode()
    assert "Opening this page has changed nothing." in page.content.decode()
    assert client.head(path).status_code == 200  # as scanners of links do
    assert office.openings.get().confirmed_at < timezone.now() - timedelta(days=84)

    assert "fresh again" in client.post(path).content.decode()
    assert office.openings.get().confirmed_at > timezone.now() - timedelta(minutes=1)


def test_still_true_is_for_hosts_and_whole_links(client):
    office = stale_office(85)
    former, guest = TherapistFactory(), TherapistFactory(standing="suspended")
    office.hosts.add(guest)

    for path in (
        true_path(office, former),
        true_path(office, guest),
        true_path(office, guest)[:-3] + "x/",
    ):
        assert client.post(path).status_code == 404
    assert office.openings.get().confirmed_at < timezone.now() - timedelta(days=84)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (52, ""),
        (53, "sink in the search in 7 days"),
        (82, "hidden in 8 days"),
        (84, "hidden in 6 days"),
        (91, "Hidden from the search"),
    ],
)
def test_hosts_are_told_before_hours_sink_and_before_they_are_hidden(
    days, words, mailoutbox, django_capture_on_commit_callbacks
):
    office = stale_office(days)
    office.hosts.add(TherapistFactory())
    stale_office(60, is_hidden=True)

    with django_capture_on_commit_callbacks(execute=True):
        remind_of_hours()
    with django_capture_on_commit_callbacks(execute=True):
        remind_of_hours()

    assert len(mailoutbox) == (2 if words else 0)
    for mail in mailoutbox:
        assert words in mail.subject
        assert "/spaces/hours/true/" in mail.body
        assert "Thu 17:00–21:00, $18 / hour" in mail.body
        assert "List-Unsubscribe-Post" in mail.extra_headers


def test_hosts_are_told_once_per_stage_and_not_after_they_answered(
    client, mailoutbox, django_capture_on_commit_callbacks
):
    office = stale_office(54)
    with django_capture_on_commit_callbacks(execute=True):
        remind_of_hours()
        remind_of_hours(timezone.now() + timedelta(days=10))
    assert len(mailoutbox) == 1
    with django_capture_on_commit_callbacks(execute=True):
        remind_of_hours(timezone.now() + timedelta(days=30))
    assert len(mailoutbox) == 2

    client.post(true_path(office, office.hosts.get()))
    with django_capture_on_commit_callbacks(execute=True):
        remind_of_hours(timezone.now() + timedelta(days=30))
    assert len(mailoutbox) == 2


def test_rooms_with_old_hours_come_after_fresh_ones(client, therapist):
    old, fresh = (
        stale_office(70, building__latitude=37.8247),
        open_office(building__latitude=37.9),
    )
    hidden = stale_office(91)

    response = client.get(
        reverse("spaces:office_search"),
        {
            "hours": "3-1080-1260",
            "weeks": "2",
            "near": "94611",
            "radius": "30",
            "first_date": soon().isoformat(),
        },
    )

    text = response.content.decode()
    assert text.index(fresh.get_absolute_url()) < text.index(old.get_absolute_url())
    assert hidden.get_absolute_url() not in text
