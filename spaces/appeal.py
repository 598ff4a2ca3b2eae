"""What one person is asked, in a mail and on the page its link opens: whose needs, which hours, what of it they have."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.models import Block, Therapist
from spaces.asked import Asked, Missing
from spaces.coverage import Coverage, coverage_of
from spaces.enums import IncidentKind
from spaces.hours import Span, clock, common_spans, merge_spans
from spaces.matching import open_needs_of
from spaces.models import Closure, Incident, Need, Office, Opening, Pledge, Wave
from spaces.week import day_name

URGENT = timedelta(days=1)
WHAT = {
    IncidentKind.FIRE: gettext_lazy("a fire"),
    IncidentKind.FLOOD: gettext_lazy("water damage"),
    IncidentKind.POWER: gettext_lazy("no power, heating or water"),
    IncidentKind.EARTHQUAKE: gettext_lazy("an earthquake"),
    IncidentKind.SMOKE: gettext_lazy("smoke"),
    IncidentKind.OTHER: gettext_lazy("rooms that cannot be used"),
}
MOST_NAMED = 2


@dataclass(frozen=True)
class Appeal:
    """``needs`` are open and may be shown to ``helper``; ``asked`` is what is still missing of them."""

    wave: Wave
    helper: Therapist
    needs: list[Need]
    asked: list[Asked]
    coverage: dict[int, Coverage]
    pledges: list[Pledge] = field(default_factory=list)  # of the helper

    @property
    def pledge(self) -> Pledge | None:
        """What they would lend of the room that has most of it: its price and weeks begin their offer."""
        if not any(asked.is_pledged for asked in self.asked):
            return None
        return next((own for own in self.pledges if own.office == self.room), None)

    @property
    def terms(self) -> tuple[int, date | None]:
        """Cents an hour and until when, before they say otherwise: as pledged, or free for as long as it is needed."""
        if self.pledge is None:
            return 0, None
        firsts = [item.dates[0].day for item in self.asked if item.is_pledged]
        last = min(firsts) + timedelta(weeks=self.pledge.weeks, days=-1)
        return self.pledge.price_cents, last

    @property
    def incident(self) -> Incident | None:
        return self.wave.incident

    @cached_property
    def open(self) -> list[Asked]:
        """What must be covered, and nobody has offered yet."""
        return [asked for asked in self.asked if asked.is_must and not asked.is_offered]

    @cached_property
    def nice(self) -> list[Asked]:
        """What would be welcome, too."""
        return [
            asked for asked in self.asked if not asked.is_must and not asked.is_offered
        ]

    @cached_property
    def room(self) -> Office | None:
        """Of the helper's rooms the one that is free for most of it."""
        minutes: Counter[Office] = Counter()
        for asked in self.open:
            if asked.office:
                minutes[asked.office] += asked.span.minutes * asked.free_dates
        return minutes.most_common(1)[0][0] if minutes else None

    @property
    def names(self) -> str:
        """ "Dana, Luis and two more colleagues" """
        return say_names([need.therapist for need in self.needs])

    @property
    def place(self) -> str:
        return self.needs[0].place if self.needs else ""

    @property
    def what(self) -> str:
        return str(WHAT[IncidentKind(self.incident.kind)]) if self.incident else ""

    @property
    def hours(self) -> str:
        """Whole stretches, those that fit first, short enough for a subject: "Wed 17–21"."""
        shown = self.open or self.asked
        fitting = [asked.span for asked in shown if asked.is_free]
        spans = merge_spans(asked.span for asked in shown)
        best = sorted(spans, key=lambda span: not common_spans([span], fitting))
        named = ", ".join(short_hours(span) for span in sorted(best[:MOST_NAMED]))
        more = len(spans) > MOST_NAMED
        return _("%(hours)s and more") % {"hours": named} if more else named

    @property
    def must_have(self) -> list[str]:
        """What some of the rooms must have."""
        terms = {str(term) for need in self.needs for term in need.attributes.all()}
        return sorted(terms)

    @property
    def weeks(self) -> int:
        return max((len(asked.dates) for asked in self.asked), default=0)

    @property
    def most_cents(self) -> int | None:
        """What all of them could pay; None where one of them named no limit."""
        limits = [need.most_cents for need in self.needs]
        return (
            None
            if not limits or None in limits
            else min(limit for limit in limits if limit is not None)
        )

    def is_urgent(self, now: datetime | None = None) -> bool:
        soon = (now or timezone.now()) + URGENT
        return any(
            item.period and item.period.lower <= soon
            for asked in self.asked
            if asked.is_must
            for item in asked.dates
        )


