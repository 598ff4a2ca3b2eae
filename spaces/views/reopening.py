"""Once a place is open again: back to one's own room or not, and what becomes of a borrowed one. Signed in, or by the
link in the mail, which changes nothing when it is opened."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.links import read
from directory.models import Community, Therapist
from spaces import hours
from spaces.domain.borrowed.answering import (
    agree_on_borrowed,
    keep_borrowed,
    pattern_of,
    plan_sublet,
    propose_end,
    propose_sublet,
)
from spaces.domain.borrowed.sides import next_statuses, side_of
from spaces.domain.way_back import go_back, stay
from spaces.enums import (
    BookingSource,
    BorrowedKind,
    BorrowedStatus,
    OccurrenceState,
    Party,
    WayBackStatus,
)
from spaces.forms.changes import DayForm
from spaces.forms.reopening import SubletForm
from spaces.models import Booking, BorrowedRoom, Occurrence, WayBack
from spaces.notifications.reopening import (
    BORROWED,
    LINK_LIFE,
    WAY_BACK,
    borrowed_path,
    dates_to_come,
)
from spaces.summary import say_proposal, summary_of
from spaces.views.links import unreadable

SUBLET_FOR = timedelta(weeks=26)  # proposed, until somebody says otherwise
OPEN = [BorrowedStatus.ASKED, BorrowedStatus.PROPOSED]


# --- A borrowed room ------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def borrowed_room(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    borrowed = get_object_or_404(_borrowed_rooms(), pk=pk)
    if not side_of(borrowed, me):
        raise Http404
    return _borrowed(request, borrowed, me)


@require_http_methods(["GET", "HEAD", "POST"])
def borrowed_link(request: HttpRequest, token: str) -> HttpResponse:
    try:
        ids = read(BORROWED, token, LINK_LIFE)
    except DomainError as error:
        return unreadable(request, error)
    borrowed = get_object_or_404(_borrowed_rooms(), pk=ids["borrowed"])
    person = get_object_or_404(Therapist.objects.with_user(), pk=ids["to"])
    if not side_of(borrowed, person):
        raise Http404
    return _borrowed(request, borrowed, person)


def _borrowed_rooms() -> Any:
    bookings = Booking.objects.with_parties().with_dates()
    return BorrowedRoom.objects.select_related("proposed_by").prefetch_related(
        Prefetch("booking", bookings)
    )


def _borrowed(
    request: HttpRequest, borrowed: BorrowedRoom, person: Therapist
) -> HttpResponse:
    booking = borrowed.booking
    zone = booking.office.building.zone
    today = hours.local_day(timezone.now(), zone)
    is_sent = request.method == "POST"
    act = request.POST.get("act", "") if is_sent else ""
    with timezone.override(zone):
        end_form = DayForm(
            request.POST if act == "end" else None, initial={"day": today}
        )
        sublet_form = SubletForm(
            request.POST if act == "sublet" else None,
            spans=pattern_of(booking),
            initial={"first_date": today, "last_date": today + SUBLET_FOR},
        )
        if is_sent and (
            said := _act(request, act, borrowed, person, end_form, sublet_form)
        ):
            messages.success(request, said)
            return redirect(request.path)
        community = Community.objects.current()
        dates = dates_to_come(booking)
        summary = summary_of(booking, dates)
        planned = plan_sublet(borrowed) if borrowed.status in OPEN else []
        statuses = next_statuses(borrowed, person)
        context = {
            "borrowed": borrowed,
            "booking": booking,
            "office": booking.office,
            "building": booking.office.building,
            "person": person,
            "is_host": person in booking.office.hosts.all(),
            "is_open": borrowed.status in OPEN,
            "is_mine": borrowed.proposed_by == person,
            "is_sublet": borrowed.kind == BorrowedKind.SUBLET,
            "proposal": say_proposal(borrowed, community.currency),
            "may_agree": BorrowedStatus.AGREED in statuses,
            "may_propose": BorrowedStatus.PROPOSED in statuses and bool(dates),
            "may_keep": BorrowedStatus.KEPT in statuses,
            "summary": summary,
            "planned": [item for item in planned if item.is_free],
            "left_out": [item for item in planned if not item.is_free],
            "end_form": end_form,
            "sublet_form": sublet_form,
        }
        return render(request, "spaces/borrowed_room.html", context)


def _act(
    request: HttpRequest,
    act: str,
    borrowed: BorrowedRoom,
    person: Therapist,
    end_form: DayForm,
    sublet_form: SubletForm,
) -> str:
    """What to say of what was done; empty where the page is shown again, with what is wrong."""
    if act == "end":
        form: DayForm | SubletForm = end_form
    elif act == "sublet":
        form = sublet_form
    elif act in {"agree", "keep"}:
        try:
            return _answer(request, act, borrowed, person)
        except DomainError as error:
            messages.error(request, str(error))
            return ""
    else:
        raise Http404
    if not form.is_valid():
        return ""
    try:
        if isinstance(form, SubletForm):
            propose_sublet(borrowed, by=person, **form.terms())
        else:
            propose_end(borrowed, by=person, day=form.cleaned_data["day"])
    except DomainError as error:
        form.add_error(None, str(error))
        return ""
    return _("Proposed. The other side is asked; nothing changes before their yes.")


def _answer(
    request: HttpRequest, act: str, borrowed: BorrowedRoom, person: Therapist
) -> str:
    if act == "keep":
        keep_borrowed(borrowed, by=person)
        return _("It stays as it was agreed. The other side is told.")
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 6 else -1
    agree_on_borrowed(borrowed, by=person, version=version)
    return _("Agreed. You both get a mail, with a file for the calendar.")


# --- Back to one's own room ------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def way_back(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    return _way_back(request, get_object_or_404(WayBack, pk=pk, guest=me), me)


@require_http_methods(["GET", "HEAD", "POST"])
def way_back_link(request: HttpRequest, token: str) -> HttpResponse:
    try:
        ids = read(WAY_BACK, token, LINK_LIFE)
    except DomainError as error:
        return unreadable(request, error)
    person = get_object_or_404(Therapist.objects.with_user(), pk=ids["to"])
    way = get_object_or_404(WayBack, pk=ids["way_back"], guest=person)
    return _way_back(request, way, person)


def _way_back(request: HttpRequest, way: WayBack, person: Therapist) -> HttpResponse:
    """Both rooms on one page: the own dates, and what else one has for these hours."""
    dates = list(way.occurrences.select_related("office__building").in_order())
    if not dates:
        raise Http404
    with timezone.override(dates[0].office.building.timezone):
        if request.method == "POST" and (said := _choose(request, way, person)):
            messages.success(request, said)
            return redirect(request.path)
        elsewhere = _elsewhere(dates, person)
        borrowed = BorrowedRoom.objects.filter(
            booking__in=[date.booking_id for date in elsewhere]
        ).select_related("booking__office")
        context = {
            "way": way,
            "is_open": way.status == WayBackStatus.ASKED,
            "office": dates[0].office,
            "building": dates[0].office.building,
            "dates": dates,
            "elsewhere": elsewhere,
            "borrowed": [(room, borrowed_path(room, person)) for room in borrowed],
        }
        return render(request, "spaces/way_back.html", context)


def _choose(request: HttpRequest, way: WayBack, person: Therapist) -> str:
    act = request.POST.get("act")
    if act not in {"back", "stay"}:
        raise Http404
    try:
        if act == "back":
            go_back(way, by=person)
            return _(
                "Back in your own room. Whoever lent you theirs is asked to end it."
            )
        stay(way, by=person)
    except DomainError as error:
        messages.error(request, str(error))
        return ""
    return _("Your own dates are released, and nothing is due for them.")


def _elsewhere(dates: list[Occurrence], person: Therapist) -> list[Occurrence]:
    taken = Occurrence.objects.filter(
        guest=person, state__in=[OccurrenceState.BOOKED, OccurrenceState.HELD]
    ).exclude(office__in=[date.office_id for date in dates])
    reach = (dates[0].period.lower, max(date.period.upper for date in dates))
    near = taken.overlapping(*reach).select_related("office__building").in_order()
    return [
        other
        for other in near
        if any(
            other.period.lower < date.period.upper
            and date.period.lower < other.period.upper
            for date in dates
        )
    ]


# --- On Home and on the booking's page -------------------------------------------------


def reopening_tasks(me: Therapist) -> tuple[list[WayBack], list[BorrowedRoom]]:
    """What waits for this member's word."""
    ways = WayBack.objects.filter(guest=me, status=WayBackStatus.ASKED)
    mine = Q(booking__guest=me) | Q(booking__party=me) | Q(booking__office__hosts=me)
    rooms = BorrowedRoom.objects.filter(mine, status__in=OPEN).distinct()
    waiting = rooms.exclude(status=BorrowedStatus.PROPOSED, proposed_by=me)
    return list(ways.prefetch_related("occurrences__office")), list(
        waiting.select_related("booking__office", "booking__guest", "proposed_by")
    )


def borrowed_context(booking: Booking, parties: Collection[Party]) -> dict[str, Any]:
    """The open question about a booking that came from an offer, for its people."""
    if not parties or booking.source != BookingSource.OFFER:
        return {"borrowed": None}
    rooms = BorrowedRoom.objects.filter(booking=booking, status__in=OPEN)
    return {"borrowed": rooms.first()}
