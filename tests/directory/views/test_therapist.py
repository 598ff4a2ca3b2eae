import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory import filters, search
from directory.enums import Audience, Standing, TermKind
from directory.models import Block, Community, Term, Therapist
from directory.models.therapist import AUDIENCE_FIELDS
from directory.newcomers import newcomers_who_fit
from tests.factories.directory import (
    BlockFactory,
    CommunityFactory,
    LicenceFactory,
    TermFactory,
    TherapistFactory,
)

pytestmark = pytest.mark.django_db
URL = reverse("directory:therapist_list")


def found(response):
    return [card.person for card in response.context["cards"]]


def term(kind, slug):
    return Term.objects.get(kind=kind, slug=slug)


@pytest.fixture
def spanish():
    return term(TermKind.LANGUAGE, "es")


@pytest.mark.parametrize("item_count", [1, 3])
def test_therapist_list_query_count_is_constant(
    client, therapist, spanish, django_assert_num_queries, item_count
):
    people = TherapistFactory.create_batch(item_count)
    for person in people:
        person.terms.add(spanish)

    with django_assert_num_queries(9):
        page = client.get(URL)
    with django_assert_num_queries(9):
        part = client.get(URL, headers={"HX-Request": "true"})

    assert found(page) == found(part) == [therapist, *people]
    assert part.content.strip().startswith(b"<section")
    assert b'id="facets" hx-swap-oob="true"' in part.content
    assert "HX-Request" in part["Vary"]


def test_therapist_list_shows_members_alone(client, therapist):
    for standing in set(Standing) - {Standing.MEMBER}:
        TherapistFactory(standing=standing)

    assert found(client.get(URL)) == [therapist]


def test_blocked_people_never_meet(client, therapist):
    blocked = BlockFactory(blocker=therapist).blocked
    blocker = BlockFactory(blocked=therapist).blocker

    assert found(client.get(URL)) == [therapist]
    for other in (blocked, blocker):
        for name in ("therapist_detail", "therapist_vcard"):
            assert (
                client.get(reverse(f"directory:{name}", args=[other.pk])).status_code
                == 404
            )


@pytest.mark.parametrize(
    "typed",
    [
        "Joaquín",
        "joaquin",
        "JOAQUIN",
        "Joaqin",
        "Villareal",
        "Vilarreal-Ashworth",
        "ashwort",
        "joa",
    ],
)
def test_a_name_is_found_in_spite_of_accents_and_slips(client, therapist, typed):
    person = TherapistFactory(name="Joaquín Villarreal-Ashworth")
    TherapistFactory(name="Imani Castellanos")

    assert found(client.get(URL, {"q": typed})) == [person]


def test_the_likest_name_comes_first(client, therapist):
    near = TherapistFactory(name="Marisol Vegas")
    exact = TherapistFactory(name="Marisol Vega")

    assert found(client.get(URL, {"q": "Marisol Vega"})) == [exact, near]


def test_a_dated_word_finds_what_replaced_it(client, therapist):
    person = TherapistFactory(name="Tess")
    person.terms.add(term(TermKind.SPECIALTY, "autism"))

    assert found(client.get(URL, {"q": "asperger"})) == [person]


def test_boxes_ticked_narrow(client, therapist, spanish):
    couples = term(TermKind.POPULATION, "couples")
    both = TherapistFactory(
        consults=True, would_have_coffee=True, neighbourhood="Rockridge"
    )
    both.terms.add(spanish, couples)
    one = TherapistFactory(consults=True, neighbourhood="Rockridge")
    one.terms.add(spanish)
    elsewhere = TherapistFactory(
        consults=True, would_have_coffee=True, neighbourhood="Elmwood"
    )
    elsewhere.terms.add(spanish, couples)

    asked = {
        "between": ["consults", "would_have_coffee"],
        "language": "es",
        "works": "couples",
        "where": "Rockridge",
    }
    response = client.get(URL, asked)

    assert found(response) == [both]
    assert [str(chip.label) for chip in response.context["chips"]] == [
        "Offers consultation",
        "Would have coffee",
        "Spanish",
        "Couples",
        "Rockridge",
    ]


