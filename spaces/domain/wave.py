"""Asking colleagues in rounds: whom to tell, why, and when the next, wider round goes out. The outbox does the sending.

An incident, or a need without one, has at most one wave at work. The caller of everything here that writes holds the
lock of the incident or, without one, of the need (``lock_cause``), so two rounds never choose at the same time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import Count, Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.errors import NotAllowedError
from directory.models import Community, Therapist
from spaces.coverage import Coverage, coverage_of
from spaces.domain.choosing import Found, choose, further
from spaces.enums import Party, WaveState
from spaces.matching import mails_waiting, open_needs_of, waves_of
from spaces.models import Incident, Need, Wave, WaveRecipient

S = WaveState
TRANSITIONS: dict[tuple[WaveState, WaveState], set[Party]] = {
    (S.RUNNING, S.PAUSED): {Party.AUTHOR, Party.MODERATOR},
    (S.PAUSED, S.RUNNING): {Party.AUTHOR, Party.MODERATOR},
    (S.RUNNING, S.STOPPED): {Party.MODERATOR},
    (S.PAUSED, S.STOPPED): {Party.MODERATOR},
    (S.STOPPED, S.RUNNING): {Party.MODERATOR},
    (S.RUNNING, S.DONE): {Party.CLOCK},
    (S.PAUSED, S.DONE): {Party.CLOCK},
}
AT_WORK = [S.RUNNING, S.PAUSED]
URGENT = timedelta(
    days=1
)  # the first needed hour is so near: shorter rounds, and quiet hours yield
REASON_LENGTH = 300


# --- Beginning, joining, going on --------------------------------------------------


def begin_wave(need: Need, now: datetime | None = None) -> None:
    """The need has just been published, in this transaction: a first wave, or its colleagues join the one at work."""
    now = now or timezone.now()
    latest = waves_of(need).order_by("-number").first()
    if latest is None or latest.state == S.DONE:
        _start(latest, need, now)
    elif latest.state == S.RUNNING:
        tell_more(latest, [need], limit=Community.objects.current().wave_size, now=now)
        sooner = now + _interval(_coverage(latest, now), now)
        Wave.objects.filter(pk=latest.pk, next_at__gt=sooner).update(next_at=sooner)


def tell_more(
    wave: Wave, needs: Sequence[Need], *, limit: int, now: datetime | None = None
) -> int:
    """Add people to a running wave for these needs: how many were told."""
    coverage = coverage_of(needs, now)
    found = choose(wave, [(need, coverage[need.pk]) for need in needs], limit)
    _tell(wave, found)
    return len(found)


def tell_the_next(wave: Wave) -> None:
    """Somebody said no, maybe to an earlier round: the next nearest is asked in their stead, by the round at work.

    Where nobody is left in its reach, one step further away.
    """
    with transaction.atomic():
        lock_cause(wave.incident_id, wave.need_id)
        at_work = Wave.objects.running().filter(
            incident=wave.incident_id, need=wave.need_id
        )
        for running in at_work:
            needs = list(open_needs_of(running).with_people())
            if not tell_more(running, needs, limit=1):
                reach = running.reach_percent
                running.reach_percent = further(reach, Community.objects.current())
                tell_more(running, needs, limit=1)
                running.reach_percent = reach


def advance_waves(now: datetime | None = None) -> None:
    """The clock: of every wave whose time is up, the next and wider one, if hours are still open."""
    now = now or timezone.now()
    for wave in Wave.objects.due(now):
        advance_wave(wave, now)


@transaction.atomic
def advance_wave(wave: Wave, now: datetime) -> None:
    """Nothing happens to one that another worker advanced meanwhile."""
    lock_cause(wave.incident_id, wave.need_id)
    wave.refresh_from_db()
    if wave.state == S.RUNNING and wave.next_at <= now:
        _advance(wave, now)


def finish_waves(need: Need, now: datetime | None = None) -> None:
    """Something of the need was covered, or it closed: with nothing missing any more its wave is done."""
    for wave in waves_of(need).filter(state__in=AT_WORK):
        if not any(
            coverage.missing
            for coverage in _coverage(wave, now or timezone.now()).values()
        ):
            _set_state(wave, S.DONE)


def lock_cause(incident_id: int | None, need_id: int | None) -> None:
    """The first lock of every transaction about needs: the incident's, or the lone need's."""
    if incident_id:
        Incident.objects.select_for_update(no_key=True).get(pk=incident_id)
    else:
        Need.objects.select_for_update(no_key=True).get(pk__in=[need_id])


# --- By hand -----------------------------------------------------------------------


def pause_wave(wave: Wave, *, by: Therapist) -> Wave:
    return _move(wave, S.PAUSED, by=by)


@transaction.atomic
def resume_wave(wave: Wave, *, by: Therapist) -> Wave:
    """Goes on where it was, a stopped one too: whoever matches by now and was not told is told at once."""
    wave = _move(wave, S.RUNNING, by=by)
    now = timezone.now()
    tell_more(
        wave,
        list(open_needs_of(wave).with_people()),
        limit=Community.objects.current().wave_size,
        now=now,
    )
    wave.next_at = now + _interval(_coverage(wave, now), now)
    wave.save(update_fields=["next_at"])
    return wave


def stop_wave(wave: Wave, *, by: Therapist) -> Wave:
    """For good, unless a moderator lets it run again; mails still waiting are not sent."""
    return _move(wave, S.STOPPED, by=by)


def next_states(wave: Wave, therapist: Therapist) -> list[WaveState]:
    parties = _parties(wave, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == wave.state and parties & who
    ]


@transaction.atomic
def _move(wave: Wave, new: WaveState, *, by: Therapist) -> Wave:
    lock_cause(wave.incident_id, wave.need_id)
    wave.refresh_from_db()
    old = WaveState(wave.state)
    if not _parties(wave, by) & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This wave is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    return _set_state(wave, new)


def _set_state(wave: Wave, state: WaveState) -> Wave:
    wave.state = state
    wave.save(update_fields=["state"])
    return wave


def _parties(wave: Wave, therapist: Therapist) -> set[Party]:
    """An author may pause only what is theirs alone: other people's needs wait for the same wave."""
    parties = {Party.MODERATOR} if therapist.is_moderator else set()
    people = open_needs_of(wave).values_list("author", "therapist")
    if people and all(therapist.pk in pair for pair in people):
        parties.add(Party.AUTHOR)
    return parties