def appeals_of(
    pairs: Iterable[tuple[Wave, Therapist]],
) -> dict[tuple[int, int], Appeal]:
    """By wave and person. A constant number of queries for a wave, however many people it asks."""
    pairs = list(pairs)
    waves = {wave.pk: wave for wave, _helper in pairs}
    helpers = {helper.pk for _wave, helper in pairs}
    needs = {
        pk: list(
            open_needs_of(wave)
            .with_people()
            .with_hours()
            .prefetch_related("attributes")
        )
        for pk, wave in waves.items()
    }
    coverage = coverage_of(
        {need.pk: need for found in needs.values() for need in found}.values()
    )
    blocked = _blocked(helpers)
    offices, pledges = offices_of(helpers), pledges_of(helpers)
    missing: dict[tuple[int, ...], Missing] = {}
    appeals = {}
    for wave, helper in pairs:
        shown = [need for need in needs[wave.pk] if not _hidden(need, helper, blocked)]
        own = pledges[helper.pk]
        of_whom = tuple(need.pk for need in shown)
        if of_whom not in missing:
            missing[of_whom] = Missing(shown, coverage)
        asked = missing[of_whom].asked_of(offices[helper.pk], own)
        appeals[wave.pk, helper.pk] = Appeal(wave, helper, shown, asked, coverage, own)
    return appeals


def appeal_to(wave: Wave, helper: Therapist) -> Appeal:
    return appeals_of([(wave, helper)])[wave.pk, helper.pk]


def offices_of(helpers: Iterable[int]) -> dict[int, list[Office]]:
    """Each one's rooms, with their openings, those closed now last; a private draft is one too."""
    found: dict[int, list[Office]] = defaultdict(list)
    hosts: dict[int, list[int]] = defaultdict(list)
    for office_id, host_id in Office.hosts.through.objects.filter(
        therapist__in=list(helpers)
    ).values_list("office", "therapist"):
        hosts[office_id].append(host_id)
    closures = Closure.objects.filter(
        Q(office=OuterRef("pk")) | Q(building=OuterRef("building")),
        period__contains=timezone.now(),
    )
    offices = (
        Office.objects.filter(pk__in=list(hosts), is_hidden=False)
        .annotate(is_closed=Exists(closures))
        .order_by("is_closed", "name", "pk")
    )
    for office in offices.select_related("building").prefetch_related(
        Prefetch("openings", Opening.objects.current().fresh())
    ):
        for host_id in hosts[office.pk]:
            found[host_id].append(office)
    return found


def pledges_of(helpers: Iterable[int]) -> dict[int, list[Pledge]]:
    found: dict[int, list[Pledge]] = defaultdict(list)
    standing = Pledge.objects.standing().filter(therapist__in=list(helpers))
    for pledge in standing.select_related("office"):
        found[pledge.therapist_id].append(pledge)
    return found


def _hidden(need: Need, helper: Therapist, blocked: set[tuple[int, int]]) -> bool:
    askers = {need.therapist_id, need.author_id}
    return helper.pk in askers or any((helper.pk, asker) in blocked for asker in askers)


def _blocked(helpers: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs that no longer meet, the helper first."""
    ids = list(helpers)
    pairs = set(
        Block.objects.filter(Q(blocker__in=ids) | Q(blocked__in=ids)).values_list(
            "blocker", "blocked"
        )
    )
    return pairs | {(blocked, blocker) for blocker, blocked in pairs}


def say_names(people: list[Therapist]) -> str:
    """First names only; beyond two, how many more."""
    names = list(dict.fromkeys(person.first_name for person in people))
    more = len(people) - MOST_NAMED if len(people) > MOST_NAMED else 0
    if more:
        return ngettext(
            "%(names)s and one more colleague",
            "%(names)s and %(count)s more colleagues",
            more,
        ) % {"names": ", ".join(names[:MOST_NAMED]), "count": more}
    return _(" and ").join(names)


def short_hours(span: Span) -> str:
    """``Wed 17–21``: full hours without their minutes, for a subject."""
    start, end = (
        clock(minute).removesuffix(":00") for minute in (span.start, span.end)
    )
    return f"{day_name(span.weekday)} {start}–{end}"
