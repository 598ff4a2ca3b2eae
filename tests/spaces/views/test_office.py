from datetime import timedelta
from importlib import import_module
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from directory.enums import TermKind
from directory.models import Term
from spaces.models import Building, Closure, Office, UsualHours
from tests.factories.directory import BlockFactory, TermFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.periods import hours
from tests.spaces.rooms import asked, close, open_office, soon, thursday

pytestmark = pytest.mark.django_db

ROOM = {
    "name": "The garden room",
    "capacity": "8",
    "change_over_minutes": "10",
    "notice_days": "7",
    "lease_permits": "yes",
}
ADDRESS = {"street": "4100 Piedmont Avenue", "zip_code": "94611"}


def page(client, office, query=None):
    return client.get(reverse("spaces:office_detail", args=[office.pk]), query or {})


# --- One office ---------------------------------------------------------------


def test_office_shows_its_week_terms_and_hosts_but_not_its_address(client, therapist):
    host = TherapistFactory(name="Mara Ellison")
    office = open_office(
        hosts=[host], terms="Tidy up.", entry_code="4711#", directions="Ring twice."
    )

    response = page(client, office, {"week": thursday().isoformat()})

    text = response.content.decode()
    assert [(block.state, block.hours) for block in response.context["blocks"]] == [
        ("free", "17:00–21:00")
    ]
    for said in ("Mara Ellison", "Tidy up.", "$18"):
        assert said in text
    for kept in (office.building.street, "4711#", "Ring twice."):
        assert kept not in text


def test_prices_say_what_is_for_emergencies_alone(client, therapist):
    opening = {"audience": "emergencies", "price_cents": 0}
    office = open_office(hosts=[therapist], opening=opening)
    OpeningFactory(office=office, weekday=1, start=540, end=720)

    response = page(client, office)

    assert response.context["prices"] == [
        ("$18 / hour", "Tue 09:00–12:00"),
        ("free, for emergencies", "Thu 17:00–21:00"),
    ]


def test_office_lists_each_date_of_what_was_looked_for(client, therapist):
    office = open_office()
    close(office)

    response = page(client, office, asked())

    dates = response.context["dates"]
    assert [date.is_open for date in dates] == [False, True, True, True]
    assert dates[0].note == "Closed: Holiday"


def test_office_shows_why_it_is_closed(client, therapist):
    office = open_office()
    close(office, "Fire", office=None, building=office.building)

    response = page(client, office, {"week": thursday().isoformat()})

    assert "Fire" in response.content.decode()
    assert [block.state for block in response.context["blocks"]] == ["closed"]


def test_office_says_taken_to_all_and_who_to_the_parties_only(client, therapist):
    office = open_office()
    booking = BookingFactory(
        office=office, guest=TherapistFactory(name="Joel Okafor"), status="confirmed"
    )
    lower = timezone.datetime.combine(
        thursday(), timezone.datetime.min.time(), office.building.zone
    ) + timedelta(hours=18)
    OccurrenceFactory(
        booking=booking, period=hours(0, 1).__class__(lower, lower + timedelta(hours=2))
    )
    query = {"week": thursday().isoformat()}

    response = page(client, office, query)
    assert "taken" in [block.state for block in response.context["blocks"]]
    assert "Joel" not in response.content.decode()

    client.force_login(booking.guest.user)
    assert "mine" in [
        block.state for block in page(client, office, query).context["blocks"]
    ]

    client.force_login(office.hosts.get().user)
    blocks = page(client, office, query).context["blocks"]
    assert [block.detail for block in blocks if block.state == "booked"] == ["Joel"]


@pytest.mark.parametrize("fields", [{"is_hidden": True}, {"is_draft": True}])
def test_unlisted_office_is_for_its_hosts_and_moderators(client, therapist, fields):
    office = open_office(**fields)
    assert page(client, office).status_code == 404

    client.force_login(office.hosts.get().user)
    assert page(client, office).status_code == 200


def test_hidden_office_is_seen_by_a_moderator_who_cannot_ask(client, moderator):
    office = open_office(is_hidden=True)

    response = page(client, office)

    assert response.status_code == 200
    assert "Ask for hours" not in response.content.decode()


def test_office_is_hidden_across_a_block(client, therapist):
    office = open_office()
    BlockFactory(blocker=therapist, blocked=office.hosts.get())

    assert page(client, office).status_code == 404
    assert (
        client.get(reverse("spaces:booking_request", args=[office.pk])).status_code
        == 404
    )


def test_office_week_is_swapped_in(client, therapist):
    office = open_office()

    response = client.get(
        reverse("spaces:office_detail", args=[office.pk]),
        {"week": (thursday() + timedelta(weeks=3)).isoformat()},
        HTTP_HX_REQUEST="true",
    )

    assert "<html" not in response.content.decode()
    assert 'id="week"' in response.content.decode()


@pytest.mark.parametrize("week", ["9999-12-31", "0001-01-01", "never", ""])
def test_office_week_survives_any_address(client, therapist, week):
    assert page(client, open_office(), {"week": week}).status_code == 200


