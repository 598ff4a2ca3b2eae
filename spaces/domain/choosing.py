"""Whom a round of asking tells, how far it reaches, and the reason that is kept for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from directory.geo import distance_band
from directory.models import Community
from spaces import hours
from spaces.coverage import Coverage, meets
from spaces.hours import Interval, Span
from spaces.models import Need, Wave
from spaces.neighbours import Helper, Helpers
from spaces.week import say_spans

EVENING = 17 * 60
FEW = 3  # helpers: scarce hours that fewer near have free are asked for further away at once
WIDER = 10  # percent: each next round reaches at least so much further
WIDEST = 30_000  # percent: all the column holds


@dataclass
class Found:
    metres: int
    reasons: list[str] = field(default_factory=list)
    is_match: bool = False
    is_pledged: bool = False
    is_first_help: bool = False  # for somebody who has nothing covered yet


def further(reach: int, community: Community) -> int:
    """Of a round's reach the next one's, in percent of the radius."""
    growth = max(community.wave_reach_percent, 100)
    return min(max(reach * growth // 100, reach + WIDER), WIDEST)


def choose(
    wave: Wave, wanted: Sequence[tuple[Need, Coverage]], limit: int
) -> dict[int, Found]:
    """Of all needs together: who pledged such hours, then those whose free hours match, both first for who has nothing
    covered yet; then the others near. Each nearest first.
    """
    found: dict[int, Found] = {}
    community = Community.objects.current()
    beyond = further(wave.reach_percent, community)
    people = Helpers(
        wave,
        {need: coverage.open for need, coverage in wanted if coverage.open},
        {need: need.radius_metres * beyond / 100 for need, _coverage in wanted},
    )
    for need, coverage in wanted:
        if not coverage.open:
            continue
        for helper, is_far in _helpers(people, need, coverage.open, limit, beyond):
            known = found.setdefault(helper.therapist_id, Found(helper.metres))
            known.metres = min(known.metres, helper.metres)
            known.is_match |= helper.is_match
            known.is_pledged |= bool(helper.pledged)
            known.is_first_help |= not coverage.share
            known.reasons.append(_reason(need, helper, community, is_far=is_far))
    ranked = sorted(
        found.items(),
        key=lambda item: (
            not item[1].is_pledged,
            not item[1].is_match,
            not item[1].is_first_help,
            item[1].metres,
            item[0],
        ),
    )
    return dict(ranked[:limit])


def _helpers(
    people: Helpers, need: Need, periods: Sequence[Interval], limit: int, beyond: int
) -> Iterator[tuple[Helper, bool]]:
    """For a need, and whether they come in because its hours are scarce.

    Of scarce hours (evenings, weekends) that few near have free, those who have them free one step further away are
    asked in the same round already; from the second round on, others there are too.
    """
    reach = people.wave.reach_percent
    metres = need.radius_metres * reach / 100
    near = people.helpers_for(need, periods, metres=metres, limit=limit)
    yield from ((helper, False) for helper in near)
    scarce = [
        period
        for period in periods
        if _is_scarce(period[0], need)
        and sum(_has(helper, period) for helper in near) < FEW
    ]
    if not scarce:
        return
    metres = need.radius_metres * beyond / 100
    known = {helper.therapist_id for helper in near}
    for helper in people.helpers_for(need, scarce, metres=metres, limit=limit):
        is_asked = helper.is_match or reach > 100
        if is_asked and helper.therapist_id not in known:
            yield helper, True


def _is_scarce(moment: datetime, need: Need) -> bool:
    local = moment.astimezone(need.zone)
    return local.weekday() >= 5 or local.hour * 60 + local.minute >= EVENING


def _reason(
    need: Need, helper: Helper, community: Community, *, is_far: bool = False
) -> str:
    far = distance_band(helper.metres, community.distance_unit)
    if not helper.is_match:
        return _("%(far)s, no hours posted") % {"far": far}
    if helper.pledged:
        spans = _spans(helper.pledged, need)
        return _("pledged %(hours)s, %(far)s") % {"far": far, "hours": say_spans(spans)}
    spans = _spans(helper.free, need)
    said = {"far": far, "hours": say_spans(spans)}
    if is_far:
        return _("%(far)s, meets %(hours)s, which few nearer have") % said
    return _("%(far)s, meets %(hours)s") % said


def _spans(periods: Sequence[Interval], need: Need) -> set[Span]:
    days = hours.by_day(periods, need.zone)
    return {hours.span_of(DateTimeTZRange(*part), need.zone) for part in days}


def _has(helper: Helper, period: Interval) -> bool:
    return meets(helper.free, *period) or meets(helper.pledged, *period)
