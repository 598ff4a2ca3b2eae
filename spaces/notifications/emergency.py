"""What mails of the bad day say, at the moment they leave. A wave's mail tells what is open then, or is not sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.geo import METRES
from directory.links import sign
from directory.models import Community, Delivery, Therapist
from directory.notifications import absolute_url, mail_from_templates, unsubscribe_url
from directory.registry import (
    Mail,
    MessageKind,
    Postpone,
    Skip,
    register_emergency_open,
    register_message,
)
from spaces.appeal import Appeal, appeals_of
from spaces.calendar import invitations
from spaces.coverage import dated_hours
from spaces.enums import (
    AnswerChoice,
    IncidentStatus,
    NeedStatus,
    OccurrenceState,
    WaveState,
)
from spaces.matching import is_emergency_open, waves_of
from spaces.models import Answer, Booking, Incident, Need, Offer, Wave, WaveRecipient
from spaces.models.incident import IN_FORCE
from spaces.week import say_hours, say_spans
from spaces.words import say_date, say_price

# Purposes of signed links, and how long they work.
HELP, WORD, NEED = "help", "word", "need"
LINK_DAYS = {
    HELP: timedelta(days=30),
    WORD: timedelta(days=14),
    NEED: timedelta(days=60),
}

INCIDENT_KINDS = [
    "incident_reported",
    "displaced",
    "incident_moved",
    "incident_dismissed",
    "incident_over",
]
TO_ASKERS = ["offer_received", "offer_withdrawn"]
TO_HELPERS = ["offer_accepted", "offer_declined", "offer_late"]
PAUSE = timedelta(minutes=10)  # how soon a paused wave's mails are looked at again


def register() -> None:
    """Called once, at start."""
    for kind in INCIDENT_KINDS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, incident_renderer(kind))
        )
    for kind in [*TO_ASKERS, *TO_HELPERS]:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, offer_renderer(kind))
        )
    register_message(
        MessageKind("need_covered_thanks", Priority.ESSENTIAL, None, render_thanks)
    )
    register_message(
        MessageKind(
            "wave",
            Priority.WAVE,
            Topic.EMERGENCIES,
            render_wave,
            wanted=wanted_wave,
            urgent=urgent_wave,
        )
    )
    register_emergency_open(is_emergency_open)


# --- Links -----------------------------------------------------------------------------


def help_path(wave: Wave, helper: Therapist) -> str:
    return reverse("spaces:offer_answer", args=[sign(HELP, wave=wave.pk, to=helper.pk)])


def word_path(incident: Incident, person: Therapist) -> str:
    return reverse(
        "spaces:incident_word", args=[sign(WORD, incident=incident.pk, to=person.pk)]
    )


def need_path(need: Need, person: Therapist) -> str:
    """For those who have no sign-in yet, a link that is theirs alone; their address is the proof."""
    if person.user_id:
        return need.get_absolute_url()
    return reverse("spaces:need_link", args=[sign(NEED, need=need.pk, to=person.pk)])


# --- The incident ----------------------------------------------------------------------


def incident_renderer(
    kind: str,
) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        incidents = Incident.objects.prefetch_related(
            "scopes__building", "scopes__office"
        ).in_bulk(_ids(rows, "incident"))
        community = Community.objects.current()
        return {
            row.pk: _incident_mail(kind, row, incident, community)
            for row in rows
            if (incident := incidents.get(row.payload["incident"]))
        }

    return render


def _incident_mail(
    kind: str, row: Delivery, incident: Incident, community: Community
) -> Mail | Skip:
    scopes = list(incident.scopes.all())
    if row.recipient is None or not scopes:
        return Skip("nobody to tell")
    if kind == "incident_reported" and incident.status not in {
        IncidentStatus.REPORTED,
        IncidentStatus.PROVISIONAL,
    }:
        return Skip("decided meanwhile")
    if kind in {"displaced", "incident_moved"} and incident.status not in IN_FORCE:
        return Skip("not in force any more")
    needs = _needs(incident, row.recipient)
    building = scopes[0].building
    return mail_from_templates(
        "spaces",
        kind,
        {
            "incident": incident,
            "building": building,
            "scopes": scopes,
            "offices": [scope.office for scope in scopes if scope.office],
            "until": max(scope.until for scope in scopes),
            "recipient": row.recipient,
            "needs": needs,
            "action_url": absolute_url(
                _incident_action(kind, incident, row.recipient, needs)
            ),
            "incident_url": absolute_url(incident.get_absolute_url()),
            "reason": _reason(kind),
            "community": community,
            "timezone": building.timezone,
        },
    )


def _incident_action(
    kind: str, incident: Incident, person: Therapist, needs: Sequence[dict[str, Any]]
) -> str:
    if kind == "incident_reported":
        return word_path(incident, person)
    if needs:
        return str(needs[0]["path"])
    return incident.get_absolute_url()


def _needs(incident: Incident, person: Therapist) -> list[dict[str, Any]]:
    """Their own first, then those of trainees they ask for."""
    needs = (
        Need.objects.of(person)
        .filter(incident=incident)
        .exclude(status=NeedStatus.EXPIRED)
    )
    return [
        {
            "need": need,
            "is_own": need.therapist_id == person.pk,
            "name": need.therapist.first_name,
            "hours": say_spans(need.spans),
            "path": need_path(need, person),
            "url": absolute_url(need_path(need, person)),
        }
        for need in sorted(
            needs.with_people().with_hours(),
            key=lambda need: need.therapist_id != person.pk,
        )
    ]


def _reason(kind: str) -> str:
    if kind == "incident_reported":
        return _(
            "You get this because you have a room or hours in this building, or because you moderate."
        )
    return _(
        "You get this because your own hours, or those of somebody you supervise, are concerned. It always arrives."
    )


# --- The wave --------------------------------------------------------------------------


def render_wave(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    community = Community.objects.current()
    return {pk: _wave_mail(appeal, community) for pk, appeal in _appeals(rows).items()}


def _wave_mail(appeal: Appeal, community: Community) -> Mail | Skip:
    if not appeal.open:
        return Skip("nothing is open any more")
    most = appeal.most_cents
    return mail_from_templates(
        "spaces",
        "wave",
        {
            "appeal": appeal,
            "lines": [_line(asked) for asked in appeal.open],
            "fits": any(asked.is_free for asked in appeal.open),
            "weeks": appeal.weeks,
            "most": None if most is None else say_price(most, community.currency),
            "action_url": absolute_url(help_path(appeal.wave, appeal.helper)),
            "reason": _why_told(appeal, community),
            "unsubscribe_url": unsubscribe_url(appeal.helper, Topic.EMERGENCIES),
            "community": community,
            "timezone": appeal.needs[0].timezone,
        },
    )


def _line(asked: Any) -> dict[str, str]:
    you = (
        _("you: free, %(office)s") % {"office": asked.office}
        if asked.office
        else _("you: not posted")
    )
    people = (
        _(", group of %(count)s") % {"count": asked.people} if asked.people > 2 else ""
    )
    return {
        "hours": say_spans([asked.span]) + people,
        "since": _("from %(date)s") % {"date": date_format(asked.dates[0].day, "j M")},
        "you": you,
    }


def _why_told(appeal: Appeal, community: Community) -> str:
    cap = appeal.helper.daily_cap or community.daily_cap
    far = f"{appeal.helper.emergency_radius_km * 1000 / METRES[community.distance_unit]:.0f} {community.distance_unit}"  # type: ignore[index]
    return _(
        "You get this because you said you would help within %(far)s. At most %(cap)s a day, in your quiet hours only "
        "if the first hour is needed within a day."
    ) % {"far": far, "cap": cap}


def wanted_wave(rows: Sequence[Delivery]) -> Mapping[int, Skip | Postpone]:
    """Standing, topic, quiet hours and cap are looked at for every kind; this is what a wave adds."""
    states = dict(
        Wave.objects.filter(pk__in=_ids(rows, "wave")).values_list("pk", "state")
    )
    refused, superseded = _refused(rows), _superseded(rows)
    objections: dict[int, Skip | Postpone] = {}
    for row in rows:
        if row.recipient is None or not row.recipient.helps_in_emergencies:
            objections[row.pk] = Skip("opted out")
        elif states.get(row.payload["wave"]) in {None, WaveState.STOPPED}:
            objections[row.pk] = Skip("the wave was stopped")
        elif row.pk in refused:
            objections[row.pk] = Skip("not for this incident")
        elif row.pk in superseded:
            objections[row.pk] = Skip("a later wave tells them")
        elif states[row.payload["wave"]] == WaveState.PAUSED:
            objections[row.pk] = Postpone(timezone.now() + PAUSE, "the wave is paused")
    return objections


def _refused(rows: Sequence[Delivery]) -> set[int]:
    """Rows to people who said that they do not want to hear of this incident."""
    said = Answer.objects.filter(
        recipient__in=[row.recipient_id for row in rows if row.recipient_id],
        choice=AnswerChoice.NOT_THIS_INCIDENT,
    )
    causes = {
        (pk, incident, need)
        for pk, incident, need in said.values_list(
            "recipient", "wave__incident", "wave__need"
        )
    }
    waves = Wave.objects.in_bulk(_ids(rows, "wave"))
    return {
        row.pk
        for row in rows
        if (wave := waves.get(row.payload["wave"]))
        and (row.recipient_id, wave.incident_id, wave.need_id) in causes
    }


def _superseded(rows: Sequence[Delivery]) -> set[int]:
    """Rows that waited, for quiet hours say, until a later wave told the same person: one mail says it all."""
    waves = Wave.objects.in_bulk(_ids(rows, "wave"))
    told = WaveRecipient.objects.filter(
        recipient__in=[row.recipient_id for row in rows if row.recipient_id]
    ).order_by("wave__number")
    latest: dict[tuple[int | None, int | None, int | None], int] = {
        (recipient, incident, need): number
        for recipient, incident, need, number in told.values_list(
            "recipient", "wave__incident", "wave__need", "wave__number"
        )
    }
    return {
        row.pk
        for row in rows
        if (wave := waves.get(row.payload["wave"]))
        and latest.get((row.recipient_id, wave.incident_id, wave.need_id), 0)
        > wave.number
    }


def urgent_wave(rows: Sequence[Delivery]) -> set[int]:
    """The first needed hour is within a day: then, and only then, quiet hours yield."""
    return {
        pk
        for pk, appeal in _appeals(rows).items()
        if appeal.open and appeal.is_urgent()
    }


def _appeals(rows: Sequence[Delivery]) -> dict[int, Appeal]:
    waves = Wave.objects.select_related("incident").in_bulk(_ids(rows, "wave"))
    pairs = {
        row.pk: (waves[row.payload["wave"]], row.recipient)
        for row in rows
        if row.recipient and row.payload["wave"] in waves
    }
    appeals = appeals_of(pairs.values())
    return {pk: appeals[wave.pk, helper.pk] for pk, (wave, helper) in pairs.items()}


# --- Offers ----------------------------------------------------------------------------


def offer_renderer(
    kind: str,
) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        offers = (
            Offer.objects.with_parties()
            .prefetch_related(
                Prefetch("booking", Booking.objects.with_parties().with_dates())
            )
            .in_bulk(_ids(rows, "offer"))
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
            "lines": [_line(asked) for asked in appeal.open] if appeal else [],
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
    needs = Need.objects.with_people().with_hours().in_bulk(_ids(rows, "need"))
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


def _ids(rows: Iterable[Delivery], name: str) -> list[int]:
    return list({row.payload[name] for row in rows})
