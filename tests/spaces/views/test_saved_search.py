import re

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.domain.preference import set_frequency
from directory.enums import Frequency, Topic
from directory.links import sign
from spaces.models import SavedSearch
from spaces.notifications.search import STOP, stop_path
from tests.factories.spaces import SavedSearchFactory
from tests.periods import today
from tests.spaces.rooms import asked, open_office, soon

pytestmark = pytest.mark.django_db

LIST = "/spaces/searches/"


def tap(client, frequency="at_once", **query):
    """The button among the results."""
    page = client.get("/spaces/", asked(near="94618", **query)).content.decode()
    [address] = re.findall(r'name="query" value="([^"]*)"', page)
    return client.post(
        f"{LIST}new/",
        {"query": address.replace("&amp;", "&"), "frequency": frequency},
        follow=True,
    )


def test_one_tap_saves_the_search_and_names_it(client, therapist):
    office = open_office()

    response = tap(client, most="$25", step_free="")

    search = SavedSearch.objects.get()
    assert search.name.startswith("Thu 18:00–21:00, ")
    assert search.name.endswith(", near 94618, up to $25 / hour")
    assert (search.frequency, search.known_offices) == ("at_once", [office.pk])
    assert search.last_date == soon() + timezone.timedelta(days=27)
    assert "We write as soon as another room" in response.content.decode()
    assert response.redirect_chain[-1][0].startswith("/spaces/?hours=3-1080-1260&")


@pytest.mark.parametrize("count", [1, 3])
def test_saved_search_list_query_count_is_constant(
    client, therapist, django_assert_num_queries, count
):
    SavedSearchFactory.create_batch(count, therapist=therapist)

    with django_assert_num_queries(7):
        client.get(LIST)


def test_the_list_changes_stops_and_forgets(client, therapist):
    search = SavedSearchFactory(therapist=therapist)
    SavedSearchFactory(frequency="daily")
    change = reverse("spaces:saved_search_change", args=[search.pk])

    page = client.get(LIST)
    assert [item["search"] for item in page.context["searches"]] == [search]
    assert client.get(page.context["searches"][0]["url"]).context["said"]

    client.post(change, {"frequency": "daily"})
    assert SavedSearch.objects.get(pk=search.pk).frequency == "daily"
    page = client.post(change, {"frequency": "off"}, follow=True).content.decode()
    assert "Stopped" in page
    assert "Forget it" in page
    client.post(reverse("spaces:saved_search_forget", args=[search.pk]))
    assert not SavedSearch.objects.filter(pk=search.pk).exists()


def test_a_search_that_has_begun_goes_on_from_today(client, therapist):
    search = SavedSearchFactory(therapist=therapist)
    SavedSearch.objects.update(query=search.query.replace(str(soon()), "2020-01-01"))

    [item] = client.get(LIST).context["searches"]

    assert f"first_date={today()}" in item["url"]


def test_the_list_says_when_settings_silence_it(client, therapist):
    SavedSearchFactory(therapist=therapist)
    set_frequency(therapist, topic=Topic.HOURS, frequency=Frequency.OFF)

    assert "So these are silent" in client.get(LIST).content.decode()


def test_searches_of_others_are_not_there(client, therapist):
    search = SavedSearchFactory()

    for name in ("change", "forget"):
        url = reverse(f"spaces:saved_search_{name}", args=[search.pk])
        assert client.post(url, {"frequency": "off"}).status_code == 404
    search.refresh_from_db()
    assert search.frequency == "at_once"


def test_the_link_in_the_mail_stops_by_a_tap_not_by_opening_it(client):
    search = SavedSearchFactory()
    link = stop_path(search)

    assert "No more mail about this search?" in client.get(link).content.decode()
    search.refresh_from_db()
    assert search.frequency == "at_once"

    assert "Stopped" in client.post(link).content.decode()
    search.refresh_from_db()
    assert search.frequency == "off"

    client.post(link, {"undo": "1"})
    search.refresh_from_db()
    assert search.frequency == "at_once"

    search.delete()
    assert "This search is over" in client.post(link).content.decode()


def test_a_link_for_something_else_stops_nothing(client):
    search = SavedSearchFactory()
    link = reverse("spaces:saved_search_stop", args=[sign("other", search=search.pk)])

    assert client.post(link).status_code == 404
    assert sign(STOP, search=search.pk) not in link
    search.refresh_from_db()
    assert search.frequency == "at_once"


@pytest.mark.parametrize(
    "query", ["", "radius=0&hours=3-1080", "hours=x", "near=94618"]
)
def test_what_is_no_search_is_not_saved(client, therapist, query):
    response = client.post(f"{LIST}new/", {"query": query, "frequency": "x"})

    assert response.status_code == 302
    assert not SavedSearch.objects.exists()


def test_too_many_are_refused_kindly(client, therapist):
    for _number in range(20):
        SavedSearchFactory(therapist=therapist)

    assert "We watch 20 searches for you already" in tap(client).content.decode()
