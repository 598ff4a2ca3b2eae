from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, F, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from directory.domain.application import say_usual_wait
from directory.domain.membership import leave_to_undo
from directory.enums import Standing
from directory.geo import DistanceTo, distance_band
from directory.models import Community, Supervision, Therapist
from directory.queries import people_shown_to
from spaces import hours
from spaces.agenda import span_blocks
from spaces.coverage import coverage_of
from spaces.enums import IncidentStatus, NeedStatus, OfferStatus
from spaces.models import Booking, Incident, IncidentScope, Need, Opening, Pledge
from spaces.models.incident import IN_FORCE
from spaces.models.pledge import ASKED_AFTER
from spaces.my_week import my_week
from spaces.notifications.entry import entered_bookings, guest_path
from spaces.summary import say_proposal, summary_of
from spaces.ties import buildings_tied_to
from spaces.views.first_steps import first_steps
from spaces.views.hand_on import offered_context
from spaces.views.proposal import waiting_proposals
from spaces.views.reopening import reopening_tasks
from spaces.week import say_hours, say_spans
from spaces.words import say_moment

NEW_FOR = timedelta(days=60)
NEWCOMERS = 4
ASK_AFTER = timedelta(
    days=50
)  # unconfirmed hours are asked after before they sink at 60 days
NEAR_METRES = 30_000
UNSURE = [IncidentStatus.REPORTED, IncidentStatus.PROVISIONAL]