def test_of_neighbourhoods_any_will_do(client, therapist):
    one, other = (
        TherapistFactory(neighbourhood="Rockridge"),
        TherapistFactory(neighbourhood="Elmwood"),
    )

    assert found(client.get(URL, {"where": ["Rockridge", "Elmwood"]})) == [one, other]


@pytest.mark.parametrize(
    ("facet", "fields"),
    [
        ("consults", {"consults": True}),
        ("supervises", {"supervises": "AMFT"}),
        ("takes_referrals", {"takes_referrals": True}),
        ("has_spare_hours", {"has_spare_hours": True}),
        ("seeks_hours", {"seeks_hours": True}),
        ("co_leads_groups", {"co_leads_groups": True}),
        ("would_have_coffee", {"would_have_coffee": True}),
    ],
)
def test_every_colleague_facet_filters_and_counts(client, therapist, facet, fields):
    person = TherapistFactory(**fields)

    response = client.get(URL, {"between": facet})

    assert found(response) == [person]
    [between] = [f for f in response.context["facets"] if f.name == "between"]
    assert {
        choice.value: choice.count for choice in between.choices if choice.count
    } == {facet: 1}


def test_distance_is_from_the_zip_asked_for_and_in_bands(client, therapist):
    near = TherapistFactory(latitude=37.85, longitude=-122.24)
    TherapistFactory(latitude=37.30, longitude=-121.90)

    response = client.get(URL, {"zip": "94618", "radius": "5"})

    assert found(response) == [therapist, near]
    assert [str(card.band) for card in response.context["cards"]] == [
        "under 1 km",
        "1–2 km",
    ]


def test_of_very_many_the_nearest_come_from_the_index_in_the_same_order(
    client, therapist, monkeypatch
):
    for latitude, name in [(38.5, "Far"), (37.85, "Zoe"), (37.85, "Ann"), (None, "No")]:
        TherapistFactory(name=name, latitude=latitude, longitude=latitude and -122.24)
    few = client.get(URL, {"zip": "94618"})
    monkeypatch.setattr(filters, "WIDE", 2)
    with CaptureQueriesContext(connection) as asked:
        many = client.get(URL, {"zip": "94618"})

    assert [person.name for person in found(many)[1:]] == ["Ann", "Zoe", "Far", "No"]
    assert (found(many), [str(card.band) for card in many.context["cards"]]) == (
        found(few),
        [str(card.band) for card in few.context["cards"]],
    )
    assert any(" <-> " in query["sql"] for query in asked)


def test_of_very_many_counts_are_kept_and_of_few_nobody_is_missed(
    client, therapist, monkeypatch
):
    monkeypatch.setattr(search, "WIDE", 3)
    TherapistFactory.create_batch(3, neighbourhood="Rockridge", consults=True)
    answers = []
    for _newcomer in range(2):
        TherapistFactory(neighbourhood="Temescal", consults=True)
        answers.append(client.get(URL, {"where": "Temescal"}))

    assert [len(found(answer)) for answer in answers] == [1, 2]
    kept = [answer.context["facets"][0].choices[0].count for answer in answers]
    assert kept == [1, 1]


def test_the_map_shows_people_no_closer_than_their_cell(client, therapist):
    """Whatever is asked, a point says the same of all who are within about a kilometre of it."""
    near = TherapistFactory(name="Ann", latitude=37.84411, longitude=-122.25127)
    same = TherapistFactory(name="Bea", latitude=37.83712, longitude=-122.24633)
    TherapistFactory(name="Cay", latitude=None, longitude=None)

    pages = [client.get(URL, asked) for asked in ({}, {"zip": "94618", "radius": "5"})]

    for page in pages:
        pins = {pin["name"]: pin for pin in page.context["map"]["places"]}
        assert set(pins) == {therapist.name, near.name, same.name}
        for person in (near, same):
            pin = pins[person.name]
            assert (pin["latitude"], pin["longitude"]) == (37.84, -122.25)
        for hidden in ("84411", "25127", "83712", "24633"):
            assert hidden not in page.content.decode()
    assert [page.context["map"]["isRing"] for page in pages] == [False, True]
    assert pages[1].context["map"]["metres"] == 5000


