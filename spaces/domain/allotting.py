"""Which need gets the hours that a helper offers, when several want them; and who is next when it does not take them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue_to
from directory.models import Term, Therapist
from spaces import hours
from spaces.asked import Asked, asked_of
from spaces.coverage import Coverage, coverage_of
from spaces.domain.wave import lock_cause
from spaces.errors import HoursError
from spaces.hours import Span
from spaces.matching import needs_asked_of, waves_of
from spaces.models import Need, Offer, OfferHour, Office

PASSED_ON_AFTER = timedelta(hours=4)


def allot(
    needs: Sequence[Need],
    coverage: dict[int, Coverage],
    office: Office,
    spans: Sequence[Span],
) -> dict[int, list[Span]]:
    """Each stretch to the need that nobody offered it to yet, then to the least covered, then to the oldest."""
    fitting = [need for need in needs if suits(office, need)]
    if needs and not fitting:
        raise HoursError(_unsuited(office, needs))
    promised: dict[int, int] = defaultdict(int)
    shares: dict[int, list[Span]] = defaultdict(list)
    for asked in asked_of(fitting, coverage, []):
        for span in hours.common_spans([asked.span], spans):
            need = min(
                asked.needs,
                key=lambda need: _claim(
                    need, asked, coverage[need.pk], promised[need.pk]
                ),
            )
            promised[need.pk] += asked.minutes * span.minutes // asked.span.minutes
            shares[need.pk].append(span)
    if not shares:
        raise HoursError(
            _("None of these hours is still needed. Choose from those that are open.")
        )
    return {pk: hours.merge_spans(found) for pk, found in shares.items()}


def _claim(
    need: Need, asked: Asked, coverage: Coverage, promised: int
) -> tuple[bool, bool, float, datetime, int]:
    """The smallest claims the hours."""
    dated = hours.intervals_of(
        hours.expand([asked.span], need.first_date, need.last_date, need.zone)
    )
    is_offered = not hours.intersection(dated, coverage.unoffered)
    is_nice = not hours.intersection(dated, coverage.missing)
    covered = coverage.booked_minutes + coverage.offered_minutes + promised
    return (
        is_nice,
        is_offered,
        covered / max(coverage.total_minutes, 1),
        need.published_at or need.created_at,
        need.pk,
    )


def suits(office: Office, need: Need) -> bool:
    return (
        office.capacity >= need.people
        and (office.is_step_free or not need.is_step_free)
        and not _lacks(office, need)
    )


def _lacks(office: Office, need: Need) -> list[Term]:
    """What of its must-haves a room does not have. Of a place described on the spot nobody knows."""
    if office.is_draft or not need.attributes.all():
        return []
    has = set(office.attributes.all())
    return [term for term in need.attributes.all() if term not in has]


def _unsuited(office: Office, needs: Iterable[Need]) -> str:
    lacking = {str(term) for need in needs for term in _lacks(office, need)}
    if lacking:
        return _(
            "They need a room that has: %(terms)s. This one does not say that it has it."
        ) % {"terms": ", ".join(sorted(lacking))}
    return _("The group that asks does not fit into this room, or needs it step-free.")


def put_offer(
    need: Need,
    by: Therapist,
    office: Office,
    spans: list[Span],
    price_cents: int,
    last_date: date,
    message: str,
) -> Offer:
    """A new offer, or other words for the one that waits for its answer."""
    first_date = max(need.first_date, hours.local_day(timezone.now(), need.zone))
    if last_date < first_date:
        raise HoursError(
            _("Your hours end before the need begins. Choose a later date.")
        )
    offer = (
        Offer.objects.undecided().filter(need=need, helper=by, office=office).first()
    )
    is_new = offer is None
    offer = offer or Offer(need=need, helper=by, office=office)
    offer.price_cents, offer.first_date, offer.last_date, offer.message = (
        price_cents,
        first_date,
        last_date,
        message,
    )
    offer.full_clean(exclude=["booking"])
    offer.save()
    offer.hours.all().delete()
    OfferHour.objects.bulk_create(
        OfferHour(offer=offer, weekday=span.weekday, start=span.start, end=span.end)
        for span in spans
    )
    if is_new:
        tell_askers("offer_received", offer)
    return offer


def tell_askers(kind: str, offer: Offer) -> None:
    people = {offer.need.therapist, offer.need.author}
    enqueue_to(kind, people, cause=f"offer:{offer.pk}", payload={"offer": offer.pk})


# --- To the next ----------------------------------------------------------------------


def pass_on_offers(now: datetime | None = None) -> None:
    """What nobody answered for hours may help somebody else; the first offer stays where it is."""
    waited = (now or timezone.now()) - PASSED_ON_AFTER
    newer = Offer.objects.undecided().filter(
        helper=OuterRef("helper"),
        office=OuterRef("office"),
        need__incident=OuterRef("need__incident"),
        created_at__gt=waited,
    )  # they went on already, and whoever has them now has as long to answer
    offers = Offer.objects.undecided().filter(
        ~Exists(newer), created_at__lte=waited, need__incident__isnull=False
    )
    for offer in offers.with_parties():
        with transaction.atomic():
            lock_cause(offer.need.incident_id, offer.need_id)
            if offers.filter(pk=offer.pk).exists():
                pass_on(offer)


def pass_on(offer: Offer) -> list[Offer]:
    """The same hours to the next need of the incident that wants them and was not offered this room before."""
    if offer.need.incident_id is None:
        return []
    before = Offer.objects.filter(helper=offer.helper, office=offer.office_id)
    others = (
        Need.objects.open()
        .filter(incident=offer.need.incident_id)
        .exclude(pk__in=before.values("need"))
    )
    wave = waves_of(offer.need).order_by("-number").first()
    asked = needs_asked_of(wave, offer.helper) if wave else Need.objects.none()
    needs = [
        need
        for need in asked.filter(pk__in=others.values("pk"))
        if suits(offer.office, need)
    ]
    coverage = coverage_of(needs)
    wanted = [
        need
        for need in needs
        if coverage[need.pk].unoffered and need.last_date >= offer.first_date
    ]
    try:
        shares = allot(wanted, coverage, offer.office, offer.spans)
    except HoursError:
        return []  # nobody else wants these
    return [
        put_offer(
            need,
            offer.helper,
            offer.office,
            shares[need.pk],
            offer.price_cents,
            min(offer.last_date, need.last_date),
            offer.message,
        )
        for need in wanted
        if need.pk in shares
    ]