@dataclass(frozen=True)
class Task:
    """One thing that waits for the member."""

    kicker: str
    title: str
    text: str
    url: str
    action: str
    confirm_url: str = ""  # answered right here, by one tap


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page: of strangers, of those who wait, of members."""
    me: Therapist | None = getattr(request, "therapist", None)
    if not request.user.is_authenticated:
        return render(request, "spaces/welcome.html", {"districts": _districts()})
    if me is None:
        return redirect("directory:join")
    if me.standing != Standing.MEMBER:
        is_guest = entered_bookings().filter(guest=me).exists()
        return render(
            request,
            "spaces/standing.html",
            {
                "therapist": me,
                "guest_url": guest_path(me) if is_guest else "",
                "left": leave_to_undo(me),
                "wait": say_usual_wait() if me.standing == Standing.APPLICANT else "",
                "steps": first_steps(me) if me.standing == Standing.APPLICANT else [],
            },
        )
    community: Community = (
        getattr(request, "community", None) or Community.objects.current()
    )
    return render(request, "spaces/home.html", _home(me, community))


def _home(me: Therapist, community: Community) -> dict[str, Any]:
    return {
        "today": timezone.localdate(),
        "greeting": _greeting(),
        "incident": _incident_near(me, community),
        "tasks": [
            *_reports(me),
            *_drafts(me),
            *_offers(me),
            *_reopened(me, community),
            *_requests(me, community),
            *_handed(me),
            *_proposed(me),
            *_approvals(me, community),
            *_lapse(me),
            *_supervisions(me),
            *_stale(me),
            *_pledges(me),
            *_queue(me),
        ],
        "steps": first_steps(me),
        "newcomers": list(_newcomers(me)),
        "days": my_week(me, community.currency, ZoneInfo(community.timezone)),
    }


def _greeting() -> str:
    hour = timezone.localtime().hour
    if hour < 5 or hour >= 18:
        return _("Good evening")
    return _("Good morning") if hour < 12 else _("Good afternoon")


def _districts() -> list[str]:
    """All that a stranger is told of an incident."""
    scopes = IncidentScope.objects.filter(incident__status__in=IN_FORCE).select_related(
        "building"
    )
    return sorted({scope.building.district for scope in scopes})


def _newcomers(me: Therapist) -> Iterable[Therapist]:
    since = timezone.now() - NEW_FOR
    people = people_shown_to(me).exclude(pk=me.pk).filter(joined_at__gt=since)
    return people.order_by("-joined_at", "pk")[:NEWCOMERS]


# --- Waiting for you -----------------------------------------------------------


def _requests(me: Therapist, community: Community) -> Iterable[Task]:
    for booking in (
        Booking.objects.hosted_by(me)
        .undecided()
        .with_parties()
        .with_dates()
        .order_by("answer_by")
    ):
        summary = summary_of(booking)
        zone = booking.office.building.zone
        until = say_moment(booking.answer_by, zone) if booking.answer_by else ""
        yield Task(
            kicker=_("Request · answer by %(until)s") % {"until": until}
            if until
            else _("Request"),
            title=_("%(guest)s asks for %(office)s")
            % {"guest": booking.guest, "office": booking.office},
            text=f"{summary.hours}, {summary.price(community.currency)}",
            url=booking.get_absolute_url(),
            action=_("Look and answer"),
        )


def _approvals(me: Therapist, community: Community) -> Iterable[Task]:
    """What somebody under supervision asked for, and this person answers for."""
    waiting = Booking.objects.answered_for_by(me).undecided().filter(approved_at=None)
    hosted = Booking.objects.hosted_by(me).values("pk")  # one answer is enough
    for booking in waiting.exclude(pk__in=hosted).with_parties().with_dates():
        summary = summary_of(booking)
        yield Task(
            kicker=_("Approval"),
            title=_("%(guest)s asks for %(office)s")
            % {"guest": booking.guest, "office": booking.office},
            text=f"{summary.hours}, {summary.price(community.currency)}",
            url=booking.get_absolute_url(),
            action=_("Look and approve"),
        )


def _supervisions(me: Therapist) -> Iterable[Task]:
    asked = Supervision.objects.filter(supervisor=me, accepted_at=None)
    for link in asked.select_related("trainee"):
        yield Task(
            kicker=_("Supervision"),
            title=_("%(name)s names you as supervisor") % {"name": link.trainee},
            text=_("If you accept, you approve what they book here."),
            url=reverse("directory:supervision"),
            action=_("Look and answer"),
        )


def _lapse(me: Therapist) -> Iterable[Task]:
    if me.lapsed_on:
        yield Task(
            kicker=_("Licence"),
            title=_("Your licence has run out here"),
            text=_("You can offer and book nothing new until you tell its new date."),
            url=reverse("directory:licences"),
            action=_("Tell the new date"),
        )


def _handed(me: Therapist) -> Iterable[Task]:
    """Booked dates that a colleague would hand on or lend."""
    for offer in offered_context(me)["offered_dates"]:
        building = offer.booking.office.building
        yield Task(
            kicker=offer.get_kind_display(),
            title=_("%(giver)s offers you hours") % {"giver": offer.giver},
            text=_("%(office)s, %(place)s. Nothing changes until you say yes.")
            % {"office": offer.booking.office, "place": building.district},
            url=reverse("spaces:hand_on_detail", args=[offer.pk]),
            action=_("Look and answer"),
        )


def _proposed(me: Therapist) -> Iterable[Task]:
    """Other times that hosts propose for dates of theirs."""
    for proposal, url in waiting_proposals(me):
        office = proposal.occurrence.office
        new, old = (
            say_moment(period.lower, office.building.zone)
            for period in (proposal.period, proposal.old_period)
        )
        yield Task(
            kicker=_("Another time?"),
            title=_("%(host)s proposes another time") % {"host": proposal.by},
            text=_("%(office)s: %(new)s instead of %(old)s.")
            % {"office": office, "new": new, "old": old},
            url=url,
            action=_("Look and answer"),
        )


def _reopened(me: Therapist, community: Community) -> Iterable[Task]:
    """A place is open again: back to one's own room or not, and what becomes of a borrowed one."""
    ways, rooms = reopening_tasks(me)
    for way in ways:
        yield Task(
            kicker=_("Open again"),
            title=_("Back to your own room?"),
            text=_("You have both for now. Unanswered, your own dates are released."),
            url=way.get_absolute_url(),
            action=_("Choose"),
        )
    for borrowed in rooms:
        booking = borrowed.booking
        yield Task(
            kicker=_("Borrowed room"),
            title=_("%(guest)s in %(office)s: how shall it go on?")
            % {"guest": booking.guest, "office": booking.office},
            text=_("%(name)s proposes: %(proposal)s.")
            % {
                "name": borrowed.proposed_by,
                "proposal": say_proposal(borrowed, community.currency),
            }
            if borrowed.proposed_by
            else _("End it, turn it into a sublet, or leave it as it was agreed."),
            url=borrowed.get_absolute_url(),
            action=_("Look and answer"),
        )


def _offers(me: Therapist) -> Iterable[Task]:
    needs = (
        Need.objects.of(me)
        .filter(status=NeedStatus.OPEN)
        .annotate(waiting=Count("offers", filter=Q(offers__status=OfferStatus.OFFERED)))
        .filter(waiting__gt=0)
        .select_related("therapist")
    )
    for need in needs:
        yield Task(
            kicker=_("Offers"),
            title=ngettext(
                "%(count)s offer to answer", "%(count)s offers to answer", need.waiting
            )
            % {"count": need.waiting},
            text=_("Colleagues offer hours to %(name)s. Accepting books them at once.")
            % {"name": need.therapist.first_name}
            if need.therapist_id != me.pk
            else _("Colleagues offer you hours. Accepting books them at once."),
            url=need.get_absolute_url(),
            action=_("See the offers"),
        )


def _drafts(me: Therapist) -> Iterable[Task]:
    for need in Need.objects.of(me).filter(status=NeedStatus.DRAFT).with_people():
        name = need.therapist.first_name
        yield Task(
            kicker=_("A need, not yet published"),
            title=_("Your hours are ready to be asked for")
            if need.therapist_id == me.pk
            else _("The hours of %(name)s are ready to be asked for") % {"name": name},
            text=_(
                "Nobody has been told yet. Look through them, then publish with one button."
            ),
            url=need.get_absolute_url(),
            action=_("Look and publish"),
        )


