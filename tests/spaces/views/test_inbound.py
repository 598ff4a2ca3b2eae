"""Answers by mail, through the webhook, as Postmark sends them."""

import base64
import copy
import json
import re
from datetime import timedelta

import pytest
from django.test import override_settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from community.webhooks import webhooks_of
from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.need import publish_need
from spaces.domain.offer import accept_offer, offer_hours
from spaces.hours import Span, merge_spans
from spaces.models import Answer, Offer, Reply, WaveRecipient
from spaces.reply import understand
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    HelperFactory,
    NeedFactory,
    OfficeFactory,
    PledgeFactory,
)
from tests.providers import BASIC, MAILGUN, signed_by_mailgun
from tests.spaces.answers import (
    ADDRESS,
    EARLY,
    EVENING,
    LATE,
    MORNING,
    address_of,
    rendered,
    told_by_mail,
)

pytestmark = pytest.mark.django_db
URL = "/anymail/postmark/inbound/"
SECRET = "postmark:only-for-tests-0123456789"


@pytest.fixture(autouse=True)
def _answers_are_taken(settings):
    settings.INBOUND_ADDRESS = ADDRESS


@pytest.fixture(scope="module", autouse=True)
def _told(module_db):
    with override_settings(INBOUND_ADDRESS=ADDRESS):
        return told_by_mail(EARLY)


@pytest.fixture
def told(_told):
    return copy.deepcopy(_told)


def payload(to, text, *, sender="mara@example.org", headers=(), **more):
    """What Postmark posts for a mail that came in."""
    return {
        "FromName": "Mara",
        "MessageStream": "inbound",
        "From": sender,
        "FromFull": {"Email": sender, "Name": "Mara", "MailboxHash": ""},
        "To": to,
        "ToFull": [{"Email": to, "Name": "", "MailboxHash": ""}],
        "Cc": "",
        "CcFull": [],
        "Bcc": "",
        "BccFull": [],
        "OriginalRecipient": to,
        "Subject": "Re: Needed: Wed 17–21 near Rockridge – can you help?",
        "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
        "ReplyTo": "",
        "MailboxHash": "",
        "Date": "Sun, 22 Nov 2026 19:17:00 +0000",
        "TextBody": text,
        "HtmlBody": "",
        "StrippedTextReply": "",
        "Tag": "",
        "Headers": [
            {"Name": "Return-Path", "Value": f"<{sender}>"},
            {"Name": "Message-ID", "Value": f"<{hash(text)}@example.org>"},
            *({"Name": name, "Value": value} for name, value in headers),
        ],
        "Attachments": [],
        **more,
    }


def post(client, body, secret=SECRET):
    basic = base64.b64encode(secret.encode()).decode()
    return client.post(
        URL,
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Basic {basic}"},
    )


def answer(client, told, text, **more):
    response = post(client, payload(address_of(told), text, **more))
    assert response.status_code == 200
    return Reply.objects.first()


def offered():
    return [
        (offer.status, offer.office.name, offer.price_cents, offer.spans)
        for offer in Offer.objects.with_parties().order_by("pk")
    ]


QUOTED = "\n\nOn Sun, 22 Nov 2026 Rooms wrote:\n> yes all\n> no\n"


@pytest.mark.parametrize(
    ("text", "spans", "noted"),
    [
        ("yes all", [EVENING, MORNING], "Wed 17:00–21:00, Thu 09:00–12:00"),
        ("yes Wed", [EVENING], "Wed 17:00–21:00"),
        ("Yes Wed 5-7pm, Thu\n\nMara", [EARLY, MORNING], "Wed 17:00–19:00, Thu 09:00"),
    ],
)
def test_a_plain_yes_offers_exactly_these_hours(client, told, text, spans, noted):
    answer(client, told, text + QUOTED)

    assert offered() == [("offered", "Garden room", 0, spans)]
    assert Answer.objects.get().choice == "offers"
    mail = rendered("reply_noted")[told.recipient]
    assert noted in mail.text
    assert "Garden room, free" in mail.text
    assert "/spaces/help/" in mail.text
    assert set(Delivery.objects.values_list("kind", flat=True)) == {
        "wave",
        "offer_received",
        "reply_noted",
    }


