"""Whom to ask for a need, and what to ask of each: the search for offices turned round."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from directory.enums import DeliveryState, Frequency, Topic
from directory.geo import DistanceTo, within
from directory.models import Block, Delivery, Preference, Therapist, TherapistQuerySet
from spaces import hours
from spaces.enums import AnswerChoice, NeedStatus
from spaces.fields import DateTimeMultirangeField
from spaces.hours import Interval
from spaces.models import (
    Answer,
    Closure,
    Incident,
    Need,
    Offer,
    Office,
    Opening,
    Pledge,
    Wave,
    WaveRecipient,
)
from spaces.models.need import NeedQuerySet
from spaces.models.wave import WaveQuerySet
from spaces.queries import Common, RangeUnion

Hosting = Office.hosts.through
NOTHING = Value([], output_field=DateTimeMultirangeField())


@dataclass(frozen=True)
class Helper:
    """Somebody to ask. ``free`` are their posted hours that meet wanted ones, ``pledged`` those they would lend in an
    emergency; both empty where nothing is known.
    """

    therapist_id: int
    metres: int
    free: list[Interval]
    pledged: list[Interval] = field(default_factory=list)

    @property
    def is_match(self) -> bool:
        return bool(self.free or self.pledged)


def waves_of(need: Need) -> WaveQuerySet:
    """Those that asked, or ask, for this need: its incident's, or its own."""
    return (
        Wave.objects.filter(incident=need.incident_id)
        if need.incident_id
        else Wave.objects.filter(need=need)
    )


def open_needs_of(wave: Wave) -> NeedQuerySet:
    needs = (
        Need.objects.filter(incident=wave.incident_id)
        if wave.incident_id
        else Need.objects.filter(pk__in=[wave.need_id])
    )
    return needs.open().order_by("published_at", "pk")


def needs_asked_of(wave: Wave, helper: Therapist) -> NeedQuerySet:
    """The wave's open needs that this person may see: not their own, and across no block with who asks."""
    asker = Q(therapist=helper) | Q(author=helper)
    return (
        open_needs_of(wave)
        .exclude(asker | Q(Exists(_blocks(helper))))
        .with_people()
        .with_hours()
        .prefetch_related("attributes")
    )


def _blocks(helper: Therapist) -> QuerySet[Block]:
    askers = Q(blocker=OuterRef("therapist")) | Q(blocker=OuterRef("author"))
    asked = Q(blocked=OuterRef("therapist")) | Q(blocked=OuterRef("author"))
    return Block.objects.filter(Q(blocked=helper) & askers | Q(blocker=helper) & asked)


def helpers_for(
    need: Need, wanted: Sequence[Interval], *, metres: float, wave: Wave, limit: int
) -> list[Helper]:
    """Whoever pledged some of ``wanted``, then members who would help and whose posted free hours meet it, then those
    near with an office and no fresh hours at all; each nearest first. Without those the wave's incident has asked
    already, and those who said no.
    """
    hostings = _hostings(need, wanted, metres, _willing(need, wave))
    matching = hostings.filter(Q(common__isnull=False) | Q(pledged__isnull=False))
    found = _nearest(matching, limit)
    if len(found) < limit:
        fresh = (
            Opening.objects.current()
            .fresh()
            .filter(office__hosts=OuterRef("therapist"))
        )
        found += _nearest(
            hostings.filter(~Exists(fresh), ~Exists(_closed(wanted)), pledged=None),
            limit - len(found),
        )
    return found


@dataclass(frozen=True)
class Room:
    """One that is known to be free in wanted hours, posted or pledged; ``host_id`` is who would be asked for it."""

    office_id: int
    host_id: int
    metres: float
    free: list[Interval]


def rooms_for(
    need: Need, wanted: Sequence[Interval], *, metres: float, hosts: TherapistQuerySet
) -> list[Room]:
    """Of these hosts, across no block with who asks; nearest first."""
    for person in {need.therapist, need.author}:
        hosts = hosts.unblocked_for(person).exclude(pk=person.pk)
    rows = (
        _hostings(need, wanted, metres, hosts)
        .filter(Q(common__isnull=False) | Q(pledged__isnull=False))
        .order_by("metres", "office", "therapist")
        .values_list("office", "therapist", "metres", "common", "pledged")
    )
    return [
        Room(office, host, far, hours.union([*(posted or []), *(pledged or [])]))
        for office, host, far, posted, pledged in rows
    ]


