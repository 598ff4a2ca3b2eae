import pytest
from django.core.cache import cache
from django.urls import reverse

from directory import limits
from directory.domain.delivery import send_due
from directory.domain.message import MOST_AN_HOUR, MOST_BEGUN, write_to
from directory.enums import Standing
from directory.errors import DomainError
from directory.models import Conversation, Delivery, Message, Report
from tests.factories.directory import (
    BlockFactory,
    ModeratorFactory,
    TherapistFactory,
)

pytestmark = pytest.mark.django_db


def page_of(person):
    return reverse("directory:conversation", args=[person.pk])


def test_two_write_to_each_other_and_see_addresses_only_then(client, therapist):
    tess = TherapistFactory(
        name="Tess Ng",
        contact_email="tess@work.example",
        audience={"contact_email": "me"},
    )
    profile = client.get(reverse("directory:therapist_detail", args=[tess.pk]))
    assert page_of(tess) in profile.content.decode()
    assert "tess@work.example" not in profile.content.decode()

    hello = "Would you share <b>a group</b>?"
    page = client.post(page_of(tess), {"text": hello}, follow=True).content.decode()
    client.post(page_of(tess), {"text": hello})  # a second tap

    assert "Would you share &lt;b&gt;a group&lt;/b&gt;?" in page
    assert "tess@work.example" not in page
    [message] = Message.objects.all()
    [delivery] = Delivery.objects.filter(kind="member_message")
    assert (delivery.recipient, delivery.payload) == (tess, {"message": message.pk})
    assert Conversation.objects.get().begun_by == therapist

    client.force_login(tess.user)
    assert "Dana Whitlock" in client.get("/directory/messages/").content.decode()
    client.post(page_of(therapist), {"text": "Gladly."})
    client.force_login(therapist.user)
    assert "tess@work.example" in client.get(page_of(tess)).content.decode()
    assert "Gladly." in client.get("/directory/messages/").content.decode()
    assert Conversation.objects.count() == 1


def test_the_mail_holds_the_words_and_no_address(client, therapist):
    tess = TherapistFactory(name="Tess Ng")
    write_to(tess, text="Would you share a group?", by=therapist)
    gone = TherapistFactory()
    write_to(gone, text="Never read", by=therapist)
    BlockFactory(blocker=gone, blocked=therapist)

    send_due()

    states = dict(
        Delivery.objects.filter(kind="member_message").values_list("recipient", "state")
    )
    assert states[gone.pk] == "skipped"


def test_those_who_parted_and_strangers_find_nothing(client, therapist):
    parted = BlockFactory(blocker=therapist).blocked
    parting = BlockFactory(blocked=therapist).blocker
    people = [parted, parting, therapist]
    people += [TherapistFactory(standing=s) for s in set(Standing) - {Standing.MEMBER}]
    before = TherapistFactory()
    write_to(before, text="Hello", by=therapist)
    client.post(reverse("directory:therapist_block", args=[before.pk]))

    for person in [*people, before]:
        assert client.get(page_of(person)).status_code == 404, person.standing
        assert client.post(page_of(person), {"text": "x"}).status_code == 404
        with pytest.raises(DomainError):
            write_to(person, text="x", by=therapist)
    assert "Hello" not in client.get("/directory/messages/").content.decode()
    assert Message.objects.count() == 1


def test_nobody_writes_to_everybody(client, therapist):
    for _number in range(MOST_BEGUN):
        write_to(TherapistFactory(), text="Buy this", by=therapist)
    one_more = TherapistFactory()
    page = client.post(page_of(one_more), {"text": "Buy this"}).content.decode()
    assert "You wrote to many people for the first time today" in page
    assert Conversation.objects.count() == MOST_BEGUN

    known = Conversation.objects.first().other_than(therapist)
    for number in range(MOST_AN_HOUR - MOST_BEGUN):
        write_to(known, text=f"And {number}", by=therapist)
    with pytest.raises(DomainError, match="a lot of messages"):
        write_to(known, text="one more", by=therapist)


def test_a_report_is_decided_by_somebody_else_and_both_are_told(client, therapist):
    tess, moderator = TherapistFactory(name="Tess Ng"), ModeratorFactory()
    write_to(therapist, text="Nasty words", by=tess)
    form = reverse("directory:therapist_report", args=[tess.pk])

    assert client.post(form, {"text": " "}).status_code == 200
    client.post(form, {"text": "She insults me."})
    client.post(form, {"text": "Again.", "with_messages": "on"})

    [report] = Report.objects.all()
    assert report.text == "She insults me.\n\nAgain."
    assert Delivery.objects.filter(kind="report_received").count() == 1
    client.force_login(moderator.user)
    change = reverse("admin:directory_report_change", args=[report.pk])
    assert "Members reported" in client.get("/admin/").content.decode()
    assert "Nasty words" in client.get(change).content.decode()

    decide = reverse("admin:directory_report_decide", args=[report.pk])
    client.post(decide, {"outcome": "spoken", "reason": ""})
    client.post(decide, {"outcome": "nonsense", "reason": "x"})
    assert Report.objects.undecided().exists()
    client.post(decide, {"outcome": "spoken", "reason": "Be kind."})
    client.post(decide, {"outcome": "nothing", "reason": "No."})
    report.refresh_from_db()
    assert (report.outcome, report.reason) == ("spoken", "Be kind.")
    assert report.decided_by == moderator
    told = Delivery.objects.filter(kind="report_decided").values_list("recipient")
    assert {pk for (pk,) in told} == {tess.pk, therapist.pk}


def test_a_report_can_suspend_and_never_by_its_own_people(client, moderator):
    by, tess = TherapistFactory(), TherapistFactory(name="Tess Ng")
    own = Report.objects.create(about=moderator, reporter=by, text="x")
    other = Report.objects.create(about=tess, reporter=by, text="x")

    for report in (own, other):
        url = reverse("admin:directory_report_decide", args=[report.pk])
        client.post(url, {"outcome": "suspended", "reason": "Enough."})

    moderator.refresh_from_db()
    tess.refresh_from_db()
    assert (moderator.standing, tess.standing) == ("member", "suspended")
    assert list(Report.objects.undecided()) == [own]


def test_who_opens_very_many_profiles_is_slowed_down_and_shown_to_moderators(
    client, therapist
):
    cache.set(f"directory:limit:profiles:{therapist.pk}", limits.PROFILES.most - 2, 60)
    url = reverse("directory:therapist_detail", args=[TherapistFactory().pk])

    answers = [client.get(url).status_code for _number in range(4)]

    assert answers == [200, 200, 429, 429]
    [report] = Report.objects.all()
    assert (report.about, report.reporter) == (therapist, None)
    assert "120 profiles in 1 hours" in report.text
    client.force_login(TherapistFactory().user)  # of the same office: nothing shared
    assert client.get(url).status_code == 200