def _reports(me: Therapist) -> Iterable[Task]:
    """Incidents that wait for somebody's word, where this person has one."""
    reports = (
        Incident.objects.filter(status__in=UNSURE)
        .exclude(reported_by=me)
        .exclude(words__therapist=me)
    )
    if not me.is_moderator:
        reports = reports.filter(scopes__building__in=buildings_tied_to(me))
    for incident in reports.distinct():
        yield Task(
            kicker=_("Reported %(when)s")
            % {"when": date_format(timezone.localtime(incident.created_at), "H:i")},
            title=_("Is it true? %(incident)s") % {"incident": incident},
            text=_("You are a moderator: your word decides.")
            if me.is_moderator
            else _("Your word counts: you have a tie to the building."),
            url=incident.get_absolute_url(),
            action=_("True or not true"),
        )


def _stale(me: Therapist) -> Iterable[Task]:
    """Hours that sink in the search soon unless somebody says that they are still true."""
    openings = Opening.objects.current().filter(
        office__hosts=me, office__is_hidden=False, office__is_draft=False
    )
    offices = (
        openings.order_by()
        .values("office", name=F("office__name"))
        .annotate(since=Min("confirmed_at"))
    )
    for row in offices.filter(since__lt=timezone.now() - ASK_AFTER).order_by("since"):
        days = (timezone.now() - row["since"]).days
        yield Task(
            kicker=_("Your hours · confirmed %(days)s days ago") % {"days": days},
            title=_("Are the hours of %(office)s still free?")
            % {"office": row["name"]},
            text=_(
                "Hours nobody confirms for 60 days sink in the search, after 90 days they are hidden."
            ),
            url=reverse("spaces:office_detail", args=[row["office"]]),
            action=_("Change them"),
            confirm_url=reverse("spaces:openings_confirm", args=[row["office"]]),
        )


def _pledges(me: Therapist) -> Iterable[Task]:
    """What one would lend in an emergency, not confirmed for eleven months."""
    since = timezone.now() - ASKED_AFTER
    for pledge in Pledge.objects.of(me).filter(confirmed_at__lte=since).with_office():
        yield Task(
            kicker=_("Your pledge for emergencies"),
            title=_("Would you still lend these hours?"),
            text=f"{pledge.office}: {say_spans(pledge.spans)}",
            url=pledge.get_absolute_url(),
            action=_("Change it"),
            confirm_url=reverse("spaces:pledge_confirm", args=[pledge.pk]),
        )


def _queue(me: Therapist) -> Iterable[Task]:
    """What waits for a moderator."""
    if not me.is_moderator:
        return
    count = Therapist.objects.applicants().count()
    if count:
        yield Task(
            kicker=_("Moderation"),
            title=ngettext(
                "%(count)s person asks to join", "%(count)s people ask to join", count
            )
            % {"count": count},
            text=_("Their licences wait to be checked."),
            url=reverse("admin:index"),
            action=_("Open the queue"),
        )


# --- An incident near me -------------------------------------------------------


def _incident_near(me: Therapist, community: Community) -> dict[str, Any] | None:
    """The nearest incident in force, and how much help is still wanted."""
    scopes = IncidentScope.objects.filter(incident__status__in=IN_FORCE).select_related(
        "incident", "building"
    )
    if me.latitude is not None and me.longitude is not None:
        scopes = scopes.annotate(
            metres=DistanceTo(me.latitude, me.longitude, "building__")
        ).order_by("metres", "pk")
    scope: Any = scopes.first()
    if scope is None or getattr(scope, "metres", 0) > NEAR_METRES:
        return None
    needs = list(
        Need.objects.open().filter(incident=scope.incident).prefetch_related("hours")
    )
    coverage = coverage_of(needs)
    open_spans = hours.merge_spans(
        hours.span_of(DateTimeTZRange(lower, upper), need.zone)
        for need in needs
        for lower, upper in coverage[need.pk].missing
    )
    mine = [
        opening.span for opening in Opening.objects.current().filter(office__hosts=me)
    ]
    fits = hours.common_spans(open_spans, mine)
    return {
        "incident": scope.incident,
        "mine": Need.objects.filter(
            therapist=me,
            incident=scope.incident,
            status__in=[NeedStatus.DRAFT, NeedStatus.OPEN, NeedStatus.COVERED],
        ).first(),
        "building": scope.building,
        "until": scope.until,
        "band": distance_band(scope.metres, community.distance_unit)
        if hasattr(scope, "metres")
        else "",
        "people": len({need.therapist_id for need in needs}),
        "total": say_hours(sum(found.total_minutes for found in coverage.values())),
        "open": say_hours(sum(found.open_minutes for found in coverage.values())),
        "fits": bool(fits),
        "blocks": [
            *span_blocks(open_spans, "open"),
            *span_blocks(fits, "fits"),
        ],
    }
