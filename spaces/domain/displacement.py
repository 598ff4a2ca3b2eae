"""What an incident closes, whom it displaces, and how exactly that is undone.

``settle_incident`` brings closures, dates and drafts into agreement with the incident's status and places, whatever
they were before. The caller holds the incident's lock; the offices' are taken here, by id. What is held in a closed
place is released at once; what becomes of that when it opens again is said in ``spaces.domain.releasing``.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from directory.domain.outbox import enqueue_to
from directory.models import Therapist
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.domain.dates import move_by_clock
from spaces.domain.drafting import (
    buildings_of,
    closed_by,
    concerned,
    draft_needs,
    last_closed_day,
    scopes_of,
)
from spaces.domain.need import LIVE, end_offers
from spaces.domain.releasing import lying_in, release_holds
from spaces.domain.wave import finish_waves
from spaces.domain.way_back import ask_way_back, found_elsewhere, withdraw_questions
from spaces.enums import (
    IncidentStatus,
    NeedStatus,
    OccurrenceState,
)
from spaces.models import (
    Closure,
    Displacement,
    Incident,
    IncidentScope,
    Need,
    Occurrence,
    Office,
)
from spaces.models.booking import OccurrenceQuerySet
from spaces.models.incident import IN_FORCE
from spaces.ties import offices_of

S = IncidentStatus


def settle_incident(incident: Incident) -> list[Occurrence]:
    """Closures as the places say while in force, dates displaced or restored to match, drafts for who is concerned.

    Answers which dates were restored.
    """
    scopes = (
        list(incident.scopes.select_related("building", "office"))
        if _holds(incident)
        else []
    )
    offices = offices_of(incident)
    lock_offices(offices)
    before = closed_by(incident)
    incident.closures.all().delete()
    closures = Closure.objects.bulk_create(_closures(incident, scopes))
    displaced = _displace(incident, closures)
    release_holds(closures, by=None, reason=str(incident))
    restored = _restore(incident)
    refresh_free(offices)
    if incident.status in IN_FORCE:
        people = draft_needs(incident, scopes, displaced, closed_before=before)
        concerned_now = Therapist.objects.filter(pk__in=people).with_user()
        tell_of_incident("displaced", incident, concerned_now)
    return restored


def _holds(incident: Incident) -> bool:
    """In force; or over, when what it closed until then stays on record."""
    return incident.status in {*IN_FORCE, S.OVER}


def _closures(incident: Incident, scopes: Iterable[IncidentScope]) -> list[Closure]:
    return [
        Closure(
            building=None if scope.office else scope.building,
            office=scope.office,
            period=DateTimeTZRange(incident.began_at, scope.until),
            reason=str(incident),
            incident=incident,
        )
        for scope in scopes
        if scope.until > incident.began_at
    ]


def _displace(incident: Incident, closures: Iterable[Closure]) -> OccurrenceQuerySet:
    """booked → displaced, where they are not over. They go on holding their hours, so that nobody else can have them meanwhile."""
    displaced = Occurrence.objects.filter(
        lying_in(closures),
        state__in=[OccurrenceState.BOOKED, OccurrenceState.DISPLACED],
    ).ending_after(timezone.now())
    ids = list(displaced.values_list("pk", flat=True))
    move_by_clock(Occurrence.objects.filter(pk__in=ids), OccurrenceState.DISPLACED)
    return Occurrence.objects.filter(pk__in=ids)


def _restore(incident: Incident) -> list[Occurrence]:
    """displaced → booked where no closure, of this incident or another, covers the date any more and it is still wanted.

    Who has found another room for the same hours is asked, and has both until then. A false alarm restores all.
    """
    closures = Closure.objects.filter(
        Q(office=OuterRef("office")) | Q(building=OuterRef("office__building")),
        period__overlap=OuterRef("period"),
    )
    mine = Displacement.objects.filter(incident=incident, occurrence=OuterRef("pk"))
    free = Occurrence.objects.filter(
        Exists(mine), ~Exists(closures), state=OccurrenceState.DISPLACED
    )
    if incident.status == S.DISMISSED:
        asked = Occurrence.objects.none()
    else:
        asked = found_elsewhere(free.ending_after(timezone.now()))
    withdraw_questions(incident, asked)
    questions = list(asked)
    restored = list(free.exclude(pk__in=[date.pk for date in questions]))
    ids = [date.pk for date in restored]
    move_by_clock(
        Occurrence.objects.filter(pk__in=ids), OccurrenceState.BOOKED, is_due=False
    )
    Displacement.objects.filter(incident=incident, occurrence__in=ids).delete()
    ask_way_back(incident, questions)
    return restored


def move_needs(
    incident: Incident, scope: IncidentScope, old: datetime, new: datetime
) -> None:
    """Needs that were to last until this reopening last until the new one, unless another place keeps somebody out for
    longer; those that would begin after it close. Whoever chose another date keeps it.
    """
    scopes = list(incident.scopes.select_related("building"))
    building_of = buildings_of(scopes)
    reach = (incident.began_at, max(old, new))
    dates = Occurrence.objects.filter(
        office__in=list(building_of),
        state__in=[OccurrenceState.BOOKED, OccurrenceState.DISPLACED],
        period__overlap=reach,
    )
    rooms_of = concerned(
        Office.objects.filter(pk__in=list(building_of)),
        dates.values_list("guest", "office").distinct(),
    )
    over = []
    for need in Need.objects.filter(incident=incident, status__in=LIVE):
        mine = scopes_of(rooms_of.get(need.therapist_id, set()), scopes, building_of)
        if scope not in mine:
            continue
        before = max(_last_day_of(it, scope, old) for it in mine)
        after = max(_last_day_of(it, scope, new) for it in mine)
        if need.last_date != before:
            continue
        if after < need.first_date and need.status != NeedStatus.COVERED:
            over.append(need)
        elif after >= need.first_date:
            Need.objects.filter(pk=need.pk).update(last_date=after)
    _close(over)


def _last_day_of(place: IncidentScope, moved: IncidentScope, until: datetime) -> date:
    return last_closed_day(until if place == moved else place.until, place.building)


def close_needs(incident: Incident) -> None:
    """Nothing is lost any more: drafts and open needs close, undecided offers are thanked, waves are done."""
    live = [NeedStatus.DRAFT, NeedStatus.OPEN]
    _close(list(Need.objects.filter(incident=incident, status__in=live)))


def _close(needs: Sequence[Need]) -> None:
    Need.objects.filter(pk__in=[need.pk for need in needs]).update(
        status=NeedStatus.CLOSED
    )
    for need in needs:
        if need.status == NeedStatus.OPEN:
            end_offers(need)
    if needs:
        finish_waves(needs[0])
    keep_facets([need.therapist_id for need in needs])


# --- Telling -----------------------------------------------------------------------------


def tell_of_incident(
    kind: str, incident: Incident, people: Iterable[Therapist], cause: str = ""
) -> None:
    enqueue_to(
        kind,
        [person for person in people if person.address],
        cause=cause or f"incident:{incident.pk}",
        payload={"incident": incident.pk},
    )


def tell_displaced(kind: str, incident: Incident, cause: str) -> None:
    needs = Need.objects.filter(incident=incident)
    people = Therapist.objects.filter(
        Q(pk__in=needs.values("therapist")) | Q(pk__in=needs.values("author"))
    )
    tell_of_incident(kind, incident, people.with_user(), cause)