# --- The rounds ----------------------------------------------------------------------


def _start(before: Wave | None, need: Need, now: datetime) -> Wave:
    wave = Wave.objects.create(
        incident_id=need.incident_id,
        need=None if need.incident_id else need,
        number=before.number + 1 if before else 1,
        next_at=now,
    )
    coverage = _coverage(wave, now)
    tell_more(
        wave,
        list(open_needs_of(wave).with_people()),
        limit=Community.objects.current().wave_size,
        now=now,
    )
    wave.next_at = now + _interval(coverage, now)
    wave.save(update_fields=["next_at"])
    return wave


def _advance(wave: Wave, now: datetime) -> None:
    """Nothing missing: done. All of it offered: wait for the answers. Most mails of this round still in somebody's
    quiet hours: its time begins when they end. Else the next round, widened until it finds somebody or has reached
    its limit.
    """
    coverage = _coverage(wave, now)
    if not any(found.missing for found in coverage.values()):
        _set_state(wave, S.DONE)
    elif not any(found.open for found in coverage.values()):
        wave.next_at = now + _interval(coverage, now)
        wave.save(update_fields=["next_at"])
    elif told_from := _told_from(wave, now):
        wave.next_at = told_from + _interval(coverage, told_from)
        wave.save(update_fields=["next_at"])
    else:
        _set_state(wave, S.DONE)
        _widen(wave, coverage, now)


def _told_from(wave: Wave, now: datetime) -> datetime | None:
    """When the first of the mails that wait goes out, if most of the round's people have none yet."""
    waiting = mails_waiting([wave], now).aggregate(
        count=Count("pk"), first=Min("next_attempt_at")
    )
    if waiting["count"] * 2 > wave.recipients.count():
        return cast("datetime", waiting["first"])
    return None


def _widen(wave: Wave, coverage: dict[int, Coverage], now: datetime) -> None:
    community = Community.objects.current()
    needs = list(open_needs_of(wave).with_people())
    wanted = [(need, coverage[need.pk]) for need in needs]
    growth = max(community.wave_growth_percent, 100)
    step, reach = _step(wave), wave.reach_percent
    found: dict[int, Found] = {}
    following = Wave(
        incident_id=wave.incident_id,
        need_id=wave.need_id,
        number=wave.number + 1,
        next_at=now,
    )
    while step < community.wave_limit and not found:
        step, reach = step + 1, further(reach, community)
        following.reach_percent = reach
        found = choose(
            following,
            wanted,
            community.wave_size * growth ** (step - 1) // 100 ** (step - 1),
        )
    if found:
        following.next_at = now + _interval(coverage, now)
        following.save()
        _tell(following, found)


def _step(wave: Wave) -> int:
    """The how-manieth round since asking began (anew): only the first reaches just as far as people said."""
    first = Wave.objects.filter(
        incident=wave.incident_id,
        need=wave.need_id,
        number__lte=wave.number,
        reach_percent=100,
    ).aggregate(Max("number"))["number__max"]
    return wave.number - (first or wave.number) + 1


def _tell(wave: Wave, found: dict[int, Found]) -> None:
    """The rows and the letters, in the caller's transaction."""
    WaveRecipient.objects.bulk_create(
        [
            WaveRecipient(
                wave=wave,
                recipient_id=pk,
                is_match=item.is_match,
                metres=item.metres,
                reason="; ".join(dict.fromkeys(item.reasons))[:REASON_LENGTH],
            )
            for pk, item in found.items()
        ],
        ignore_conflicts=True,
    )
    letters = [
        Letter(to=pk, cause=f"wave:{wave.pk}", payload={"wave": wave.pk})
        for pk in found
    ]
    enqueue_all("wave", letters)


def _coverage(wave: Wave, now: datetime) -> dict[int, Coverage]:
    return coverage_of(open_needs_of(wave).with_hours(), now)


def _interval(coverage: dict[int, Coverage], now: datetime) -> timedelta:
    community = Community.objects.current()
    firsts = [found.open[0][0] for found in coverage.values() if found.open]
    is_urgent = bool(firsts) and min(firsts) <= now + URGENT
    return timedelta(
        minutes=community.urgent_wave_minutes if is_urgent else community.wave_minutes
    )
