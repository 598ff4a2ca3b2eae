"""What the page of a need shows: how far each hour is covered, the offers, who was told."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.geo import DistanceTo, distance_band
from directory.models import Community, Therapist
from spaces import hours
from spaces.coverage import Coverage, coverage_blocks, coverage_of, possible_hours
from spaces.domain import need as domain
from spaces.domain import offer as offer_domain
from spaces.domain import wave as wave_domain
from spaces.enums import AnswerChoice, OfferStatus, WaveState
from spaces.matching import mails_waiting, waves_of
from spaces.models import Answer, Building, Incident, Need, Offer, Wave, WaveRecipient
from spaces.suggestions.plan import plan_for
from spaces.views.emergency import news_of
from spaces.week import day_name
from spaces.words import say_moment

FEWEST_DAYS = 4
SHOWN = [OfferStatus.OFFERED, OfferStatus.ACCEPTED]


def need_context(need: Need, me: Therapist, community: Community) -> dict[str, Any]:
    coverage = coverage_of([need])[need.pk]
    waves = list(waves_of(need).order_by("-number"))
    wave = waves[0] if waves else None
    offers = _offers(need, me, coverage, community)
    is_asker = me.pk in (need.therapist_id, need.author_id)
    context = {
        "need": need,
        "is_own": need.therapist_id == me.pk,
        "is_asker": is_asker,
        "spans": need.spans,
        "nice": need.nice_spans,
        "must_have": [str(term) for term in need.attributes.all()],
        "incident": need.incident,
        "building": _building(need.incident),
        "days": _days([*need.spans, *need.nice_spans]),
        "until": need.incident.scopes.order_by("-until")
        .values_list("until", flat=True)
        .first()
        if need.incident
        else None,
        "band": f"{need.radius_metres / 1000:g} km",
        "coverage": coverage,
        "blocks": coverage_blocks(need, coverage),
        "offers": [
            line for line in offers if line["offer"].status == OfferStatus.OFFERED
        ],
        "accepted": [
            line for line in offers if line["offer"].status == OfferStatus.ACCEPTED
        ],
        "told": _told(waves),
        "wave": wave,
        "next_at": say_moment(wave.next_at, need.zone)
        if wave and wave.state == WaveState.RUNNING
        else "",
        "wave_states": wave_domain.next_states(wave, me) if wave else [],
        "statuses": domain.next_statuses(need, me),
        "updates": news_of(me).filter(incident=need.incident) if need.incident else [],
    }
    return context | {"seen": _fingerprint(context)}


def plan_of(
    need: Need, lines: Sequence[dict[str, Any]], coverage: Coverage
) -> dict[str, Any] | None:
    """What to accept with one button, where several offers are better together."""
    offers = [line["offer"] for line in lines if not line["is_gone"]]
    if len(offers) < 2:
        return None
    plan = plan_for(need, offers, coverage=coverage)
    if plan is None or len(plan.shares) < 2:
        return None
    return {
        "shares": plan.shares,
        "count": len(plan.shares),
        "covered": plan.covered,
        "total": plan.total,
        "is_all": plan.is_all,
        "nice": plan.nice,
        "changes": _say_changes(plan.changing),
    }


def _say_changes(weekdays: Sequence[int]) -> str:
    if not weekdays:
        return _("no change of room within a day")
    days = _(" and ").join(day_name(weekday) for weekday in weekdays)
    return ngettext(
        "one change of room on %(days)s, with time for the way",
        "changes of room on %(days)s, with time for the way",
        len(weekdays),
    ) % {"days": days}


def _building(incident: Incident | None) -> Building | None:
    scope = incident.scopes.select_related("building").first() if incident else None
    return scope.building if scope else None


def _days(spans: Sequence[hours.Span]) -> list[int]:
    """The weekdays to show: from the first that is needed to the last, and enough of them to look like a week."""
    needed = [span.weekday for span in spans] or [0]
    first = min(*needed, 7 - FEWEST_DAYS)
    return list(range(first, max(*needed, first + FEWEST_DAYS - 1) + 1))


def _fingerprint(context: dict[str, Any]) -> str:
    """Of all that may change while somebody watches."""
    told, wave, coverage = context["told"], context["wave"], context["coverage"]
    said = [
        context["need"].status,
        [
            (line["offer"].pk, line["offer"].status, line["hours"])
            for line in [*context["offers"], *context["accepted"]]
        ],
        (coverage.booked, coverage.offered, coverage.open, coverage.nice),
        sorted(told.items()),
        (wave.number, wave.state, context["next_at"]) if wave else None,
        [update.pk for update in context["updates"]],
    ]
    return f"{crc32(repr(said).encode()):08x}"


def _offers(
    need: Need, me: Therapist, coverage: Coverage, community: Community
) -> list[dict[str, Any]]:
    """Those to answer and those accepted, nearest first. Nobody meets somebody they are blocked with here either."""
    visible = Therapist.objects.unblocked_for(me)
    offers = list(
        need.offers.filter(status__in=SHOWN, helper__in=visible)
        .with_parties()
        .annotate(
            metres=DistanceTo(need.latitude, need.longitude, "office__building__")
        )
        .order_by("metres", "pk")
    )
    undecided = [offer for offer in offers if offer.status == OfferStatus.OFFERED]
    possible = possible_hours(undecided)
    left = {
        offer.pk: hours.intersection(coverage.wanted, possible[offer.pk])
        for offer in undecided
    }
    return [_offer(offer, me, community, left, undecided) for offer in offers]


def _offer(
    offer: Offer,
    me: Therapist,
    community: Community,
    left: dict[int, list[hours.Interval]],
    undecided: Sequence[Offer],
) -> dict[str, Any]:
    """One line: what, how often, where, for how much, and who offers the same hours."""
    dated = hours.expand(
        hours.merge_spans(offer.spans),
        offer.first_date,
        offer.last_date,
        offer.need.zone,
    )
    total = len([item for item in dated if item.period])
    still = left.get(offer.pk, [])
    rivals = [
        o.helper.first_name
        for o in undecided
        if o.pk != offer.pk and hours.intersection(left[o.pk], still)
    ]
    return {
        "offer": offer,
        "hours": offer.spans,
        "dates": _say_dates(len(still), total)
        if offer.status == OfferStatus.OFFERED
        else "",
        "is_gone": offer.status == OfferStatus.OFFERED and not still,
        "band": distance_band(getattr(offer, "metres", 0), community.distance_unit),
        "rivals": rivals,
        "statuses": offer_domain.next_statuses(offer, me),
    }


def _say_dates(count: int, total: int) -> str:
    if count >= total:
        return ngettext("on the one date", "on all %(total)s dates", total) % {
            "total": total
        }
    return ngettext(
        "on %(count)s of %(total)s dates", "on %(count)s of %(total)s dates", count
    ) % {
        "count": count,
        "total": total,
    }


def _told(waves: list[Wave]) -> dict[str, int]:
    """Counts only: who said no is nobody's business. Whose mail waits, for quiet hours mostly, is not told yet."""
    asked = (
        WaveRecipient.objects.filter(wave__in=waves)
        .values("recipient")
        .distinct()
        .count()
    )
    waiting = mails_waiting(waves).values("recipient").distinct().count()
    answers = dict(
        Answer.objects.filter(wave__in=waves)
        .order_by("updated_at")
        .values_list("recipient", "choice")
    )  # each one's last word
    offered = sum(choice == AnswerChoice.OFFERS for choice in answers.values())
    told = max(asked - waiting, len(answers))
    return {
        "people": told,
        "waiting": waiting,
        "answered": len(answers),
        "offered": offered,
        "no": len(answers) - offered,
        "silent": told - len(answers),
    }