def test_miles_are_miles(client, therapist):
    CommunityFactory(distance_unit="mi")
    TherapistFactory(latitude=37.84 + 0.12, longitude=-122.24)  # 13 km, 8 miles

    assert len(found(client.get(URL, {"radius": "10"}))) == 2
    assert len(found(client.get(URL, {"radius": "7"}))) == 1


@pytest.mark.parametrize(
    "radius", ["0", "10000", "-3", "NaN", "Infinity", "1e400", "five"]
)
def test_a_radius_out_of_reach_is_said_and_the_list_stays(client, therapist, radius):
    response = client.get(URL, {"radius": radius})

    assert response.status_code == 200
    assert list(response.context["search"].form.errors) == ["radius"]
    assert found(response) == [therapist]


@pytest.mark.parametrize(
    ("radius", "words"), [("0", "At least 1"), ("101", "At most 100")]
)
def test_a_radius_out_of_reach_is_told_the_limit(client, therapist, radius, words):
    assert words in client.get(URL, {"radius": radius}).content.decode()


def test_a_zip_that_does_not_exist_is_said(client, therapist):
    response = client.get(URL, {"zip": "00000"})

    assert "no such ZIP code" in response.content.decode()
    assert found(response) == [therapist]


def test_a_radius_around_nowhere_asks_for_a_zip(client):
    person = TherapistFactory(latitude=None, longitude=None)
    client.force_login(person.user)

    response = client.get(URL, {"radius": "5"})

    assert list(response.context["search"].form.errors) == ["zip"]


@pytest.mark.parametrize(
    "asked",
    [
        {"between": "x"},
        {"language": "tlh"},
        {"where": "Atlantis"},
        {"where": "\x00", "language": "\x00", "between": "\x00"},
        {"sort": "worst"},
        {"page": "99"},
        {"page": "x"},
        {"q": "\x00%_\\'"},
        {"q": "x" * 500},
    ],
)
def test_whatever_stands_in_the_address_is_answered(client, therapist, asked):
    assert client.get(URL, asked).status_code == 200


def test_an_empty_result_says_what_to_leave_out(client, therapist, spanish):
    """Everything that can be asked for can be left out, with the number that the link then shows."""
    lmft = term(TermKind.CREDENTIAL, "lmft")
    for place, coffee, holds in [
        ("Elmwood", True, True),
        ("Elmwood", True, True),
        ("Rockridge", True, False),
        ("Rockridge", False, True),
    ]:
        person = TherapistFactory(
            name="Tess",
            consults=True,
            would_have_coffee=coffee,
            neighbourhood=place,
            latitude=37.84,
            longitude=-122.24,
        )
        person.terms.add(spanish)
        if holds:
            checked = timezone.now()
            LicenceFactory(therapist=person, kind=lmft, checked_at=checked)
    asked = {
        "q": "Tess",
        "between": ["consults", "would_have_coffee"],
        "language": "es",
        "credential": "lmft",
        "where": "Rockridge",
        "radius": "5",
        "zip": "94618",
    }

    response = client.get(URL, asked)

    rows = response.context["suggestions"]
    assert [(str(row["label"]), row["count"]) for row in rows] == [
        ("Rockridge", 2),
        ("Would have coffee", 1),
        ("LMFT", 1),
    ]
    for row in rows:
        page = client.get(URL + row["url"]).context["page"]
        assert page.paginator.count == row["count"]
    assert "Without Would have coffee there is 1" in " ".join(
        response.content.decode().split()
    )


def test_pages_keep_the_question(client, therapist):
    TherapistFactory.create_batch(30, consults=True)

    response = client.get(URL, {"between": "consults"})

    assert len(found(response)) == 24
    assert "between=consults&amp;page=2" in response.content.decode()


def counted(response, facet):
    [found] = [f for f in response.context["facets"] if f.name == facet]
    return {choice.value: choice.count for choice in found.choices}


