"""What people near are known to have of wanted hours: read once for all needs of a round, looked at for each of them.

A question of its own for each need would be right as well; with the twenty needs of one burnt house everybody's "no"
would take seconds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, Q, Value, prefetch_related_objects
from django.db.models.expressions import Combinable

from directory.geo import metres_between, within
from directory.models import Block, TherapistQuerySet
from spaces import hours
from spaces.enums import AnswerChoice
from spaces.fields import DateTimeMultirangeField
from spaces.hours import Interval
from spaces.matching import unsent, waves_of, willing
from spaces.models import (
    Answer,
    Closure,
    Need,
    Offer,
    Office,
    Opening,
    Pledge,
    Wave,
    WaveRecipient,
)
from spaces.queries import Common

Hosting = Office.hosts.through
Wanted = Mapping[Need, Sequence[Interval]]
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


@dataclass(frozen=True)
class Room:
    """One that is known to be free in wanted hours, posted or pledged; ``host_id`` is who would be asked for it."""

    office_id: int
    host_id: int
    metres: float
    free: list[Interval]


@dataclass(frozen=True)
class _Hosting:
    host_id: int
    office_id: int
    building_id: int
    latitude: float
    longitude: float
    reach: float  # metres: how far from it the host would help
    capacity: int
    is_step_free: bool


@dataclass(frozen=True)
class _Pledged:
    free: list[Interval]
    metres: float
    length: timedelta


@dataclass(frozen=True)
class _Known:
    """Of one hosting, for one need."""

    hosting: _Hosting
    metres: float
    posted: list[Interval]
    pledged: list[Interval]


class Neighbours:
    """These hosts' rooms within so many metres of any of the needs, and what they are known to have of ``wanted``."""

    def __init__(
        self, hosts: TherapistQuerySet, wanted: Wanted, metres: Mapping[Need, float]
    ) -> None:
        self.needs = list(wanted)
        prefetch_related_objects(self.needs, "attributes")
        self.every = hours.union(part for parts in wanted.values() for part in parts)
        self.hostings = self._hostings(hosts, metres)
        self.offices = {hosting.office_id for hosting in self.hostings}
        self.attributes = self._attributes()
        self.posted = self._posted()
        self.pledges = self._pledges()
        self.blocked = self._blocked()
        self._metres: dict[tuple[int, float, float], float] = {}

    def rooms_for(
        self, need: Need, wanted: Sequence[Interval], metres: float
    ) -> list[Room]:
        """Across no block with who asks; nearest first."""
        rooms = [
            Room(
                known.hosting.office_id,
                known.hosting.host_id,
                known.metres,
                hours.union([*known.posted, *known.pledged]),
            )
            for known in self._known(need, wanted, metres)
            if known.posted or known.pledged
        ]
        return sorted(
            rooms, key=lambda room: (room.metres, room.office_id, room.host_id)
        )

    def _known(
        self, need: Need, wanted: Sequence[Interval], metres: float
    ) -> Iterator[_Known]:
        askers = {need.therapist_id, need.author_id}
        terms = {term.pk for term in need.attributes.all()}
        for hosting in self.hostings:
            host = hosting.host_id
            far = self._distance(hosting, need)
            if (
                far > metres
                or host in askers
                or not self.blocked.get(host, set()).isdisjoint(askers)
                or not self._suits(hosting, need, terms)
            ):
                continue
            pledged = self._lent(hosting, far, wanted)
            if far <= hosting.reach or pledged:
                posted = self.posted.get(hosting.office_id, [])
                yield _Known(hosting, far, hours.intersection(posted, wanted), pledged)

    def _suits(self, hosting: _Hosting, need: Need, terms: set[int]) -> bool:
        return (
            hosting.capacity >= need.people
            and (hosting.is_step_free or not need.is_step_free)
            and terms <= self.attributes.get(hosting.office_id, set())
        )

    def _lent(
        self, hosting: _Hosting, far: float, wanted: Sequence[Interval]
    ) -> list[Interval]:
        """Of a pledge's hours: those wanted in its so many weeks, which begin with the first wanted hour."""
        pledge = self.pledges.get((hosting.host_id, hosting.office_id))
        if pledge is None or far > pledge.metres:
            return []
        first = wanted[0][0]
        within_weeks = hours.intersection(wanted, [(first, first + pledge.length)])
        return hours.intersection(pledge.free, within_weeks)

    def _distance(self, hosting: _Hosting, need: Need) -> float:
        key = (hosting.building_id, need.latitude, need.longitude)
        if key not in self._metres:
            self._metres[key] = metres_between(
                (need.latitude, need.longitude), (hosting.latitude, hosting.longitude)
            )
        return self._metres[key]

    # --- Read once -------------------------------------------------------------------

    def _hostings(
        self, hosts: TherapistQuerySet, metres: Mapping[Need, float]
    ) -> list[_Hosting]:
        farthest: dict[tuple[float, float], float] = defaultdict(float)
        for need in self.needs:
            centre = (need.latitude, need.longitude)
            farthest[centre] = max(farthest[centre], metres[need])
        if not self.every:
            return []
        near = Q()
        for (latitude, longitude), far in farthest.items():
            near |= within(latitude, longitude, far, "office__building__")
        rows = Hosting.objects.filter(
            near,
            therapist__in=hosts,
            office__is_hidden=False,
            office__is_draft=False,
            office__capacity__gte=min(need.people for need in self.needs),
        )
        return [
            _Hosting(host, office, building, north, east, reach * 1000, many, is_free)
            for host, office, building, north, east, reach, many, is_free in rows.values_list(
                "therapist",
                "office",
                "office__building",
                "office__building__latitude",
                "office__building__longitude",
                "therapist__emergency_radius_km",
                "office__capacity",
                "office__is_step_free",
            )
        ]

    def _attributes(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        if any(need.attributes.all() for need in self.needs):
            has = Office.attributes.through.objects.filter(office__in=self.offices)
            for office, term in has.values_list("office", "term"):
                found[office].add(term)
        return found

    def _posted(self) -> dict[int, list[Interval]]:
        parts: dict[int, list[Interval]] = defaultdict(list)
        openings = Opening.objects.current().fresh().filter(office__in=self.offices)
        meeting = openings.annotate(part=self._common()).exclude(part=NOTHING)
        for office, part in meeting.order_by().values_list("office", "part"):
            parts[office].extend(part)
        return {office: hours.union(found) for office, found in parts.items()}

    def _pledges(self) -> dict[tuple[int, int], _Pledged]:
        standing = Pledge.objects.standing().filter(office__in=self.offices)
        meeting = standing.annotate(part=self._common()).exclude(part=NOTHING)
        return {
            (host, office): _Pledged(part, metres, timedelta(weeks=weeks))
            for host, office, part, metres, weeks in meeting.order_by().values_list(
                "therapist", "office", "part", "radius_metres", "weeks"
            )
        }

    def _common(self) -> Combinable:
        every = Value(self.every, output_field=DateTimeMultirangeField())
        return Common(F("free"), every)

    def _blocked(self) -> dict[int, set[int]]:
        """With which of the askers each no longer meets."""
        askers = {
            pk for need in self.needs for pk in (need.therapist_id, need.author_id)
        }
        found: dict[int, set[int]] = defaultdict(set)
        pairs = Block.objects.filter(Q(blocker__in=askers) | Q(blocked__in=askers))
        for blocker, blocked in pairs.values_list("blocker", "blocked"):
            found[blocker].add(blocked)
            found[blocked].add(blocker)
        return found


class Helpers(Neighbours):
    """Those a round may ask: willing, and not asked by it before."""

    def __init__(
        self, wave: Wave, wanted: Wanted, metres: Mapping[Need, float]
    ) -> None:
        super().__init__(willing(wave), wanted, metres)
        self.wave = wave
        hosts = {hosting.host_id for hosting in self.hostings}
        fresh = Opening.objects.current().fresh().filter(office__hosts__in=hosts)
        self.posting = set(fresh.order_by().values_list("office__hosts", flat=True))
        self.closed = self._closed()
        self.told, self.refused = self._told(), self._refused()
        offers = Offer.objects.filter(need__in=self.needs)
        self.offered = set(offers.values_list("need", "helper"))

    def helpers_for(
        self, need: Need, wanted: Sequence[Interval], *, metres: float, limit: int
    ) -> list[Helper]:
        """Whoever pledged some of ``wanted``, then members who would help and whose posted free hours meet it, then
        those near with an office and no fresh hours at all; each nearest first. Without those the wave's incident has
        asked already, and those who said no.
        """
        matching: dict[int, list[_Known]] = defaultdict(list)
        others: dict[int, list[_Known]] = defaultdict(list)
        for known in self._known(need, wanted, metres):
            host = known.hosting.host_id
            if self._has_heard(host, need):
                continue
            if known.posted or known.pledged:
                matching[host].append(known)
            elif host not in self.posting and not self._is_closed(
                known.hosting, wanted
            ):
                others[host].append(known)
        found = _nearest(matching)[:limit]
        return found + _nearest(others)[: limit - len(found)]

    def _has_heard(self, host: int, need: Need) -> bool:
        """Of this need, or said no to it, or offered something for it."""
        heard = [self.told.get(host), self.refused.get(host)]
        return (need.pk, host) in self.offered or any(
            at and need.published_at and at >= need.published_at for at in heard
        )

    def _is_closed(self, hosting: _Hosting, wanted: Sequence[Interval]) -> bool:
        """Through everything that is wanted: nothing to ask for there."""
        periods = [
            *self.closed.get((None, hosting.building_id), ()),
            *self.closed.get((hosting.office_id, None), ()),
        ]
        first, last = wanted[0][0], wanted[-1][1]
        return any(lower <= first and last <= upper for lower, upper in periods)

    def _closed(self) -> dict[tuple[int | None, int | None], list[Interval]]:
        found: dict[tuple[int | None, int | None], list[Interval]] = defaultdict(list)
        if not self.every:
            return found
        buildings = {hosting.building_id for hosting in self.hostings}
        closures = Closure.objects.filter(
            Q(office__in=self.offices) | Q(building__in=buildings),
            period__endswith__gte=self.every[0][0],
        )
        for office, building, period in closures.values_list(
            "office", "building", "period"
        ):
            found[office, building].append((period.lower, period.upper))
        return found

    def _told(self) -> dict[int, datetime]:
        """When each was last told by this cause's rounds. A mail that was never sent has told nobody anything."""
        if not self.needs:
            return {}
        rows = WaveRecipient.objects.filter(wave__in=waves_of(self.needs[0]))
        told = rows.exclude(Exists(unsent())).order_by().values_list("recipient")
        return dict(told.annotate(Max("created_at")))

    def _refused(self) -> dict[int, datetime]:
        if not self.needs:
            return {}
        answers = Answer.objects.filter(
            choice=AnswerChoice.NOT_NOW, wave__in=waves_of(self.needs[0])
        )
        return dict(
            answers.order_by().values_list("recipient").annotate(Max("updated_at"))
        )


def _nearest(found: Mapping[int, Sequence[_Known]]) -> list[Helper]:
    helpers = [
        Helper(
            host,
            round(min(known.metres for known in rooms)),
            hours.union(part for known in rooms for part in known.posted),
            hours.union(part for known in rooms for part in known.pledged),
        )
        for host, rooms in found.items()
    ]
    nearest = {
        host: min(known.metres for known in rooms) for host, rooms in found.items()
    }
    return sorted(
        helpers,
        key=lambda it: (not it.pledged, nearest[it.therapist_id], it.therapist_id),
    )
