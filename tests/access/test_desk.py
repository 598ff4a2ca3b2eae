"""Every list and form of the desk: strict, as quick with many rows as with few, no choice that grows with the community."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.models import Report
from spaces.models import BorrowedRoom, Drill, Reply, WayBack
from tests.access.strict import assert_strict
from tests.access.test_access import browser_of
from tests.access.world import build
from tests.factories.directory import (
    AbsenceFactory,
    DeliveryFactory,
    EmailAddressFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    HandOnFactory,
    IncidentFactory,
    OfficeFactory,
    PledgeFactory,
    WaitlistEntryFactory,
    WaveFactory,
    WaveRecipientFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db
MODELS = admin.site._registry  # noqa: SLF001
FEW = {
    "community",
    "supervisionrule",
    "licenceregister",
    "absence",
}  # however many join
SHOW_ALL = {"therapist": "&standing=all", "licence": "&renewal=all"}
HIDDEN = "Nobody Chosen"  # somebody, and a room, whom no form may spell out
MOST_QUESTIONS = 60  # of one form, with all that hangs on it


def more():
    """Rows, each with people and rooms of its own, of what the world has too few of."""
    person = TherapistFactory()
    incident = IncidentFactory(status="confirmed")
    until = timezone.now() + timedelta(days=7)
    AbsenceFactory()
    EmailAddressFactory(user=person.user)
    kind = ContentType.objects.get_for_model(type(person))
    LogEntry.objects.create(
        user=person.user, content_type=kind, object_id=person.pk, action_flag=CHANGE
    )
    person.user.usersession_set.create(ip="192.0.2.1", session_key=f"key-{person.pk}")
    Report.objects.create(about=person, reporter=TherapistFactory(), text="So it was.")
    told = WaveRecipientFactory(wave=WaveFactory())
    Reply.objects.create(told=told, key=str(told.pk), outcome="done")
    BorrowedRoom.objects.create(
        booking=BookingFactory(), incident=incident, answer_by=until
    )
    WayBack.objects.create(incident=incident, guest=person, answer_by=until)
    office = OfficeFactory()
    office.building.posts.create(author=person, text="Hello.")
    ClosureFactory(office=office, period=hours(900, 901))
    Drill.objects.create(by=person, state="done", ended_at=timezone.now())
    for factory in (
        DeliveryFactory,
        HandOnFactory,
        PledgeFactory,
        SupervisionFactory,
        WaitlistEntryFactory,
    ):
        factory()


@pytest.fixture
def world():
    world = build()
    for _number in range(3):
        more()
    TherapistFactory(name=HIDDEN, user__email="nobody.chosen@example.org")
    OfficeFactory(name=HIDDEN)
    return world


def ask(browser, url):
    ContentType.objects.clear_cache()
    with CaptureQueriesContext(connection) as queries:
        response = browser.get(url)
    assert_strict(response)
    assert response.status_code == HTTPStatus.OK, url
    return response, [query["sql"] for query in queries]


def test_every_page_of_the_desk_is_strict_and_quick(world, subtests):
    browser = browser_of(world.administrator)
    ask(browser, reverse("admin:index"))
    for model, site in MODELS.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"  # noqa: SLF001
        key = model._meta.pk.name  # noqa: SLF001
        rows = model.objects.exclude(**{f"{key}__lt": 0}).order_by("-pk")
        pks = [str(row.pk) for row in rows[:3]]
        listed = reverse(f"admin:{name}_changelist")
        shown = SHOW_ALL.get(model._meta.model_name, "")  # noqa: SLF001
        ask(browser, listed)
        with subtests.test(f"{name}: its list asks as much of three as of one"):
            counts = [
                len(ask(browser, f"{listed}?{key}__in={','.join(some)}{shown}")[1])
                for some in (pks[:1], pks)
            ]
            assert counts[0] == counts[1]
            assert len(pks) == 3 or model._meta.model_name == "community"  # noqa: SLF001
        with subtests.test(f"{name}: it can be searched"):
            ask(browser, f"{listed}?q=x+y")
        with subtests.test(f"{name}: nothing is counted twice"):
            assert (
                model._meta.model_name in FEW  # noqa: SLF001
                or not site.show_full_result_count
            )
        with subtests.test(f"{name}: its forms name nobody who was not chosen"):
            for verb, args in [("add", []), ("change", pks[-1:])]:
                url = reverse(f"admin:{name}_{verb}", args=args)
                response = browser.get(url)
                assert_strict(response)
                assert response.status_code in {HTTPStatus.OK, HTTPStatus.FORBIDDEN}
                assert HIDDEN not in response.text, url
                assert "nobody.chosen" not in response.text, url


def test_a_form_asks_no_more_when_there_are_more_of_its_kind(world, subtests):
    """What one row's form asks does not grow with the rows of others."""
    browser = browser_of(world.administrator)
    urls = {}
    for model in MODELS:
        name = f"{model._meta.app_label}_{model._meta.model_name}"  # noqa: SLF001
        row = model.objects.order_by("-pk")[0]
        urls[name] = reverse(f"admin:{name}_change", args=[row.pk])
    ask(browser, reverse("admin:index"))
    before = {name: len(ask(browser, url)[1]) for name, url in urls.items()}
    for _number in range(2):
        more()
    for name, url in urls.items():
        with subtests.test(name):
            assert len(ask(browser, url)[1]) <= before[name] < MOST_QUESTIONS


def test_the_secret_of_a_second_factor_is_shown_to_nobody(world):
    """Administrators take one away from who lost it."""
    browser = browser_of(world.administrator)
    theirs = world.moderator.user.authenticator_set.get()
    theirs.data = {"secret": "JBSWY3DPEHPK3PXP"}
    theirs.save()
    url = reverse("admin:mfa_authenticator_change", args=[theirs.pk])

    assert "JBSWY3DPEHPK3PXP" not in browser.get(url).text
    assert browser.post(url, {"data": "{}"}).status_code == HTTPStatus.FORBIDDEN
    gone = reverse("admin:mfa_authenticator_delete", args=[theirs.pk])
    browser.post(gone, {"post": "yes"})
    assert not world.moderator.user.authenticator_set.exists()