def test_each_facet_counts_with_everything_else_that_is_asked(
    client, therapist, spanish
):
    """Of what any will do, other values count without what is ticked there; of the rest, with it."""
    amft = term(TermKind.SUPERVISED, "ca-amft")
    teens = term(TermKind.AGE, "teens")
    for place, person_terms, consults, kind in [
        ("Rockridge", [spanish, amft, teens], True, "lmft"),
        ("Rockridge", [spanish], False, "lcsw"),
        ("Elmwood", [spanish, teens], True, "lmft"),
        ("Elmwood", [], True, "lcsw"),
    ]:
        person = TherapistFactory(neighbourhood=place, consults=consults)
        person.terms.add(*person_terms)
        held = term(TermKind.CREDENTIAL, kind)
        for number in "12":
            LicenceFactory(
                therapist=person,
                kind=held,
                number=number,
                checked_at=timezone.now(),
            )
    LicenceFactory(therapist=therapist, kind=held)  # that nobody checked

    rows = [
        # what is asked, people, each facet's counts
        (
            {},
            5,
            {
                "where": {"Rockridge": 2, "Elmwood": 2},
                "language": {"es": 3},
                "age": {"teens": 2},
                "supervised": {"ca-amft": 1},
                "credential": {"lmft": 2, "lcsw": 2},
            },
        ),
        (
            {"language": "es", "between": "consults"},
            2,
            {"where": {"Rockridge": 1, "Elmwood": 1}, "credential": {"lmft": 2}},
        ),
        (
            {"where": "Rockridge"},
            2,
            {
                "where": {"Rockridge": 2, "Elmwood": 2},
                "language": {"es": 2},
                "age": {"teens": 1},
                "credential": {"lmft": 1, "lcsw": 1},
            },
        ),
        (
            {"where": "Rockridge", "credential": "lcsw"},
            1,
            {
                "where": {"Rockridge": 1, "Elmwood": 1},
                "credential": {"lmft": 1, "lcsw": 1},
                "language": {"es": 1},
            },
        ),
        ({"age": "teens", "supervised": "ca-amft"}, 1, {"where": {"Rockridge": 1}}),
    ]
    for asked, people, facets in rows:
        response = client.get(URL, asked)
        assert response.context["page"].paginator.count == people, asked
        assert len(found(response)) == people, asked
        for facet, counts in facets.items():
            assert counted(response, facet) == counts, (asked, facet)


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("supervision groups", True),  # bio, in another form
        ("Marisl emdr", True),  # a slip in the name, and a term
        ("trauma Vega", True),  # the synonym of what the headline says otherwise
        ("PTSD", True),  # a synonym
        ("Marisol hypnosis", False),  # every word counts
        ("gardening", False),  # what only she herself sees
        ("& | ! : * ( 'x", False),
    ],
)
def test_words_are_found_wherever_they_stand(client, therapist, typed, is_found):
    person = TherapistFactory(
        name="Marisol Vega",
        headline="After accidents and loss",
        bio="I lead a group for supervising colleagues.",
    )
    person.terms.add(
        term(TermKind.MODALITY, "emdr"), term(TermKind.SPECIALTY, "trauma")
    )
    TherapistFactory(
        name="Tess", bio="I love gardening", audience={"bio": "me", "headline": "me"}
    )

    assert found(client.get(URL, {"q": typed})) == ([person] if is_found else [])


KEPT = {  # a value of each field of which people say who sees it, and what would find it
    "pronouns": ("zie/zir", "zir"),
    "headline": ("Gardening with elders", "gardening"),
    "bio": ("I walk with whales", "whales"),
    "contact_email": ("wren@example.net", "wren"),
    "phone": ("510 555 0199", "0199"),
    "website": ("https://heron.example.net/", "heron"),
    "photo": ("people/plover.webp", "plover"),
    "schools": ("Meridian College", "meridian"),
}


