"""What may be done how often: by one person, and gently by all at one address."""

from hashlib import sha256
from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.urls import reverse

from directory import limits
from tests.conftest import QuickClient
from tests.factories.directory import TherapistFactory, UserFactory

pytestmark = pytest.mark.django_db
SLOWER = HTTPStatus.TOO_MANY_REQUESTS
LIMITED = [  # address, its arguments, by which method, what is counted
    ("directory:join", [], "post", limits.JOINING),
    ("directory:therapist_list", [], "get", limits.PAGES),
    ("directory:therapist_detail", [1], "get", limits.PROFILES),
    ("directory:therapist_vcard", [1], "get", limits.PROFILES_A_DAY),
    ("directory:public_profile", [1, "x"], "get", limits.PUBLIC_PROFILES),
    ("directory:conversation", [1], "post", limits.WRITING),
    ("directory:application", [], "post", limits.WRITING),
    ("directory:invite", [], "post", limits.WRITING),
    ("directory:therapist_report", [1], "post", limits.REPORTS),
    ("spaces:post_report", [1, 1], "post", limits.REPORTS),
    ("spaces:incident_report", [], "post", limits.WRITING),
    ("spaces:booking_message", [1], "post", limits.WRITING),
    ("spaces:building_post", [1], "post", limits.WRITING),
    ("spaces:loan_write", [1], "post", limits.WRITING),
    ("spaces:office_search", [], "get", limits.SEARCHES),
    ("spaces:suggestions", [], "get", limits.SEARCHES),
    ("spaces:feed", ["a"], "get", limits.FEEDS),
    ("spaces:office_feed", ["a:b"], "get", limits.FEEDS),
]
EVERYBODY_HERE = [f"directory:limit:{row[3].name}:at-127.0.0.1" for row in LIMITED]
BY_STRANGERS = {limits.FEEDS, limits.PUBLIC_PROFILES}


def browser_of(user):
    browser = QuickClient()
    if user is not None:
        browser.force_login(user)
    return browser


def who_for(name, limit, url):
    """Two people who may both ask for it, and what the first is counted as, if that is known."""
    if limit in BY_STRANGERS:
        link = sha256(url.encode()).hexdigest()
        return browser_of(None), browser_of(None), link if limit.by_link else ""
    if limit == limits.JOINING:
        users = [UserFactory(), UserFactory()]
        return *map(browser_of, users), f"sign-in-{users[0].pk}"
    standing = "applicant" if name == "directory:application" else "member"
    people = [TherapistFactory(standing=standing) for _number in range(2)]
    return *(browser_of(person.user) for person in people), str(people[0].pk)


def test_who_tries_too_often_is_slowed_down_and_nobody_else_is(subtests):
    for name, args, method, limit in LIMITED:
        url = reverse(name, args=args)
        other = reverse(name, args=["other"]) if limit.by_link else url
        first, second, who = who_for(name, limit, url)
        ask, ask_too = getattr(first, method), getattr(second, method)
        key = f"directory:limit:{limit.name}"
        with subtests.test(name):
            cache.delete_many(EVERYBODY_HERE)
            if who:
                cache.set(f"{key}:{who}", limit.most - 1)
                assert ask(url).status_code != SLOWER
                slowed = ask(url)
                assert slowed.status_code == SLOWER
                assert slowed["Retry-After"] == str(limit.seconds)
                assert "A little slower, please" in slowed.text
                assert ask_too(other).status_code != SLOWER
                if limit.only_posts:
                    assert first.get(url).status_code != SLOWER
            cache.set(f"{key}:at-127.0.0.1", limit.most * limit.together - 1)
            assert ask_too(other).status_code != SLOWER
            assert ask_too(other).status_code == SLOWER


def test_everybody_who_is_told_of_is_a_person_and_not_an_office(client, therapist):
    """Past what one address may, but far from what one person may: slowed, and not shown to moderators."""
    most = limits.PROFILES.most * limits.PROFILES.together
    cache.set("directory:limit:profiles:at-127.0.0.1", most)

    answer = client.get(reverse("directory:therapist_detail", args=[1]))

    assert answer.status_code == SLOWER
    assert not therapist.reports.exists()
