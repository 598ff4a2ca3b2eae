"""What is kept no longer goes at night, each for as long as the settings say; and who hides from newcomers."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse
from django.utils import timezone

from directory.domain import keeping
from directory.domain.departure import erase_departed
from directory.domain.keeping import forget_old
from directory.domain.membership import decline_applicant
from directory.domain.message import write_to
from directory.enums import DeliveryState, ReportOutcome
from directory.models import (
    Community,
    Conversation,
    Delivery,
    Report,
    StandingEvent,
    Therapist,
)
from directory.queries import people_shown_to
from spaces.models import BuildingPost, CodeView, Drill
from tests.factories.directory import (
    CommunityFactory,
    DeliveryFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import BookingFactory, BuildingFactory, OfficeFactory

pytestmark = pytest.mark.django_db


def aged(rows, field, days):
    rows.update(**{field: timezone.now() - timedelta(days=days)})


def one_of_each(person):
    """The rows of each kind, and the column that says how old they are."""
    moderator = ModeratorFactory()
    write_to(person, by=TherapistFactory(), text="Hello")
    booking = BookingFactory()
    DeliveryFactory(recipient=person, state=DeliveryState.SENT)
    CodeView.objects.create(booking=booking, viewer=booking.guest)
    BuildingPost.objects.create(building=BuildingFactory(), author=person, text="Hi")
    Drill.objects.create(by=moderator)
    LogEntry.objects.create(user=moderator.user, action_flag=CHANGE, object_repr="x")
    return {
        "keep_messages_days": (Conversation.objects.all(), "written_at"),
        "keep_deliveries_days": (
            Delivery.objects.filter(state=DeliveryState.SENT),
            "created_at",
        ),
        "keep_code_views_days": (CodeView.objects.all(), "shown_at"),
        "keep_posts_days": (BuildingPost.objects.all(), "created_at"),
        "keep_drills_days": (Drill.objects.all(), "created_at"),
        "keep_audit_days": (LogEntry.objects.all(), "action_time"),
    }


def test_each_thing_is_kept_for_as_long_as_its_setting_says(client, subtests):
    days = {
        name: 100 + number
        for number, name in enumerate(one_of_each(TherapistFactory()))
    }
    CommunityFactory(keep_declined_days=99, **days)
    kinds = one_of_each(TherapistFactory())
    page = client.get(reverse("directory:what_we_keep")).content.decode()
    fields = {field.name for field in Community._meta.fields}  # noqa: SLF001
    assert {name for name in fields if name.startswith("keep_")} == {
        "keep_declined_days",
        *days,
    }
    for name, (rows, field) in kinds.items():
        with subtests.test(name):
            assert f"{days[name]} days" in page
            aged(rows, field, days[name] - 1)
            forget_old()
            kept = rows.count()
            aged(rows, field, days[name] + 1)
            forget_old()
            assert (kept > 0, rows.count()) == (True, 0)


def test_what_is_waited_for_is_kept(monkeypatch):
    """A mail not yet sent, a conversation that moderators read; and many rows go in batches."""
    person, other = TherapistFactory.create_batch(2)
    DeliveryFactory.create_batch(5, recipient=person, state=DeliveryState.SENT)
    DeliveryFactory(recipient=person, state=DeliveryState.PENDING)
    conversation = write_to(person, by=other, text="Hello").conversation
    report = Report.objects.create(
        about=other, reporter=person, text="Rude.", conversation=conversation
    )
    aged(Delivery.objects.all(), "created_at", 5000)
    aged(Conversation.objects.all(), "written_at", 5000)
    monkeypatch.setattr(keeping, "BATCH", 2)
    forget_old()

    states = set(Delivery.objects.values_list("state", flat=True))
    assert states == {DeliveryState.PENDING}
    assert Conversation.objects.exists()
    Report.objects.update(outcome=ReportOutcome.values[0], decided_at=timezone.now())
    forget_old()
    assert not Conversation.objects.exists()
    report.refresh_from_db()
    assert report.conversation_id is None


def test_who_was_declined_is_forgotten_in_time():
    applicant = TherapistFactory(standing="applicant", name="Not Yet")
    decline_applicant(applicant, by=ModeratorFactory(), reason="No licence.")
    aged(StandingEvent.objects.all(), "created_at", 179)
    assert erase_departed() == 0
    aged(StandingEvent.objects.all(), "created_at", 181)
    assert erase_departed() == 1
    assert not Therapist.objects.filter(name="Not Yet").exists()


def test_who_hides_is_hidden_from_newcomers_alone(client, subtests):
    """In the directory, its search and facets, on the profile; not from whom they write with or have hours with."""
    hidden = TherapistFactory(
        name="Hilde Hidden", hides_from_newcomers=True, consults=True
    )
    month = timezone.now() - timedelta(days=30, minutes=1)
    older, newer, pen_friend, guest = (
        TherapistFactory(joined_at=joined)
        for joined in (month, month + timedelta(minutes=2), None, None)
    )
    Therapist.objects.filter(pk__in=[pen_friend.pk, guest.pk]).update(
        joined_at=timezone.now()
    )
    write_to(pen_friend, by=hidden, text="Welcome!")
    BookingFactory(
        guest=guest, office=OfficeFactory(hosts=[hidden]), status="confirmed"
    )
    pages = {
        "list": reverse("directory:therapist_list"),
        "search": reverse("directory:therapist_list") + "?q=hilde",
        "facet": reverse("directory:therapist_list") + "?between=consults",
        "profile": reverse("directory:therapist_detail", args=[hidden.pk]),
        "vcard": reverse("directory:therapist_vcard", args=[hidden.pk]),
        "messages": reverse("directory:conversation", args=[hidden.pk]),
        "home": reverse("home"),
    }
    for viewer, sees in [
        (older, True),
        (newer, False),
        (pen_friend, True),
        (guest, True),
    ]:
        viewer.refresh_from_db()
        assert (hidden in people_shown_to(viewer)) == sees
        client.force_login(viewer.user)
        for name, url in pages.items():
            with subtests.test(f"{viewer} {name}"):
                response = client.get(url)
                shown = response.status_code == 200
                assert shown == (sees or name in {"list", "search", "facet", "home"})
                assert ("Hilde" in response.content.decode()) == sees
    client.force_login(hidden.user)
    assert client.get(pages["profile"]).status_code == 200
