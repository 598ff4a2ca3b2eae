from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Delivery
from directory.registry import Mail, Skip, message_kind
from spaces.domain.incident import (
    confirm_incident,
    dismiss_incident,
    end_incident,
    give_word,
    move_reopening,
    report_incident,
)
from spaces.domain.need import publish_need
from spaces.domain.offer import (
    accept_offer,
    decline_offer,
    offer_hours,
    withdraw_offer,
)
from spaces.enums import IncidentKind
from spaces.hours import Span
from spaces.models import Incident
from spaces.notifications.emergency import INCIDENT_KINDS
from spaces.notifications.offer import TO_ASKERS, TO_HELPERS
from tests.factories.directory import InvitedFactory, ModeratorFactory
from tests.factories.spaces import (
    HelperFactory,
    IncidentFactory,
    IncidentScopeFactory,
    NeedFactory,
    OfferFactory,
    OfficeFactory,
    UsualHoursFactory,
    WaveFactory,
    helper_with_hours,
)
from tests.spaces.calendars import standing_in

pytestmark = pytest.mark.django_db

EARLY, LATE = Span(2, 17 * 60, 19 * 60), Span(2, 19 * 60, 21 * 60)
LATER = {"first_date": timezone.now().date() + timedelta(days=1)}
EVERY_KIND = [*INCIDENT_KINDS, *TO_ASKERS, *TO_HELPERS, "wave", "need_covered_thanks"]


def rendered():
    """Every message there is, by kind."""
    said = {}
    for kind in EVERY_KIND:
        rows = list(
            Delivery.objects.filter(kind=kind).select_related("recipient__user")
        )
        said[kind] = list(message_kind(kind).render(rows).values()) if rows else []
    return said


def mails(kind):
    return [mail for mail in rendered()[kind] if isinstance(mail, Mail)]


def an_incident():
    office = OfficeFactory(building__name="Piedmont House")
    UsualHoursFactory(office=office)
    incident = IncidentFactory(scope=None, summary="Smoke & soot")
    IncidentScopeFactory(incident=incident, building=office.building)
    return incident


def report_one():
    office = OfficeFactory(building__name="Piedmont House")
    ModeratorFactory()
    report_incident(office.building, by=office.hosts.get(), kind=IncidentKind.FIRE)


def confirm_one():
    return confirm_incident(an_incident(), by=ModeratorFactory())


def move_one():
    scope = confirm_one().scopes.get()
    move_reopening(scope, by=ModeratorFactory(), until=scope.until + timedelta(days=14))


def dismiss_one():
    dismiss_incident(confirm_one(), by=ModeratorFactory())


def end_one():
    end_incident(confirm_one(), by=ModeratorFactory())


def an_offer(**fields):
    need = NeedFactory(therapist__name="Dana Whitlock", **LATER)
    WaveFactory(need=need)
    helper = HelperFactory(name="Mara Ellison")
    office = OfficeFactory(hosts=[helper], name="Garden room")
    return OfferFactory(
        need=need, helper=helper, office=office, spans=[EARLY], **fields
    )


def offer_one():
    offer = an_offer()
    offer_hours(
        offer.need.waves.get(),
        by=offer.helper,
        office=OfficeFactory(hosts=[offer.helper], name="Garden room"),
        spans=[LATE],
        message="Use my <kettle>.",
    )


def withdraw_one():
    offer = an_offer()
    withdraw_offer(offer, by=offer.helper)


def accept_one():
    offer = an_offer()
    accept_offer(offer, by=offer.need.author)


def decline_one():
    offer = an_offer()
    decline_offer(offer, by=offer.need.author)


def come_late():
    offer = an_offer()
    rival = OfferFactory(need=offer.need, spans=[EARLY])
    accept_offer(rival, by=offer.need.author)


def cover_one():
    offer = an_offer()
    rest = OfferFactory(need=offer.need, spans=[LATE])
    for each in (offer, rest):
        accept_offer(each, by=offer.need.author)


def ask_many():
    helper_with_hours(EARLY, name="Garden room", helper_name="Mara Ellison")
    need = NeedFactory(
        therapist__name="Dana Whitlock",
        status="draft",
        published_at=None,
        most_cents=2500,
        incident=IncidentFactory(),
        **LATER,
    )
    publish_need(need, by=need.author)


CASES = {
    "incident_reported": (report_one, "Piedmont House", "/spaces/incidents/word/"),
    "displaced": (confirm_one, "displaced", "/spaces/needs/"),
    "incident_moved": (move_one, "open again on", "/spaces/needs/"),
    "incident_dismissed": (dismiss_one, "false alarm", "/spaces/needs/"),
    "incident_over": (end_one, "open again", "/spaces/needs/"),
    "offer_received": (offer_one, "Mara offers you Wed 19:00–21:00", "/spaces/needs/"),
    "offer_withdrawn": (withdraw_one, "Mara has taken back", "/spaces/needs/"),
    "offer_accepted": (accept_one, "Dana takes your hours", "/spaces/bookings/"),
    "offer_declined": (decline_one, "Thank you for offering", "/spaces/help/"),
    "offer_late": (come_late, "Wed 17:00–19:00 is covered", "/spaces/help/"),
    "need_covered_thanks": (cover_one, "Dana are covered", "/spaces/emergency/"),
    "wave": (ask_many, "Needed: Wed 17–21", "/spaces/help/"),
}


def test_every_kind_has_its_case():
    assert set(CASES) == set(EVERY_KIND)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_what_each_mail_says_and_where_it_leads(kind):
    happen, subject, path = CASES[kind]
    happen()

    found = mails(kind)

    assert found
    for mail in found:
        assert subject in mail.subject
        assert f"http://localhost:8000{path}" in mail.text
        assert f"http://localhost:8000{path}" in mail.html
        assert "You get this because" in mail.text
        assert "\n\n\n" not in mail.text
        assert "{" not in mail.text + mail.subject


def test_an_acceptance_brings_the_dates_and_a_calendar_file():
    accept_one()

    [mail] = mails("offer_accepted")

    [attachment] = mail.attachments
    assert attachment.name == "room.ics"
    assert len(standing_in(attachment.content)) == 4


def test_plain_text_is_plain_and_html_is_escaped():
    offer_one()

    [mail] = mails("offer_received")

    assert "Use my <kettle>." in mail.text
    assert "Use my &lt;kettle&gt;." in mail.html


def test_a_report_that_is_decided_asks_nobody_any_more():
    report_one()
    incident = give_word(Incident.objects.get(), by=ModeratorFactory(), is_true=True)

    assert incident.status == "confirmed"
    said = rendered()["incident_reported"]
    assert {type(each) for each in said} == {Skip}


def test_offers_to_someone_without_a_sign_in_lead_to_their_own_link():
    need = NeedFactory(therapist=InvitedFactory(), **LATER)
    wave = WaveFactory(need=need)
    helper = OfficeFactory(hosts=[HelperFactory()]).hosts.get()
    offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])

    [mail] = mails("offer_received")

    assert "/spaces/needs/link/" in mail.text


def test_limits_of_price_are_said():
    ask_many()

    [mail] = mails("wave")

    assert "up to $25 / hour" in mail.text
    assert "Dana lost their rooms near Rockridge: a fire." in mail.text
