from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from directory.domain.delivery.review import review
from directory.domain.preference import set_frequency
from directory.enums import Frequency, Standing, TermKind, Topic
from directory.models import Community, Delivery
from directory.registry import Mail, Postpone, Skip
from spaces.domain import saved_search
from spaces.domain.saved_search import (
    forget_search,
    look_at_searches,
    save_search,
    set_search_frequency,
)
from spaces.forms.search import SearchForm
from spaces.models import Opening, SavedSearch
from spaces.queries import fitting_offices
from spaces.searches import wanted_of
from tests.factories.directory import BlockFactory, TermFactory, TherapistFactory
from tests.factories.spaces import BuildingFactory
from tests.spaces.rooms import EVENING, asked, close, open_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    """Somebody without quiet hours, whenever the tests run."""
    return TherapistFactory(quiet_from_minute=0, quiet_to_minute=0)


def keep(person, frequency=Frequency.AT_ONCE, **query):
    said = QueryDict(mutable=True)
    for name, value in asked(near="94618", **query).items():
        said.setlist(name, value if isinstance(value, list) else [value])
    form = SearchForm(said, therapist=person, community=Community.objects.current())
    assert form.is_valid(), form.errors
    return save_search(
        person,
        name="Thursdays",
        query=form.kept(),
        last_date=form.cleaned_data["last_date"],
        frequency=frequency,
    )


def news():
    """What waits to be sent: for each message the offices, by search."""
    return [row.payload["found"] for row in Delivery.objects.order_by("pk")]


def verdicts():
    rows = list(Delivery.objects.with_recipient().order_by("pk"))
    said = review(rows)
    return [said[row.pk] for row in rows]


def test_an_office_that_fits_now_is_told_once(person):
    open_office()
    search = keep(person)
    look_at_searches()
    assert news() == []  # it was there when the search was saved

    new = open_office(name="Attic")
    partly = open_office(opening={"end": 1230})
    look_at_searches()
    look_at_searches()

    assert news() == [{str(search.pk): [new.pk]}]
    assert partly.pk not in SavedSearch.objects.get().known_offices
    [mail] = verdicts()
    assert mail.subject.startswith("Free: Thu 18:00–21:00, ")
    assert mail.subject.endswith("– Attic, $18 / hour")
    assert f"/spaces/offices/{new.pk}/?hours=3-1080-1260" in mail.text
    assert "under 1 km" in mail.text or "–" in mail.text
    assert "/spaces/searches/stop/" in mail.text


def test_what_stopped_fitting_is_news_again(person):
    office = open_office()
    keep(person)

    Opening.objects.update(
        price_cents=1800, confirmed_at=timezone.now() - timedelta(days=91)
    )
    look_at_searches()
    assert news() == []
    Opening.objects.update(confirmed_at=timezone.now())
    look_at_searches()

    assert [list(found.values()) for found in news()] == [[[office.pk]]]


def test_news_of_several_searches_are_one_mail(person):
    first, second = keep(person), keep(person, weeks=2)

    office = open_office()
    look_at_searches()

    assert news() == [{str(first.pk): [office.pk], str(second.pk): [office.pk]}]


@pytest.mark.parametrize(
    "why", ["gone", "forgotten", "stopped", "blocked", "suspended", "topic off", "over"]
)
def test_a_mail_that_nobody_wants_any_more_is_not_sent(person, why):
    search = keep(person)
    office = open_office()
    look_at_searches()

    if why == "gone":
        close(office)
    elif why == "forgotten":
        forget_search(search)
    elif why == "stopped":
        set_search_frequency(search, frequency=Frequency.OFF)
    elif why == "blocked":
        BlockFactory(blocker=office.hosts.get(), blocked=person)
    elif why == "suspended":
        person.standing = Standing.SUSPENDED
        person.save()
    elif why == "topic off":
        set_frequency(person, topic=Topic.HOURS, frequency=Frequency.OFF)
    else:
        SavedSearch.objects.update(last_date=timezone.localdate() - timedelta(days=1))

    [verdict] = verdicts()
    assert isinstance(verdict, Skip)
    is_over = why in {"forgotten", "stopped", "over"}
    assert (verdict.reason == "The search was stopped, or is over.") == is_over


