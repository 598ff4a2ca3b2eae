"""Last week's trouble in the demo: a room without heating, open again; what its host borrowed from the demo's own host
meanwhile is a question to both. And a word or two on the page of the flooded house."""

from datetime import timedelta

from django.utils import timezone

from directory.models import Therapist
from spaces import hours
from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.stretches import SUN
from spaces.domain.borrowed.answering import propose_sublet
from spaces.domain.building_post import post_to_building
from spaces.domain.entering import enter_booking
from spaces.domain.host_entry import plan_entry
from spaces.domain.incident import end_incident, report_incident
from spaces.enums import BookingSource, IncidentKind, NeedStatus, OfferStatus
from spaces.models import (
    BorrowedRoom,
    BuildingPost,
    Incident,
    Need,
    Offer,
    OfferHour,
    Office,
)
from spaces.models.need import NeedHour

SPAN = hours.Span(SUN, 9 * 60, 12 * 60)
AGO = timedelta(days=9)
LENT_FOR = timedelta(weeks=5)


def lend_and_reopen(people: People, places: Places) -> None:
    own, guest = _host_alone(people, places)
    incident = report_incident(
        own.building,
        by=guest,
        kind=IncidentKind.POWER,
        offices=[own],
        summary="The boiler broke down",
    )
    offer = _offer(incident, guest, places.quiet, people.host)
    planned = plan_entry(
        places.quiet,
        spans=[SPAN],
        first_date=offer.first_date,
        last_date=offer.last_date,
        price_cents=0,
    )
    offer.booking = enter_booking(
        places.quiet,
        guest=guest,
        periods=[item.period for item in planned if item.is_free and item.period],
        price_cents_an_hour=0,
        source=BookingSource.OFFER,
        by=guest,
    )
    offer.save(update_fields=["booking"])
    end_incident(incident, by=guest)
    borrowed = BorrowedRoom.objects.get(booking=offer.booking)
    propose_sublet(
        borrowed,
        by=guest,
        first_date=timezone.localdate() + timedelta(days=1),
        last_date=timezone.localdate() + timedelta(weeks=20),
        spans=[SPAN],
        price_cents=1600,
    )
    Incident.objects.filter(pk=incident.pk).update(
        began_at=incident.began_at - AGO,
        created_at=incident.created_at - AGO,
        decided_at=incident.began_at - AGO,
    )


def talk(places: Places) -> None:
    """In the house that is under water now, before it was."""
    room, other = places.flooded[1:3]
    for office, text in (
        (room, "Does anybody have a spare key for the bicycle cellar?"),
        (other, "The lift is being repaired until Thursday. The stairs are lit."),
    ):
        post_to_building(room.building, by=places.hosts[office.pk][0], text=text)
    BuildingPost.objects.update(created_at=timezone.now() - AGO)


def _host_alone(people: People, places: Places) -> tuple[Office, Therapist]:
    """A room with one host, none of those one can be."""
    cast = {people.moderator, people.host, people.displaced, people.associate}
    for office in places.others:
        hosts = places.hosts[office.pk]
        if len(hosts) == 1 and hosts[0] not in cast:
            return office, hosts[0]
    raise LookupError("No such room in the demo.")


def _offer(
    incident: Incident, guest: Therapist, office: Office, helper: Therapist
) -> Offer:
    first = timezone.localdate() + timedelta(days=1)
    need = Need.objects.get(incident=incident, therapist=guest)
    need.hours.all().delete()
    NeedHour.objects.create(need=need, weekday=SPAN[0], start=SPAN[1], end=SPAN[2])
    need.first_date, need.last_date = first, first + LENT_FOR
    need.status = NeedStatus.COVERED
    need.save()
    offer = Offer.objects.create(
        need=need,
        helper=helper,
        office=office,
        status=OfferStatus.ACCEPTED,
        first_date=first,
        last_date=need.last_date,
        message="On Sundays I never use it.",
    )
    OfferHour.objects.create(offer=offer, weekday=SPAN[0], start=SPAN[1], end=SPAN[2])
    return offer