@pytest.mark.parametrize(
    ("text", "choice", "subject"),
    [
        ("no", "not_now", "Noted: not this time"),
        (
            "Not for this incident.",
            "not_this_incident",
            "Noted: no more mail about this",
        ),
    ],
)
def test_a_plain_no_is_a_no_and_takes_back_what_was_offered(
    client, told, text, choice, subject
):
    answer(client, told, "yes Wed")
    answer(client, told, text)

    assert [status for status, *_ in offered()] == ["withdrawn"]
    assert Answer.objects.get().choice == choice
    said = [mail.subject for mail in message_texts("reply_noted")]
    assert said == ["Noted: you offer Wed 17:00–21:00", subject]


def message_texts(kind):
    rows = list(Delivery.objects.filter(kind=kind).order_by("pk"))
    mails = message_kind(kind).render(rows)
    return [mails[row.pk] for row in rows]


@pytest.mark.parametrize(
    ("text", "understood", "ticked"),
    [
        ("I think Wed 17-19 works, yes", "Do you mean: yes, Wed 17:00–19:00", [EARLY]),
        ("yes Wed 5-7", "the morning or the evening", [EARLY]),
        ("yes Thu or Fri", "Do you mean: yes, Thu 09:00–12:00?", [MORNING]),
        ("yes Wed 16-19", "are not open", [EARLY]),
        ("yes", "Which of the hours", [EVENING, MORNING]),
        ("Can I call you?", "could not read a plain yes", []),
        ("Not Wed, sorry", "could not read a plain yes", []),
    ],
)
def test_what_is_not_plain_is_asked_with_a_link_that_has_it_ticked(
    client, told, text, understood, ticked
):
    answer(client, told, text)

    assert not Offer.objects.exists()
    assert not Answer.objects.exists()
    mail = rendered("reply_asked")[told.recipient]
    assert understood in mail.text
    assert mail.headers["Reply-To"] == address_of(told)
    page = client.get(action_of(mail))
    chosen = [card["asked"].span for card in page.context["cards"] if card["is_ticked"]]
    assert Offer.objects.count() == 0
    assert ("Yes, offer what is ticked" in page.content.decode()) == bool(ticked)
    if ticked:
        painted = page.context["form"].initial["more"]
        assert merge_spans([*chosen, *painted]) == ticked


def action_of(mail):
    [url] = [
        line
        for line in mail.text.splitlines()
        if line.startswith("http://") and "/help/" in line
    ]
    return url.removeprefix("http://localhost:8000")


def test_one_tap_there_offers_it(client, told):
    answer(client, told, "I think Wed 17-19 works, yes")
    link = action_of(rendered("reply_asked")[told.recipient])
    form = client.get(link).context["form"]
    hours = [
        card["value"] for card in client.get(link).context["cards"] if card["is_ticked"]
    ]

    client.post(
        link,
        {"hours": hours, "office": form.initial["office"], "answer": "offer"},
    )

    assert offered() == [("offered", "Garden room", 0, [EARLY])]


def test_the_same_mail_again_changes_nothing(client, told):
    for _time in range(3):
        answer(client, told, "yes Wed")

    answer(client, told, "no")
    answer(client, told, "yes Wed")  # kept somewhere, and handed in once more

    assert [status for status, *_ in offered()] == ["withdrawn"]
    assert Reply.objects.count() == 2
    assert Delivery.objects.filter(kind="reply_noted").count() == 2


def test_thanks_for_our_mail_get_no_mail(client, told):
    assert answer(client, told, "Thank you!\n\nMara").outcome == "asked"
    answer(client, told, "yes Wed")

    assert answer(client, told, "Thanks, Dana\nMara").outcome == "done"
    assert len(offered()) == 1
    kinds = Delivery.objects.values_list("kind", flat=True)
    assert sorted(kinds) == ["offer_received", "reply_asked", "reply_noted", "wave"]


def test_what_we_say_one_can_answer_is_plain(client, told):
    for way in ways_in(rendered("wave")[told.recipient].text):
        assert understand(way).is_plain, way
    assert answer(client, told, "hm").outcome == "asked"
    for way in ways_in(rendered("reply_asked")[told.recipient].text):
        reply = answer(client, told, way)
        assert reply.outcome == "done" or "on top" in reply.note


def ways_in(text):
    [line] = [line for line in text.splitlines() if line.startswith("Or answer")]
    return re.findall("“(.*?)”", line)


def test_html_alone_is_enough(client, told):
    answer(client, told, "", HtmlBody="<div>Yes <b>Wed</b><br>Mara</div>")

    assert offered() == [("offered", "Garden room", 0, [EVENING])]


