"""The life of a need: drafted, published, covered, closed, past. Only these verbs change its status."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.licence import only_licensed_guest
from directory.domain.outbox import enqueue, enqueue_to
from directory.errors import NotAllowedError
from directory.models import Supervision, Term, Therapist, TherapistQuerySet
from spaces import hours
from spaces.coverage import Coverage, coverage_of, dated_hours
from spaces.domain.availability import keep_facets
from spaces.domain.wave import begin_wave, finish_waves, lock_cause
from spaces.enums import NeedStatus, OfferStatus, Party
from spaces.errors import HoursError, NeedOpenError
from spaces.hours import Interval, Span
from spaces.models import Incident, Need, NeedHour, Offer

S = NeedStatus
ASKERS = {Party.GUEST, Party.AUTHOR}  # the person it is for, and whoever asks for them
TRANSITIONS: dict[tuple[NeedStatus, NeedStatus], set[Party]] = {
    (S.DRAFT, S.OPEN): ASKERS,
    (S.DRAFT, S.CLOSED): ASKERS | {Party.CLOCK},
    (S.DRAFT, S.EXPIRED): {Party.CLOCK},
    (S.OPEN, S.CLOSED): ASKERS | {Party.MODERATOR, Party.CLOCK},
    (S.OPEN, S.COVERED): {Party.CLOCK},
    (S.OPEN, S.EXPIRED): {Party.CLOCK},
    (S.COVERED, S.OPEN): {Party.CLOCK},  # hours that were booked were given back
    (S.COVERED, S.CLOSED): ASKERS | {Party.CLOCK},
    (S.COVERED, S.EXPIRED): {Party.CLOCK},
}
LIVE = [S.DRAFT, S.OPEN, S.COVERED]


@dataclass(frozen=True)
class Wish:
    """What a form says about a need. The zone is copied from the place."""

    spans: list[Span]
    first_date: date
    last_date: date
    timezone: str
    place: str
    latitude: float
    longitude: float
    nice: list[Span] = field(default_factory=list)
    attributes: list[Term] = field(default_factory=list)
    radius_metres: int = 8000
    most_cents: int | None = None
    people: int = 2
    is_step_free: bool = False
    note: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def people_asked_for_by(therapist: Therapist) -> TherapistQuerySet:
    """Themself, and the trainees whose work they answer for."""
    trainees = Supervision.objects.filter(
        supervisor=therapist, accepted_at__isnull=False
    )
    return Therapist.objects.filter(
        Q(pk=therapist.pk) | Q(pk__in=trainees.values("trainee"))
    )


@transaction.atomic
def draft_need(
    wish: Wish, *, by: Therapist, therapist: Therapist, incident: Incident | None = None
) -> Need:
    """The draft an incident left for this person is the one that is written."""
    if not people_asked_for_by(by).filter(pk=therapist.pk).exists():
        raise NotAllowedError(
            _("You can ask for yourself, and for trainees you supervise.")
        )
    if incident:
        lock_cause(incident.pk, None)
    mine = Need.objects.filter(therapist=therapist, incident=incident)
    if mine.open().exists():
        raise NeedOpenError(_("There is an open need already. Change that one."))
    draft = mine.filter(author=by, status=S.DRAFT).first() if incident else None
    need = draft or Need(therapist=therapist, author=by, incident=incident)
    _write(need, wish)
    return need


@transaction.atomic
def change_need(need: Need, wish: Wish, *, by: Therapist) -> Need:
    """Other hours, dates or place. An open need goes on at once: colleagues who now match are asked too.

    Only what was not asked for before is news, of which those told before may hear again.
    """
    need = _locked(need)
    if need.status not in LIVE or not _parties(need, by) & ASKERS:
        raise NotAllowedError(_("This need is closed. Make a new one."))
    before, asked, was = need.status, _asked(need), _room(need)
    _write(need, wish)
    if before != S.DRAFT:
        is_news = bool(hours.difference(_asked(need), asked)) or _room(need) != was
        if is_news:
            need.published_at = timezone.now()
            need.save(update_fields=["published_at"])
        settle_need(need)  # which begins to ask anew where it was covered before
        if is_news and before == need.status == S.OPEN:
            begin_wave(need)
    return need


def _asked(need: Need) -> list[Interval]:
    return hours.intervals_of(dated_hours(need))


def _room(need: Need) -> list[Any]:
    """Where it is looked for, and what it must be."""
    terms = sorted(need.attributes.values_list("pk", flat=True))
    return [*(getattr(need, name) for name in _ROOM), terms]


@transaction.atomic
def publish_need(need: Need, *, by: Therapist) -> Need:
    """Open, and colleagues are asked: the wave and its letters are rows of this same transaction."""
    need = _locked(need)
    _check(need, S.OPEN, by=by)
    only_licensed_guest(need.therapist, by=by)
    if not need.spans:
        raise HoursError(_("Paint the hours you lost first."))
    need.published_at = timezone.now()
    need.status = S.OPEN
    if _status_now(need, need.published_at) == S.EXPIRED:
        raise HoursError(_("All of these hours are past. Choose later dates."))
    try:
        with transaction.atomic():
            need.save(update_fields=["status", "published_at"])
    except IntegrityError as error:
        raise NeedOpenError(
            _("There is an open need already. Change that one.")
        ) from error
    keep_facets([need.therapist_id])
    settle_need(need)
    if need.status == S.OPEN:
        begin_wave(need)
    return need


@transaction.atomic
def close_need(need: Need, *, by: Therapist) -> Need:
    """Not needed any more. Offers nobody answered are thanked."""
    need = _locked(need)
    _move(need, S.CLOSED, by=by)
    end_offers(need)
    finish_waves(need)
    return need


def settle_needs(now: datetime | None = None) -> None:
    """The clock: needs whose time is past expire; what cancelled or new bookings changed is seen."""
    now = now or timezone.now()
    needs = list(Need.objects.filter(status__in=LIVE))
    coverage = coverage_of([need for need in needs if need.status != S.DRAFT], now)
    for need in needs:
        if _status_now(need, now, coverage.get(need.pk)) != need.status:
            with transaction.atomic():
                settle_need(_locked(need), now)  # looks again


def settle_need(need: Need, now: datetime | None = None) -> None:
    """Past, covered or open again, as its hours are. The caller holds the locks."""
    now = now or timezone.now()
    if need.status not in LIVE:
        return  # closed meanwhile
    new = _status_now(need, now)
    if new == need.status:
        return
    _move(need, new, by=None)
    if new == S.OPEN:
        need.published_at = now  # open again is news, also to those told before
        need.save(update_fields=["published_at"])
        begin_wave(need, now)
        return
    end_offers(need)
    finish_waves(need, now)
    if new == S.COVERED:
        _thank(need)


def end_offers(need: Need) -> None:
    """The need is over: offers that wait for an answer lapse, and those who made them are thanked."""
    for offer in need.offers.undecided().select_related("helper"):
        lapse(offer)


@transaction.atomic
def lapse(offer: Offer) -> None:
    """Nothing of it can be had or is wanted any more. Thanked, and told what is still open.

    An offer that was answered meanwhile stays as it is: the caller may hold the lock of another incident.
    """
    lapsed = Offer.objects.undecided().filter(pk=offer.pk)
    if lapsed.update(status=OfferStatus.LAPSED, decided_at=timezone.now()):
        enqueue(
            "offer_late",
            to=offer.helper,
            cause=f"offer:{offer.pk}",
            payload={"offer": offer.pk},
        )


def next_statuses(need: Need, therapist: Therapist) -> list[NeedStatus]:
    parties = _parties(need, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == need.status and parties & who
    ]


def _locked(need: Need) -> Need:
    """The incident first, then the need: every transaction about needs begins here."""
    lock_cause(need.incident_id, need.pk)
    return (
        Need.objects.select_for_update(of=["self"], no_key=True)
        .with_people()
        .get(pk=need.pk)
    )


def _parties(need: Need, therapist: Therapist | None) -> set[Party]:
    if therapist is None:
        return {Party.CLOCK}
    parties = {Party.MODERATOR} if therapist.is_moderator else set()
    if need.therapist_id == therapist.pk:
        parties.add(Party.GUEST)
    if need.author_id == therapist.pk:
        parties.add(Party.AUTHOR)
    return parties


def _check(need: Need, new: NeedStatus, *, by: Therapist | None) -> None:
    old = NeedStatus(need.status)
    if not _parties(need, by) & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This need is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )


def _move(need: Need, new: NeedStatus, *, by: Therapist | None) -> None:
    _check(need, new, by=by)
    need.status = new
    need.save(update_fields=["status"])
    keep_facets([need.therapist_id])


def _write(need: Need, wish: Wish) -> None:
    """All columns and hours as wished; refuses hours that cannot be had on any date."""
    today = hours.local_day(timezone.now(), wish.zone)
    if wish.last_date < max(wish.first_date, today):
        raise HoursError(
            _("The last date must not be before the first, nor in the past.")
        )
    if wish.last_date > today + hours.HORIZON:
        raise HoursError(_("Hours can be asked for up to 53 weeks ahead."))
    spans = hours.merge_spans(wish.spans)
    if not hours.expand(spans, max(wish.first_date, today), wish.last_date, wish.zone):
        raise HoursError(
            _(
                "None of these hours falls between those dates. Paint other hours or change the dates."
            )
        )
    for name in _COLUMNS:
        setattr(need, name, getattr(wish, name))
    need.full_clean(validate_constraints=False)
    need.validate_constraints()
    need.save()
    need.attributes.set(wish.attributes)
    need.hours.all().delete()
    write_hours({need.pk: spans})
    write_hours({need.pk: hours.without_spans(wish.nice, spans)}, is_must=False)


_ROOM = [
    "latitude",
    "longitude",
    "radius_metres",
    "most_cents",
    "people",
    "is_step_free",
]
_COLUMNS = ["first_date", "last_date", "timezone", "place", "note", *_ROOM]


def write_hours(spans_of: dict[int, Iterable[Span]], *, is_must: bool = True) -> None:
    NeedHour.objects.bulk_create(
        NeedHour(
            need_id=pk,
            weekday=span.weekday,
            start=span.start,
            end=span.end,
            is_must=is_must,
        )
        for pk, spans in spans_of.items()
        for span in spans
    )


def _status_now(
    need: Need, now: datetime, coverage: Coverage | None = None
) -> NeedStatus:
    status = NeedStatus(need.status)
    if hours.local_day(now, need.zone) > need.last_date:
        return S.EXPIRED
    if status == S.DRAFT:
        return status
    coverage = coverage or coverage_of([need], now)[need.pk]
    if coverage.missing:
        return S.OPEN if status == S.OPEN or not _has_another_open(need) else status
    if coverage.booked_minutes:
        return S.COVERED
    return S.EXPIRED


def _has_another_open(need: Need) -> bool:
    return (
        Need.objects.open()
        .filter(therapist=need.therapist_id, incident=need.incident_id)
        .exclude(pk=need.pk)
        .exists()
    )


def _thank(need: Need) -> None:
    """Everyone whose offer was taken, once; those whose offers lapsed or were declined have been thanked."""
    offers = need.offers.filter(status=OfferStatus.ACCEPTED).select_related("helper")
    enqueue_to(
        "need_covered_thanks",
        {offer.helper for offer in offers},
        cause=f"need:{need.pk}",
        payload={"need": need.pk},
    )