@pytest.mark.parametrize("item_count", [1, 3])
def test_office_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    office = open_office()
    OpeningFactory.create_batch(item_count, office=office, weekday=1)
    for number in range(item_count):
        OccurrenceFactory(
            booking=BookingFactory(office=office, status="confirmed"),
            period=hours(number, number + 1, day=3),
        )
    page(client, office)

    with django_assert_num_queries(15):
        page(client, office)


# --- My offices ---------------------------------------------------------------


@pytest.mark.parametrize("item_count", [1, 3])
def test_my_offices_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    for _number in range(item_count):
        office = open_office(hosts=[therapist])
        UsualHours.objects.create(
            office=office, therapist=therapist, weekday=0, start=540, end=720
        )
    open_office()

    with django_assert_num_queries(9):
        response = client.get(reverse("spaces:my_offices"))

    assert len(response.context["rows"]) == item_count
    assert "Your own hours: Mon 09:00–12:00" in response.content.decode()


def test_my_offices_without_any_says_what_to_do(client, therapist):
    assert (
        "Describe your room once"
        in client.get(reverse("spaces:my_offices")).content.decode()
    )


def test_office_new_finds_place_and_zone_by_zip(client, therapist):
    quiet = TermFactory(kind=TermKind.OFFICE_ATTRIBUTE, label="Quiet walls")

    response = client.post(
        reverse("spaces:office_new"),
        {
            **ROOM,
            **ADDRESS,
            "neighbourhood": "Piedmont Avenue",
            "attributes": [quiet.pk],
        },
    )

    office = Office.objects.get()
    assert response.url == reverse("spaces:opening_new", args=[office.pk])
    assert list(office.hosts.all()) == [therapist]
    assert list(office.attributes.all()) == [quiet]
    building = office.building
    assert (building.name, building.city, building.timezone) == (
        "4100 Piedmont Avenue",
        "Oakland",
        "America/Los_Angeles",
    )
    assert building.district == "Piedmont Avenue"


def test_office_new_joins_the_building_somebody_typed_before(client, therapist):
    building = BuildingFactory(street="4100 piedmont avenue")

    client.post(reverse("spaces:office_new"), {**ROOM, **ADDRESS})

    assert Office.objects.get().building == building
    assert Building.objects.count() == 1


def test_places_described_for_an_offer_are_on_nobodys_list(client, therapist):
    private = OfficeFactory(is_draft=True, building__name="12 Home Street")
    own = OfficeFactory(is_draft=True, hosts=[therapist])
    house = BuildingFactory()

    response = client.get(reverse("spaces:office_new"))

    offered = set(response.context["form"].fields["building"].queryset)
    assert offered == {own.building, house}
    assert private.building.name not in response.content.decode()


def test_office_new_in_a_building_of_the_list_needs_no_address(client, therapist):
    building = BuildingFactory()

    client.post(reverse("spaces:office_new"), {**ROOM, "building": building.pk})

    assert Office.objects.get().building == building


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"zip_code": "00000"}, "zip_code", "We know no ZIP code “00000”"),
        ({"zip_code": ""}, "zip_code", "Which ZIP code?"),
        ({"street": ""}, "street", "Choose a building, or type its street and number."),
        ({"name": "x" * 500}, "name", "at most 120"),
        ({"name": ""}, "name", "What do colleagues call this room?"),
        ({"capacity": "0"}, "capacity", "between 1 and 200"),
        ({"capacity": "9000"}, "capacity", "between 1 and 200"),
        ({"capacity": "-5"}, "capacity", "between 1 and 200"),
        ({"capacity": ""}, "capacity", "How many people does it seat"),
        ({"capacity": "a few"}, "capacity", "Type a whole number"),
        ({"notice_days": "365"}, "notice_days", "three months of notice at most"),
        ({"notice_days": ""}, "notice_days", "How many days?"),
        ({"lease_permits": "maybe"}, "lease_permits", "“I don’t know” is an answer"),
        ({"change_over_minutes": "600"}, "change_over_minutes", "At most an hour"),
        ({"building": "123456"}, "building", ""),
    ],
)
def test_office_new_says_beside_the_field_what_is_wrong(
    client, therapist, change, name, words
):
    response = client.post(reverse("spaces:office_new"), {**ROOM, **ADDRESS, **change})

    assert response.status_code == 200
    errors = response.context["form"].errors
    assert words in " ".join([*errors.get(name, []), *errors.get("__all__", [])])
    assert not Office.objects.exists()


@pytest.mark.parametrize(
    "name", ["🛋️ Raum", "غرفة الحديقة", "<script>alert(1)</script>"]
)
def test_office_new_takes_any_name(client, therapist, name):
    client.post(reverse("spaces:office_new"), {**ROOM, **ADDRESS, "name": name})

    office = Office.objects.get()
    assert office.name == name
    response = page(client, office)
    assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize(
    "url_name", ["office_edit", "usual_hours", "closure_new", "opening_new"]
)
def test_host_pages_are_hidden_from_others(client, therapist, url_name):
    office = OfficeFactory()

    assert (
        client.get(reverse(f"spaces:{url_name}", args=[office.pk])).status_code == 404
    )