def test_all_means_what_the_mail_listed_and_is_still_open(client, told):
    wave = told.wave
    more = Span(4, 540, 720)
    wave.need.hours.create(weekday=4, start=540, end=720)
    rival = HelperFactory()
    office = OfficeFactory(hosts=[rival])
    offer_hours(wave, by=rival, office=office, spans=[MORNING])

    answer(client, told, "yes all")

    [mine] = Offer.objects.filter(helper=told.recipient)
    assert mine.spans == [EVENING]
    assert more not in mine.spans


def test_which_of_two_rooms_the_mail_said_or_we_ask(client, told):
    OfficeFactory(hosts=[told.recipient], name="Attic")

    assert answer(client, told, "yes Wed 19-21").outcome == "asked"
    assert "Which room" in rendered("reply_asked")[told.recipient].text
    assert answer(client, told, "yes Wed 17-19").outcome == "done"
    assert offered() == [("offered", "Garden room", 0, [EARLY])]


def test_more_hours_than_were_offered_are_asked_about(client, told):
    answer(client, told, "yes Wed")

    reply = answer(client, told, "yes Thu")

    assert reply.outcome == "asked"
    assert "on top, or instead" in reply.note
    assert [spans for *_, spans in offered()] == [[EVENING]]
    assert answer(client, told, "Yes, Wed").outcome == "done"


def test_what_was_offered_on_the_page_keeps_its_price(client, told):
    offer_hours(
        told.wave,
        by=told.recipient,
        office=told.recipient.offices.get(),
        spans=[EVENING],
        price_cents=2000,
    )

    assert answer(client, told, "yes Wed").outcome == "asked"
    assert offered() == [("offered", "Garden room", 2000, [EVENING])]


def test_whoever_has_no_room_that_would_do_is_asked_for_one(client, told):
    told.recipient.offices.update(capacity=1)

    assert answer(client, told, "yes Wed").outcome == "asked"
    assert not Offer.objects.exists()


def test_what_was_pledged_is_offered_as_pledged_and_nothing_beyond(client):
    told = told_by_mail()
    room = told.recipient.offices.get()
    pledge = PledgeFactory(therapist=told.recipient, office=room, price_cents=1500)
    assert "as you pledged them" in rendered("wave")[told.recipient].text

    assert "beyond your pledge" in answer(client, told, "yes all").note
    assert answer(client, told, "yes Wed").outcome == "done"

    [offer] = Offer.objects.all()
    assert (offer.price_cents, offer.spans) == (pledge.price_cents, [EVENING])
    assert offer.last_date < told.wave.need.last_date
    said = rendered("reply_noted")[told.recipient].text
    assert "Wed 17:00–21:00, in Garden room, $15 / hour, until" in said


def test_hours_all_covered_by_then(client, told):
    rival = HelperFactory()
    office = OfficeFactory(hosts=[rival])
    [offer] = offer_hours(told.wave, by=rival, office=office, spans=[EVENING, MORNING])

    assert "have offered these" in answer(client, told, "yes all").note
    accept_offer(offer, by=offer.need.author)
    assert answer(client, told, "yes Wed").outcome == "too_late"
    assert Offer.objects.filter(helper=told.recipient).count() == 0


@pytest.mark.urls("tests.providers")
def test_another_providers_way_of_handing_it_in(client, told, settings):
    settings.ANYMAIL = MAILGUN
    mime = [
        "From: Mara <mara@example.org>",
        f"To: {address_of(told)}",
        "Subject: Re: Needed",
        "Message-ID: <one@example.org>",
        "",
        f"yes Wed{QUOTED}",
    ]
    mail = {
        "recipient": address_of(told),
        "sender": "mara@example.org",
        "body-mime": "\r\n".join(mime),
        **signed_by_mailgun(),
    }

    for signature in ("0" * 64, mail["signature"]):
        mail["signature"] = signature
        response = client.post("/also/mailgun/inbound_mime/", mail, headers=BASIC)
        assert bool(offered()) == (response.status_code == 200)

    assert offered() == [("offered", "Garden room", 0, [EVENING])]


# --- Who --------------------------------------------------------------------------------


def test_the_senders_name_proves_nothing_the_address_does(client, told):
    answer(client, told, "yes Wed", sender="somebody@elsewhere.example")

    assert len(offered()) == 1
    assert rendered("reply_noted").keys() == {told.recipient}


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        "answer+1@rooms.example.org",
        "answer+{told}-aaaaaaaaaaaaaaaaaaaaaaaa@rooms.example.org",
        "answer+99999-{signature}@rooms.example.org",
    ],
)
def test_an_address_that_is_not_whole_is_refused_once_and_only_to_a_member(
    client, told, address
):
    signature = address_of(told).partition("-")[2].partition("@")[0]
    to = address.format(told=told.pk, signature=signature)
    member = TherapistFactory()

    for number in range(3):
        text = f"yes Wed {number}"
        assert post(client, payload(to, text)).status_code == 200
        post(client, payload(to, text, sender=member.address.upper()))

    assert not Reply.objects.exists()
    assert not Offer.objects.exists()
    assert list(rendered("reply_refused")) == [member]


