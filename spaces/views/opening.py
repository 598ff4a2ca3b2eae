from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.opening import confirm_openings, end_opening, post_hours
from spaces.forms.opening import OpeningForm
from spaces.models import Opening
from spaces.views.office import get_own_office
from spaces.week import say_spans


@require_http_methods(["GET", "POST"])
@member_required
def opening_new(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    with timezone.override(office.building.timezone):
        form = OpeningForm(
            request.POST or None, initial={"first_date": timezone.localdate()}
        )
        if form.is_valid():
            try:
                openings = post_hours(office, by=request.therapist, **form.openings())
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                said = say_spans(opening.span for opening in openings)
                messages.success(
                    request,
                    _("Offered: %(hours)s. Colleagues find them now.")
                    % {"hours": said},
                )
                return redirect(office)
        return render(
            request, "spaces/opening_form.html", {"form": form, "office": office}
        )


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


@require_POST
@member_required
def opening_end(request: TherapistRequest, pk: int) -> HttpResponse:
    openings = Opening.objects.filter(office__hosts=request.therapist).select_related(
        "office__building"
    )
    opening = get_object_or_404(openings, pk=pk)
    office, said = opening.office, say_spans([opening.span])
    end_opening(opening, by=request.therapist)
    messages.success(
        request,
        _("No longer offered: %(hours)s. What is booked stays booked.")
        % {"hours": said},
    )
    return redirect(office)