def test_what_a_room_has_and_is_let_on_is_ticked_under_headings(client, therapist):
    office = open_office(hosts=[therapist], change_over_minutes=15)
    ticked = {
        slug: Term.objects.get(slug=slug).pk
        for slug in ("soundproofed", "evening-heating", "no-resublet")
    }
    retired = TermFactory(
        kind=TermKind.OFFICE_TERM, label="Smoking allowed", retired=True
    )
    office.attributes.add(retired)
    url = reverse("spaces:office_edit", args=[office.pk])
    form = client.get(url)
    headings = [heading for heading, *_boxes in form.context["form"].attribute_groups()]
    assert headings[:2] == ["The room itself", "Sound and privacy"]
    assert "fee splitting" in form.content.decode()

    client.post(
        url,
        {
            **ROOM,
            "attributes": [ticked["soundproofed"], ticked["evening-heating"]],
            "let_on": [ticked["no-resublet"], retired.pk],
            "notice_days": "14",
            "allows_hand_on": "on",
            "change_over_minutes": "15",
        },
    )

    assert {term.pk for term in office.attributes.all()} == {
        *ticked.values(),
        retired.pk,
    }
    office.refresh_from_db()
    assert (office.notice_days, office.allows_hand_on) == (14, True)
    client.force_login(TherapistFactory().user)
    response = page(client, office)
    text = response.content.decode()
    for said in (
        *("Quiet walls", "No re-subletting", "until 14 days before", "hand dates on"),
        "Leave 15 minutes before the end",
    ):
        assert said in text
    assert [heading for heading, _terms in response.context["facts"]] == [
        "Sound and privacy",
        "The house, evenings and weekends",
    ]
    form = client.get(
        reverse("spaces:booking_request", args=[office.pk]) + "?" + urlencode(asked())
    )
    assert "Leave 15 minutes before the end" in form.content.decode()


def test_seeding_the_vocabulary_again_keeps_what_moderators_changed():
    term = Term.objects.get(kind=TermKind.OFFICE_ATTRIBUTE, slug="soundproofed")
    Term.objects.filter(pk=term.pk).update(label="Very quiet", group="building")
    count = Term.objects.count()

    import_module("directory.migrations.0007_seed_office_vocabulary").seed(apps, None)

    term.refresh_from_db()
    assert (term.label, term.group, Term.objects.count()) == (
        "Very quiet",
        "building",
        count,
    )


def test_office_edit_changes_the_room(client, therapist):
    office = OfficeFactory(hosts=[therapist])

    client.post(reverse("spaces:office_edit", args=[office.pk]), {**ROOM, "suite": "9"})

    office.refresh_from_db()
    assert (office.name, office.suite) == ("The garden room", "9")


def test_usual_hours_are_painted_and_seen_by_their_host_alone(client, therapist):
    office = open_office(hosts=[therapist])
    url = reverse("spaces:usual_hours", args=[office.pk])

    client.post(url, {"hours": ["0-540-720", "0-720-780"]})

    assert [usual.span[:] for usual in UsualHours.objects.all()] == [(0, 540, 780)]
    assert "checked" in client.get(url).content.decode()
    client.force_login(TherapistFactory().user)
    blocks = page(client, office, {"week": thursday().isoformat()}).context["blocks"]
    assert "usual" not in [block.state for block in blocks]


def test_closure_closes_whole_local_days_and_can_end(client, therapist):
    office = open_office(hosts=[therapist])

    client.post(
        reverse("spaces:closure_new", args=[office.pk]),
        {
            "first_date": soon().isoformat(),
            "last_date": (soon() + timedelta(days=6)).isoformat(),
            "reason": "Painters",
        },
    )

    closure = Closure.objects.get()
    assert (
        closure.period.lower.astimezone(office.building.zone).time().isoformat()
        == "00:00:00"
    )
    assert "Painters" in page(client, office).content.decode()

    response = client.post(reverse("spaces:closure_end", args=[closure.pk]))
    assert response.url == office.get_absolute_url()
    assert not Closure.objects.exists()


@pytest.mark.parametrize(
    ("first", "last", "name", "words"),
    [
        (2, 1, "last_date", "The end must not be before the start."),
        (-9, -8, "first_date", "That is in the past."),
        (9000, 9001, "first_date", "That is too far ahead"),
        (
            2,
            2_900_000,
            "last_date",
            "That is too far ahead",
        ),
    ],
)
def test_closure_says_beside_the_field_what_is_wrong(
    client, therapist, first, last, name, words
):
    office = open_office(hosts=[therapist])
    today = timezone.localdate()

    response = client.post(
        reverse("spaces:closure_new", args=[office.pk]),
        {
            "first_date": (today + timedelta(days=first)).isoformat(),
            "last_date": (today + timedelta(days=last)).isoformat(),
            "reason": "Holiday",
        },
    )

    assert words in " ".join(response.context["form"].errors[name])
    assert not Closure.objects.exists()


def test_closure_of_others_cannot_be_ended(client, therapist):
    closure = ClosureFactory()

    assert (
        client.post(reverse("spaces:closure_end", args=[closure.pk])).status_code == 404
    )