def _hostings(
    need: Need, wanted: Sequence[Interval], metres: float, helpers: TherapistQuerySet
) -> QuerySet:
    """Who hosts which office near, how far that is, and what its openings (``common``) and the host's pledge
    (``pledged``) have of the wanted hours.
    """
    common = Common(
        F("free"), Value(list(wanted), output_field=DateTimeMultirangeField())
    )
    openings = (
        Opening.objects.current()
        .fresh()
        .filter(office=OuterRef("office"))
        .annotate(part=common)
    )
    hostings = Hosting.objects.filter(
        within(need.latitude, need.longitude, metres, "office__building__"),
        therapist__in=helpers,
        office__is_hidden=False,
        office__is_draft=False,
        office__capacity__gte=need.people,
    )
    if need.is_step_free:
        hostings = hostings.filter(office__is_step_free=True)
    for term in need.attributes.all():
        hostings = hostings.filter(office__attributes=term)
    near: QuerySet = hostings.annotate(
        metres=DistanceTo(need.latitude, need.longitude, "office__building__"),
        common=Subquery(
            openings.exclude(part=NOTHING)
            .order_by()
            .values("office")
            .annotate(parts=RangeUnion("part"))
            .values("parts")
        ),
    )
    reach = F("therapist__emergency_radius_km") * Value(
        1000.0, output_field=FloatField()
    )
    pledged = Pledge.objects.standing().filter(
        therapist=OuterRef("therapist"),
        office=OuterRef("office"),
        radius_metres__gte=OuterRef("metres"),
    )
    parts = pledged.annotate(part=_lent_of(wanted)).exclude(part=NOTHING)
    known: QuerySet = near.annotate(pledged=Subquery(parts.values("part")))
    return known.filter(Q(metres__lte=reach) | Q(pledged__isnull=False))


def _lent_of(wanted: Sequence[Interval]) -> Common:
    """Of a pledge's hours: those wanted in its so many weeks, which begin with the first wanted hour."""
    first = Value(wanted[0][0], output_field=DateTimeField())
    weeks = ExpressionWrapper(
        F("weeks") * Value(timedelta(weeks=1), output_field=DurationField()),
        output_field=DurationField(),
    )
    last = ExpressionWrapper(first + weeks, output_field=DateTimeField())
    return Common(
        F("free"),
        Value(list(wanted), output_field=DateTimeMultirangeField()),
        Func(Func(first, last, function="tstzrange"), function="tstzmultirange"),
    )


def _nearest(hostings: QuerySet, limit: int) -> list[Helper]:
    rows = (
        hostings.order_by()
        .values("therapist")
        .annotate(
            nearest=Min("metres"),
            free=RangeUnion("common"),
            lent=RangeUnion("pledged"),
            has_pledged=Max(Case(When(pledged__isnull=False, then=1), default=0)),
        )
        .order_by("-has_pledged", "nearest", "therapist")[:limit]
    )
    return [
        Helper(
            row["therapist"],
            round(row["nearest"]),
            row["free"] or [],
            row["lent"] or [],
        )
        for row in rows
    ]


def _closed(wanted: Sequence[Interval]) -> QuerySet[Closure]:
    """Closures of the office that last through everything that is wanted: nothing to ask for there."""
    through = (wanted[0][0], wanted[-1][1])
    return Closure.objects.filter(
        Q(office=OuterRef("office")) | Q(building=OuterRef("office__building")),
        period__contains=through,
    )


def _willing(need: Need, wave: Wave) -> TherapistQuerySet:
    """Opted in, reachable, not in the same trouble, not asked before, not refusing."""
    asked = WaveRecipient.objects.filter(recipient=OuterRef("pk"))
    answers = Answer.objects.filter(recipient=OuterRef("pk"), wave__in=waves_of(need))
    people = Therapist.objects.members().filter(
        helps_in_emergencies=True,
        user__is_active=True,
        bounced_at=None,
        lapsed_on=None,
    )
    for person in {need.therapist, need.author}:
        people = people.unblocked_for(person).exclude(pk=person.pk)
    if need.incident_id:
        theirs = Need.objects.filter(
            incident=need.incident_id, status__in=[NeedStatus.DRAFT, NeedStatus.OPEN]
        )
        people = people.exclude(Exists(theirs.filter(therapist=OuterRef("pk"))))
    return people.exclude(
        Exists(
            Preference.objects.filter(
                therapist=OuterRef("pk"),
                topic=Topic.EMERGENCIES,
                frequency=Frequency.OFF,
            )
        )
        | Exists(asked.filter(wave_id=wave.pk))
        | Exists(
            asked.filter(
                wave__in=waves_of(need), created_at__gte=need.published_at
            ).filter(~Exists(_unsent()))
        )
        | Exists(answers.filter(choice=AnswerChoice.NOT_THIS_INCIDENT))
        | Exists(
            answers.filter(
                choice=AnswerChoice.NOT_NOW, updated_at__gte=need.published_at
            )
        )
        | Exists(Offer.objects.filter(need=need, helper=OuterRef("pk")))
    )


def mails_waiting(
    waves: Iterable[Wave], now: datetime | None = None
) -> QuerySet[Delivery]:
    """Mails of these rounds that wait for a later hour: for quiet hours to end, mostly."""
    return Delivery.objects.filter(
        kind="wave",
        cause__in=[f"wave:{wave.pk}" for wave in waves],
        state=DeliveryState.PENDING,
        next_attempt_at__gt=now or timezone.now(),
    )


def _unsent() -> QuerySet[Delivery]:
    """A mail that was never sent (by then nothing was open) has told nobody anything."""
    cause = Concat(
        Value("wave:"), Cast(OuterRef("wave_id"), CharField()), output_field=CharField()
    )
    return Delivery.objects.filter(
        kind="wave",
        recipient=OuterRef("recipient_id"),
        cause=cause,
        state=DeliveryState.SKIPPED,
    )


def is_emergency_open() -> bool:
    return Incident.objects.in_force().exists()
