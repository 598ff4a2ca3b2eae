from datetime import date, timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError, LinkInvalid
from directory.http import (
    TherapistRequest,
    member_or_applicant_required,
    member_required,
)
from directory.links import read
from directory.models import Therapist
from spaces.domain.opening import (
    change_opening,
    confirm_openings,
    copy_week,
    end_opening,
    post_hours_in,
)
from spaces.forms.dates import dates_in
from spaces.forms.opening import ChangeForm, CopyForm, EndForm, OpeningForm
from spaces.models import Office, Opening
from spaces.models.office import OfficeQuerySet
from spaces.notifications.hours import LINK_DAYS, STILL_TRUE
from spaces.summary import freshness_of
from spaces.touched import Touched, touched_by_change
from spaces.views.links import unreadable
from spaces.views.office import get_own_office
from spaces.week import say_spans

WEEK = timedelta(weeks=1)


@require_http_methods(["GET", "POST"])
@member_or_applicant_required
def opening_new(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    with timezone.override(office.building.timezone):
        form = OpeningForm(
            request.POST or None, office=office, rooms=_rooms(request.therapist)
        )
        form.initial = {**form.initial, **dates_in(request.GET)}
        if form.is_valid():
            offered = form.offered()
            offices = list(offered.pop("offices", [office]))
            try:
                openings = post_hours_in(offices, by=request.therapist, **offered)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _said(openings, offices))
                return redirect(office if offices == [office] else "spaces:my_offices")
        return render(
            request, "spaces/opening_form.html", {"form": form, "office": office}
        )


def _rooms(host: Therapist) -> OfficeQuerySet:
    return (
        Office.objects.hosted_by(host)
        .select_related("building")
        .order_by("building__name", "name", "pk")
    )


def _said(openings: list[Opening], offices: list[Office]) -> str:
    said = {"hours": say_spans(opening.span for opening in openings)}
    if len(offices) == 1:
        return _("Offered: %(hours)s. Colleagues find them now.") % said
    return _("Offered in %(count)s rooms: %(hours)s. Colleagues find them now.") % {
        **said,
        "count": len(offices),
    }


@require_http_methods(["GET", "POST"])
@member_or_applicant_required
def opening_edit(request: TherapistRequest, pk: int) -> HttpResponse:
    """Where requests ask for hours that would go, they are named first; the second time it is saved."""
    opening = get_object_or_404(_own(request), pk=pk)
    with timezone.override(opening.office.building.timezone):
        form = ChangeForm(request.POST or None, opening=opening)
        touched = Touched()
        if form.is_valid():
            offered = form.offered()
            touched = touched_by_change(
                opening,
                **{
                    name: offered[name] for name in ("spans", "first_date", "last_date")
                },
            )
            if request.POST.get("seen", "") == touched.seen:
                try:
                    openings = change_opening(opening, by=request.therapist, **offered)
                except DomainError as error:
                    form.add_error(None, str(error))
                else:
                    messages.success(
                        request,
                        _("Offered now: %(hours)s. What is booked stays booked.")
                        % {"hours": say_spans(each.span for each in openings)},
                    )
                    return redirect(opening.office)
        context = {
            "form": form,
            "opening": opening,
            "office": opening.office,
            "touched": touched,
        }
        return render(request, "spaces/opening_edit.html", context)


@require_http_methods(["GET", "POST"])
@member_or_applicant_required
def opening_end(request: TherapistRequest, pk: int) -> HttpResponse:
    """At once, or from a date on. One tap, unless somebody asks for these hours."""
    opening = get_object_or_404(_own(request), pk=pk)
    office, said = opening.office, say_spans([opening.span])
    with timezone.override(office.building.timezone):
        form = EndForm(request.POST if request.method == "POST" else None)
        touched = Touched()
        if form.is_valid():
            last = _last_before(form.cleaned_data["end_from"], opening)
            touched = touched_by_change(
                opening,
                spans=[opening.span] if last >= opening.first_date else [],
                first_date=opening.first_date,
                last_date=last,
            )
            if request.POST.get("seen", "") == touched.seen:
                end_opening(opening, by=request.therapist, last_date=last)
                messages.success(
                    request,
                    _("No longer offered: %(hours)s. What is booked stays booked.")
                    % {"hours": said},
                )
                return redirect(office)
        context = {
            "form": form,
            "opening": opening,
            "office": office,
            "touched": touched,
        }
        return render(request, "spaces/opening_end.html", context)


def _last_before(end_from: date | None, opening: Opening) -> date:
    """The last date still offered; an opening that ends earlier anyway is not made longer."""
    last = (end_from or timezone.localdate()) - timedelta(days=1)
    return min(last, opening.last_date or last)


def _own(request: TherapistRequest) -> QuerySet[Opening]:
    return Opening.objects.filter(office__hosts=request.therapist).select_related(
        "office__building"
    )


@require_http_methods(["GET", "POST"])
@member_required
def opening_copy(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    with timezone.override(office.building.timezone):
        monday = _monday(request.GET.get("week", ""))
        form = CopyForm(
            request.POST or None,
            rooms=_rooms(request.therapist),
            initial={
                "week": monday,
                "first_week": max(monday, _monday("")) + WEEK,
                "offices": [office.pk],
            },
        )
        if form.is_valid():
            cleaned = dict(form.cleaned_data)
            to = list(cleaned.pop("offices"))
            try:
                copied = copy_week(office, by=request.therapist, to=to, **cleaned)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _said_of_copies(copied.made, copied.skipped))
                return redirect(to[0])
        return render(
            request, "spaces/opening_copy.html", {"form": form, "office": office}
        )


def _monday(text: str) -> date:
    today = timezone.localdate()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    day = min(max(day, today - 53 * WEEK), today + 53 * WEEK)
    return day - timedelta(days=day.weekday())


def _said_of_copies(made: int, skipped: int) -> str:
    if not made:
        return _("Nothing to copy: all of it is offered there already, or past.")
    said = ngettext(
        "%(count)s opening is made.", "%(count)s openings are made.", made
    ) % {"count": made}
    if not skipped:
        return said
    left = ngettext(
        "%(count)s was there already, or is past, and is left alone.",
        "%(count)s were there already, or are past, and are left alone.",
        skipped,
    )
    return f"{said} {left % {'count': skipped}}"


# --- Still true ------------------------------------------------------------------


@require_POST
@member_required
def openings_confirm(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    confirm_openings(office, by=request.therapist)
    messages.success(
        request,
        _("Thank you. The hours of “%(office)s” count as fresh again.")
        % {"office": office},
    )
    return redirect(
        "home" if request.POST.get("next") == "home" else "spaces:my_offices"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def openings_true(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail, signed in or not: opening it changes nothing, the button renews."""
    try:
        said = read(STILL_TRUE, token, timedelta(days=LINK_DAYS))
        office = Office.objects.select_related("building").filter(pk=said["office"])
        host = Therapist.objects.members().filter(
            pk=said["therapist"], offices=said["office"]
        )
        if not (office and host):
            raise LinkInvalid(_("You do not let this room any more."))
        openings = list(office[0].openings.current().defer("free"))
        if request.method == "POST":
            confirm_openings(office[0], by=host[0])
    except DomainError as error:
        return unreadable(request, error)
    context = {
        "office": office[0],
        "openings": openings,
        "is_done": request.method == "POST",
        "freshness": freshness_of(
            min((opening.confirmed_at for opening in openings), default=None)
        ),
    }
    return render(request, "spaces/openings_true.html", context)
