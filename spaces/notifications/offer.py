"""What becomes of offers, told to who made them and who asked."""

from collections.abc import Callable, Mapping, Sequence

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, Skip
from spaces.appeal import Appeal, appeals_of
from spaces.calendar import invitations
from spaces.coverage import dated_hours
from spaces.enums import OccurrenceState
from spaces.matching import waves_of
from spaces.models import Booking, Need, Offer
from spaces.notifications.links import help_path, need_path
from spaces.notifications.wave import asked_line
from spaces.week import say_hours, say_spans
from spaces.words import say_date, say_price

TO_ASKERS = ["offer_received", "offer_withdrawn"]
TO_HELPERS = ["offer_accepted", "offer_declined", "offer_late"]


def offer_renderer(
    kind: str,
) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        offers = (
            Offer.objects.with_parties()
            .prefetch_related(
                Prefetch("booking", Booking.objects.with_parties().with_dates())
            )
            .in_bulk([row.payload["offer"] for row in rows])
        )
        community = Community.objects.current()
        return {
            row.pk: _offer_mail(
                kind, row.recipient, offers[row.payload["offer"]], community
            )
            for row in rows
            if row.recipient and row.payload["offer"] in offers
        }

    return render


def _offer_mail(
    kind: str, person: Therapist, offer: Offer, community: Community
) -> Mail | Skip:
    need = offer.need
    is_to_helper = kind in TO_HELPERS
    appeal = (
        _appeal_again(need, offer.helper)
        if kind in {"offer_declined", "offer_late"}
        else None
    )
    building = offer.office.building
    dates = list(offer.booking.occurrences.all()) if offer.booking else []
    files = (
        invitations(offer.booking, person)
        if kind == "offer_accepted" and offer.booking
        else []
    )
    return mail_from_templates(
        "spaces",
        kind,
        {
            "offer": offer,
            "need": need,
            "helper": offer.helper,
            "office": offer.office,
            "district": building.district,
            "recipient": person,
            "hours": say_spans(offer.spans),
            "first": say_date(offer.first_date),
            "last": say_date(offer.last_date),
            "price": say_price(offer.price_cents, community.currency),
            "dates": [date for date in dates if date.state == OccurrenceState.BOOKED],
            "lines": [asked_line(asked) for asked in appeal.open] if appeal else [],
            "action_url": absolute_url(_offer_action(kind, person, offer, appeal)),
            "reason": _("You get this because you offered these hours.")
            if is_to_helper
            else _("You get this because you asked for hours."),
            "community": community,
            "timezone": need.timezone,
        },
        files,
    )


def _offer_action(
    kind: str, person: Therapist, offer: Offer, appeal: Appeal | None
) -> str:
    if kind in TO_ASKERS:
        return need_path(offer.need, person)
    if kind == "offer_accepted" and offer.booking:
        return offer.booking.get_absolute_url()
    return help_path(appeal.wave, person) if appeal else reverse("spaces:emergency")


def _appeal_again(need: Need, helper: Therapist) -> Appeal | None:
    """What else this helper could still offer, after their hours went to somebody else."""
    wave = waves_of(need).select_related("incident").order_by("-number").first()
    if wave is None:
        return None
    return appeals_of([(wave, helper)])[wave.pk, helper.pk]


def render_thanks(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    needs = (
        Need.objects.with_people()
        .with_hours()
        .in_bulk([row.payload["need"] for row in rows])
    )
    community = Community.objects.current()
    return {
        row.pk: _thanks(need, row.recipient, community)
        for row in rows
        if row.recipient and (need := needs.get(row.payload["need"]))
    }


def _thanks(need: Need, helper: Therapist, community: Community) -> Mail | Skip:
    minutes = sum(
        int((item.period.upper - item.period.lower).total_seconds()) // 60
        for item in dated_hours(need)
        if item.period
    )
    return mail_from_templates(
        "spaces",
        "need_covered_thanks",
        {
            "need": need,
            "name": need.therapist.first_name,
            "helper": helper,
            "hours": say_hours(minutes),
            "action_url": absolute_url(reverse("spaces:emergency")),
            "reason": _("You get this because you offered hours."),
            "community": community,
        },
    )