def test_quiet_hours_are_kept(person):
    keep(person)
    person.quiet_from_minute, person.quiet_to_minute = 0, 1439
    person.save()
    open_office()
    look_at_searches()

    [verdict] = verdicts()

    now = timezone.now().astimezone(ZoneInfo(Community.objects.current().timezone))
    assert isinstance(verdict, Mail if now.hour * 60 + now.minute == 1439 else Postpone)


@pytest.mark.parametrize(("hour", "is_told"), [(6, False), (7, True)])
def test_daily_searches_wait_for_the_morning(person, hour, is_told):
    search = keep(person, Frequency.DAILY)
    at_once = keep(TherapistFactory())
    office = open_office()
    zone = ZoneInfo(Community.objects.current().timezone)
    morning = timezone.now().astimezone(zone).replace(hour=hour, minute=30)
    morning += timedelta(days=1)

    look_at_searches(morning)

    expected = [{str(search.pk): [office.pk]}] * is_told
    assert sorted(news(), key=str) == sorted(
        [*expected, {str(at_once.pk): [office.pk]}], key=str
    )
    look_at_searches(morning + timedelta(hours=1))
    look_at_searches(morning + timedelta(hours=2))
    assert len(news()) == 2  # the other waited until seven


def test_only_members_searches_are_looked_at_and_none_that_are_stopped(person):
    keep(person, Frequency.OFF)
    left = TherapistFactory()
    keep(left)
    left.standing = Standing.LEFT
    left.save()
    open_office()

    look_at_searches()

    assert news() == []


def test_a_search_ends_after_its_last_date(person):
    over, running = keep(person, weeks=1), keep(person)

    look_at_searches(timezone.now() + timedelta(days=11))

    assert list(SavedSearch.objects.all()) == [running]
    assert over.last_date < running.last_date


def test_one_go_is_bounded_and_takes_turns(person, monkeypatch):
    monkeypatch.setattr(saved_search, "BATCH", 2)
    searches = [keep(TherapistFactory()) for _number in range(3)]
    office = open_office()

    look_at_searches()
    assert len(news()) == 2
    look_at_searches()

    told = {pk for found in news() for pk in found}
    assert told == {str(search.pk) for search in searches}
    assert all(found == [office.pk] for row in news() for found in row.values())


def test_the_same_search_is_kept_once_and_there_is_a_limit(person, monkeypatch):
    monkeypatch.setattr(saved_search, "MOST_SEARCHES", 1)
    first = keep(person)

    assert keep(person, Frequency.DAILY) == first
    assert SavedSearch.objects.get().frequency == Frequency.DAILY
    with pytest.raises(saved_search.DomainError, match="1 searches"):
        keep(person, weeks=2)


EVERYTHING = {
    "hours": [EVENING, "1-540-780"],
    "radius": "7.5",
    "most": "$25",
    "people": "8",
    "step_free": "on",
    "attributes": ["quiet-floor"],
    "terms": ["by-the-month"],
}


@pytest.mark.parametrize("query", [{}, {"near": ""}, EVERYTHING])
def test_a_kept_search_wants_what_its_form_wanted(person, query):
    TermFactory(kind=TermKind.OFFICE_ATTRIBUTE, slug="quiet-floor")
    TermFactory(kind=TermKind.OFFICE_TERM, slug="by-the-month")
    said = QueryDict(mutable=True)
    for name, value in {**asked(near="94618"), **query}.items():
        said.setlist(name, value if isinstance(value, list) else [value])
    community = Community.objects.current()
    form = SearchForm(said, therapist=person, community=community)
    assert form.is_valid(), form.errors

    search = SavedSearch(
        pk=1,
        therapist=person,
        query=form.kept(),
        last_date=form.cleaned_data["last_date"],
    )

    assert wanted_of([search], community)[1] == form.wanted()


def test_fitting_offices_are_the_full_matches_alone(person):
    whole = open_office()
    open_office(opening={"end": 1230})
    open_office(opening={"shortest_minutes": 240})
    open_office(building=BuildingFactory(latitude=38.5))
    search = keep(person)

    assert search.known_offices == [whole.pk]
    wanted = wanted_of([search], Community.objects.current())[search.pk]
    assert fitting_offices(wanted, guest=person) == [whole.pk]


@pytest.mark.parametrize("count", [1, 3])
def test_looking_costs_the_same_queries_for_each_search(
    person, django_assert_max_num_queries, count
):
    for number in range(count):
        keep(person, weeks=number + 1)
    open_office()
    Community.objects.current()

    with django_assert_max_num_queries(12 + 6 * count):
        look_at_searches()
