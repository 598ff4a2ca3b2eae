import csv
import io

import pytest
from django.urls import reverse

from directory.models import Delivery
from spaces.enums import ChangeKind
from spaces.models import BookingEvent
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OfficeFactory
from tests.spaces.test_statement import at, date_of, displaced

pytestmark = pytest.mark.django_db

PAGE = "spaces:statement"


@pytest.fixture
def booking(therapist):
    """In a room of who is signed in."""
    office = OfficeFactory(hosts=[therapist], name="The garden room")
    guest = TherapistFactory(name="Joel Okafor")
    return BookingFactory(office=office, guest=guest, status="confirmed")


def page(client, month="2098-12"):
    return client.get(reverse(PAGE), {"month": month})


def table(client, month="2098-12"):
    answer = client.get(reverse("spaces:statement_csv"), {"month": month})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="rooms-{month}.csv"' in answer["Content-Disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_page_says_hours_and_money_of_both_sides(client, therapist, booking):
    date_of(booking, 3)
    date_of(booking, 10, state="given_back", is_due=True)
    other = OfficeFactory(name="The attic")
    date_of(BookingFactory(office=other, guest=therapist, status="confirmed"), 4)

    text = " ".join(page(client).content.decode().split())

    assert "Statement for December 2098" in text
    assert "Paid to the host, not through this site." in text
    assert "$72 due to the hosts" in text
    assert "$36 due from you" in text
    assert "given up late" in text
    assert "Joel Okafor" in text
    for month in ("2098-11", "2099-01"):
        assert f"?month={month}" in text
    assert 'class="page sheet"' in text  # what the rules for printing begin with


@pytest.mark.parametrize("month", ["", "banana", "2026-99", "<script>", "9999-12"])
def test_a_month_that_is_none_shows_this_one(client, therapist, month):
    answer = page(client, month)

    assert answer.status_code == 200
    assert "Nothing was booked in this month." in answer.content.decode()


def test_the_table_reads_back_and_runs_nothing(client, therapist, booking):
    booking.guest.name = "=HYPERLINK(\"http://evil\"), 'Joël' 🌿"
    booking.guest.save()
    booking.office.name = "@SUM(1)\n+2"
    booking.office.save()
    date_of(booking, 3, period=at(3, 18, 21))

    [row] = table(client)

    assert row == {
        "You are": "host",
        "Office": "'@SUM(1)\n+2",
        "Building": booking.office.building.name,
        "Date": "2098-12-03",
        "From": "18:00",
        "To": "21:00",
        "What": "to come",
        "Guest": "'=HYPERLINK(\"http://evil\"), 'Joël' 🌿",
        "Hosts": "Dana Whitlock",
        "Hours": "3",
        "Owed by": "'=HYPERLINK(\"http://evil\"), 'Joël' 🌿",
        "Due (USD)": "36.00",
    }


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_no_cell_of_the_table_begins_like_a_formula(client, booking, first):
    booking.guest.name = f"{first}cmd"
    booking.guest.save()
    date_of(booking, 3)

    [row] = table(client)
    assert row["Guest"] == f"'{first}cmd"


def test_a_host_says_that_a_displaced_date_is_still_due(client, booking):
    occurrence = displaced(booking, 3)
    address = reverse("spaces:statement_due", args=[occurrence.pk])
    assert client.get(address).status_code == 405
    assert "It is still due" in page(client).content.decode()

    for said in ("yes", "yes", "no"):
        answer = client.post(address, {"due": said})
        assert answer.url == f"{reverse(PAGE)}?month=2098-12"
        occurrence.refresh_from_db()
        assert occurrence.is_due == (said == "yes")

    events = BookingEvent.objects.filter(change=ChangeKind.DUE)
    assert [event.details["is_due"] for event in events] == [True, False]  # told once
    told = Delivery.objects.filter(kind="booking_changed")
    assert {row.recipient for row in told} == {booking.guest}


def test_a_closure_displaces_without_an_incident(client, booking):
    occurrence = date_of(booking, 3, state="displaced")
    assert "given up late" not in page(client).content.decode()

    address = reverse("spaces:statement_due", args=[occurrence.pk])
    client.post(address, {"due": "yes"})

    occurrence.refresh_from_db()
    assert occurrence.is_due


def test_only_hosts_and_only_displaced_dates(client, therapist, booking):
    for day, state in enumerate(["booked", "released", "given_back"], 3):
        ordinary = date_of(booking, day, state=state)
        address = reverse("spaces:statement_due", args=[ordinary.pk])
        client.post(address, {"due": "yes"})
        ordinary.refresh_from_db()
        assert not ordinary.is_due

    mine = BookingFactory(guest=therapist, status="confirmed")
    foreign = displaced(mine, 3, is_due=True)
    address = reverse("spaces:statement_due", args=[foreign.pk])
    assert client.post(address, {"due": "no"}).status_code == 404


@pytest.mark.parametrize("item_count", [1, 3])
def test_statement_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    for number in range(item_count):
        office = OfficeFactory(hosts=[therapist])
        party = TherapistFactory()
        booking = BookingFactory(office=office, status="confirmed", party=party)
        date_of(booking, 3 + number)
        displaced(booking, 13 + number)
        date_of(BookingFactory(guest=therapist, status="confirmed"), 3 + number)
    page(client)

    with django_assert_num_queries(7):
        page(client)