def test_other_mail_is_none_of_our_business(client, told):
    member = TherapistFactory()

    post(client, payload("sales@rooms.example.org", "yes", sender=member.address))

    assert not Reply.objects.exists()
    assert not Delivery.objects.exclude(kind="wave").exists()


def test_an_old_address_is_refused_once(client, told):
    WaveRecipient.objects.update(created_at=timezone.now() - timedelta(days=31))

    for text in ("yes Wed", "yes all", "no"):
        assert answer(client, told, text).outcome == "expired"

    assert not Offer.objects.exists()
    assert list(rendered("reply_refused")) == [told.recipient]


def test_who_is_no_member_any_more_is_not_heard(client, told):
    told.recipient.standing = "suspended"
    told.recipient.save()

    assert answer(client, told, "yes Wed").outcome == "not_allowed"
    assert not Delivery.objects.exclude(kind="wave").exists()


def test_a_capital_letter_on_the_way_does_no_harm(client, told):
    to = address_of(told).upper()

    post(client, payload(to, "yes Wed"))

    assert len(offered()) == 1


def test_machines_are_left_alone(client, told):
    headers = [("Auto-Submitted", "auto-replied")]

    assert answer(client, told, "yes all", headers=headers).outcome == "automatic"
    assert not Offer.objects.exists()
    assert not Delivery.objects.exclude(kind="wave").exists()


def test_after_a_dozen_answers_we_are_silent(client, told):
    for number in range(15):
        answer(client, told, f"hm {number}")

    assert Reply.objects.count() == 12
    assert Delivery.objects.filter(kind="reply_asked").count() == 12


def test_nothing_of_the_mail_is_kept(client, told, moderator):
    secret = "xyzzy"
    files = [
        {
            "Name": f"{secret}.txt",
            "Content": base64.b64encode(secret.encode()).decode(),
            "ContentType": "text/plain",
            "ContentLength": 5,
        }
    ]
    answer(client, told, f"{secret} yes no", Attachments=files)
    answer(client, told, "no")

    rows = [
        *Reply.objects.values(),
        *Delivery.objects.values(),
        *Answer.objects.values(),
    ]
    assert secret not in repr(rows)
    page = client.get(reverse("admin:spaces_reply_changelist")).content.decode()
    reply = Reply.objects.first()
    detail = client.get(
        reverse("admin:spaces_reply_change", args=[reply.pk])
    ).content.decode()
    assert "Mara Ellison" in page
    assert "Understood and done" in page
    assert "Not this time" not in page + detail


# --- The door ---------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "postmark:wrong"])
def test_without_the_secret_nobody_is_let_in(client, told, secret):
    assert post(client, payload(address_of(told), "yes Wed"), secret).status_code == 400
    assert not Reply.objects.exists()


def test_there_is_one_providers_webhook_only(client):
    assert client.post("/anymail/mailgun/inbound/").status_code == 404
    assert {pattern.name for pattern in webhooks_of("postmark")[0]} == {
        "postmark_inbound_webhook",
        "postmark_tracking_webhook",
    }
    with pytest.raises(NoReverseMatch):
        reverse("anymail:mailgun_inbound_webhook")


def test_mails_promise_it_only_where_it_works(told, settings):
    mail = rendered("wave")[told.recipient]
    assert "Or answer this mail" in mail.text
    assert "Or answer this mail" in mail.html
    assert mail.headers["Reply-To"] == address_of(told)
    assert len(address_of(told).partition("@")[0]) <= 64

    settings.INBOUND_ADDRESS = "*@answers.example.org"
    assert rendered("wave")[told.recipient].headers["Reply-To"] == (address_of(told))
    assert address_of(told).startswith(f"{told.pk}-")

    settings.INBOUND_ADDRESS = ""
    mail = rendered("wave")[told.recipient]
    assert "answer this mail" not in mail.text + mail.html
    assert mail.headers == {}


def test_two_needs_in_one_answer(client, told):
    need = NeedFactory(status="draft", published_at=None, spans=[LATE])
    publish_need(need, by=need.author)

    answer(client, told, "yes Wed")

    assert {offer.need for offer in Offer.objects.all()} == {told.wave.need}
