from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.domain.supervision import rule_for
from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.links import read
from directory.models import Community, Therapist
from spaces.domain.approval import approve_booking, refuse_booking, waits_for
from spaces.forms.booking import ApprovalForm
from spaces.models import Booking
from spaces.notifications.agreement import APPROVABLE_FOR
from spaces.summary import summary_of
from spaces.views.booking_detail import my_booking, show_booking
from spaces.views.links import unreadable


@require_POST
@member_required
def booking_approve(request: TherapistRequest, pk: int) -> HttpResponse:
    booking = my_booking(request, pk)
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        return show_booking(request, booking, approval_form=form)
    try:
        messages.success(request, _answer(booking, request.therapist, form))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(booking)


@require_http_methods(["GET", "HEAD", "POST"])
def approval_link(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail, signed in or not. Opening it changes nothing; the buttons do."""
    try:
        ids = read("approval", token, max_age=APPROVABLE_FOR)
    except DomainError as error:
        return unreadable(request, error)
    booking = get_object_or_404(
        Booking.objects.with_parties().with_dates(),
        pk=ids["booking"],
        party=ids["person"],
    )
    person = booking.party
    assert person is not None  # noqa: S101 -- the query says so
    form = ApprovalForm(request.POST if request.method == "POST" else None)
    said, error_text = "", ""
    if form.is_valid():
        try:
            said = _answer(booking, person, form)
        except DomainError as error:
            error_text = str(error)
        booking = Booking.objects.with_parties().with_dates().get(pk=booking.pk)
    with timezone.override(booking.office.building.timezone):
        summary = summary_of(booking)
        context = {
            "booking": booking,
            "building": booking.office.building,
            "person": person,
            "summary": summary,
            "price": summary.price(Community.objects.current().currency),
            "is_open": waits_for(booking) is not None and person.is_member,
            "rule": rule_for(booking.guest),
            "form": form,
            "said": said,
            "error": error_text,
        }
        return render(request, "spaces/approval_link.html", context)


def _answer(booking: Booking, person: Therapist, form: ApprovalForm) -> str:
    """Yes or, with a reason, no. What to say of it."""
    if form.cleaned_data["answer"] == "no":
        refuse_booking(booking, by=person, note=form.cleaned_data["note"])
        return _("Declined. Both are told why.")
    approve_booking(booking, by=person)
    return _("Approved. Both are told.")