def test_what_somebody_keeps_to_themself_is_neither_counted_nor_found(
    client, therapist, subtests
):
    assert set(KEPT) == set(AUDIENCE_FIELDS)
    school = TermFactory(
        kind=TermKind.SCHOOL, slug="meridian", label="Meridian College"
    )
    values = {
        {"photo": "photo_small"}.get(field, field): value
        for field, (value, _word) in KEPT.items()
        if field != "schools"
    }
    for audience in (dict.fromkeys(KEPT, Audience.ME), {}):
        person = TherapistFactory(name="Tess", audience=audience, **values)
        person.terms.add(school)

    for field, (value, word) in KEPT.items():
        with subtests.test(field=field):
            for asked in ({"q": word}, {"q": value[:200]}):
                assert {card.person.pk for card in cards(client, asked)} <= {person.pk}
    everybody = client.get(URL)
    assert counted(everybody, "school") == {"meridian": 1}
    chosen = client.get(URL, {"school": "meridian"})
    assert found(chosen) == [person]
    assert chosen.context["page"].paginator.count == 1
    Therapist.objects.update(joined_at=timezone.now())
    query = QueryDict("school=meridian")
    newcomers = newcomers_who_fit(query, therapist, Community.objects.current())
    assert newcomers == [person.pk]


def cards(client, asked):
    return client.get(URL, asked).context["cards"]


# --- One colleague -----------------------------------------------------------------


def detail(person):
    return reverse("directory:therapist_detail", args=[person.pk])


def test_therapist_detail_shows_what_they_share(
    client, therapist, spanish, django_assert_num_queries
):
    person = TherapistFactory(
        name="Noor <Haddad>", phone="510 555 0142", contact_email="noor@example.org"
    )
    person.terms.add(spanish)
    LicenceFactory(therapist=person, number="SECRET-98213")

    with django_assert_num_queries(10):
        page = client.get(detail(person)).content.decode()

    assert "Noor &lt;Haddad&gt;" in page
    assert "Spanish" in page
    assert "under 1 km from you" in " ".join(page.split())
    assert "SECRET-98213" not in page
    assert person.user.email not in page
    assert "37.84" not in page


@pytest.mark.parametrize("standing", sorted(set(Standing) - {Standing.MEMBER}))
def test_therapist_detail_of_nonmembers_is_not_there(client, therapist, standing):
    assert client.get(detail(TherapistFactory(standing=standing))).status_code == 404


def test_therapist_vcard_is_escaped(client, therapist):
    person = TherapistFactory(
        name="Zoë, the; \\Great",
        headline="Line one\nBEGIN:VCARD",
        contact_email="zoe@example.org",
        phone="1;2",
    )

    response = client.get(reverse("directory:therapist_vcard", args=[person.pk]))

    card = response.content.decode()
    assert response["Content-Type"] == "text/vcard; charset=utf-8"
    assert response["Content-Disposition"].startswith(
        'attachment; filename="zoe-the-great.vcf"'
    )
    assert card.startswith(
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Zoë\\, the\\; \\\\Great\r\n"
    )
    assert card.count("\r\nBEGIN:VCARD") == 0
    assert "TEL;VALUE=text;TYPE=work:1\\;2\r\n" in card
    assert all(len(line.encode()) <= 75 for line in card.split("\r\n"))


def test_therapist_vcard_folds_long_names_between_characters(client, therapist):
    person = TherapistFactory(name="🌱" * 90)

    card = client.get(
        reverse("directory:therapist_vcard", args=[person.pk])
    ).content.decode()

    assert all(len(line.encode()) <= 75 for line in card.split("\r\n"))
    assert "FN:" + "🌱" * 90 in card.replace("\r\n ", "")


def test_therapist_block_ends_all_meeting_and_can_be_undone(client, therapist):
    other = TherapistFactory(name="Tess")

    client.post(reverse("directory:therapist_block", args=[other.pk]))
    hidden = client.get(detail(other)).status_code
    page = client.get(reverse("directory:settings")).content.decode()
    client.post(reverse("directory:therapist_unblock", args=[other.pk]))

    assert hidden == 404
    assert "Tess" in page
    assert client.get(detail(other)).status_code == 200


def test_nobody_undoes_anothers_block(client, therapist):
    block = BlockFactory(blocked=therapist)

    response = client.post(
        reverse("directory:therapist_unblock", args=[block.blocker.pk])
    )

    assert response.status_code == 404
    assert Block.objects.count() == 1


def test_nobody_blocks_themself(client, therapist):
    client.post(reverse("directory:therapist_block", args=[therapist.pk]))

    assert not Block.objects.exists()
