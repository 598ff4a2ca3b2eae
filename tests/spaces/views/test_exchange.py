"""The thin path from end to end: an office, its hours, a search, a request, an answer, both see it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery
from spaces.models import Booking, Office, Opening
from tests.factories.directory import TherapistFactory
from tests.spaces.calendars import standing_in

pytestmark = pytest.mark.django_db

FORM = {
    "street": "4100 Piedmont Avenue",
    "zip_code": "94611",
    "neighbourhood": "Piedmont Avenue",
    "name": "The garden room",
    "suite": "7",
    "capacity": "8",
    "is_step_free": "on",
    "change_over_minutes": "10",
    "notice_days": "7",
    "lease_permits": "yes",
    "directions": "Ring at the blue door.",
    "entry_code": "4711#",
}


def test_from_an_empty_office_to_a_booking_both_see(client):
    host, guest = (
        TherapistFactory(name="Mara Ellison"),
        TherapistFactory(name="Joel Okafor"),
    )

    client.force_login(host.user)
    client.post(reverse("spaces:office_new"), FORM)
    office = Office.objects.get()
    first = timezone.localdate() + timedelta(days=2)
    response = client.post(
        reverse("spaces:opening_new", args=[office.pk]),
        {
            "hours": ["3-1020-1260", "5-540-780"],
            "first_date": first.isoformat(),
            "price": "$18",
            "audience": "all",
            "shortest_minutes": "60",
        },
    )
    assert response.status_code == 302
    assert Opening.objects.count() == 2

    client.force_login(guest.user)
    query = f"hours=3-1080-1260&first_date={first.isoformat()}&weeks=26&near=94618&radius=5&most=25&step_free=on"
    response = client.get(f"{reverse('spaces:office_search')}?{query}")
    [result] = response.context["full"]
    assert result["office"] == office
    assert result["amount"] == "$18"

    response = client.get(
        f"{reverse('spaces:office_detail', args=[office.pk])}?{query}"
    )
    dates = response.context["dates"]
    assert len(dates) == 26
    assert all(date.is_open for date in dates)
    assert "4100 Piedmont" not in response.content.decode()
    response = client.post(
        f"{reverse('spaces:booking_request', args=[office.pk])}?{query}",
        {
            "dates": [date.value for date in dates[1:]],
            "people": "2",
            "message": "Evenings.",
        },
    )
    booking = Booking.objects.get()
    assert response.url == booking.get_absolute_url()
    assert booking.occurrences.count() == 25
    assert [d.recipient for d in Delivery.objects.filter(kind="booking_requested")] == [
        host
    ]

    client.force_login(host.user)
    response = client.get(reverse("home"))
    assert "Joel Okafor asks for The garden room" in response.content.decode()
    response = client.get(booking.get_absolute_url())
    assert "Confirm these hours" in response.content.decode()
    response = client.post(
        reverse("spaces:booking_answer", args=[booking.pk, "confirmed"]), follow=True
    )
    assert "Confirmed. You both get a mail" in response.content.decode()

    client.force_login(guest.user)
    for page in [
        booking.get_absolute_url(),
        reverse("spaces:booking_list"),
        reverse("home"),
    ]:
        response = client.get(page)
        assert response.status_code == 200
    page = client.get(booking.get_absolute_url()).content.decode()
    assert "4100 Piedmont Avenue" in page
    assert "Ring at the blue door." in page
    assert "4711#" not in page
    feed = client.get(reverse("spaces:feed", args=[guest.feed_token]))
    assert len(standing_in(feed.content.decode())) == 25
