from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.closure import close_office, closed_periods, reopen_office
from spaces.forms.closure import ClosureForm
from spaces.forms.dates import dates_in
from spaces.models import Closure
from spaces.touched import Touched, touched_by_closure
from spaces.views.office import get_own_office


@require_http_methods(["GET", "POST"])
@member_required
def closure_new(request: TherapistRequest, pk: int) -> HttpResponse:
    """Where dates of others lie in it, they are shown first; the second time it is saved."""
    office = get_own_office(request, pk)
    with timezone.override(office.building.timezone):
        form = ClosureForm(request.POST or None, initial=dates_in(request.GET))
        touched = Touched()
        if form.is_valid():
            periods = closed_periods(office, *form.closed())
            touched = touched_by_closure(office, periods)
            if request.POST.get("seen", "") == touched.seen:
                cancels = bool(touched) and form.cleaned_data["cancels"]
                try:
                    close_office(
                        office,
                        by=request.therapist,
                        periods=periods,
                        reason=form.cleaned_data["reason"],
                        cancels=cancels,
                    )
                except DomainError as error:
                    form.add_error(None, str(error))
                else:
                    messages.success(request, _said(touched, cancels=cancels))
                    return redirect(office)
        context = {"form": form, "office": office, "touched": touched}
        return render(request, "spaces/closure_form.html", context)


def _said(touched: Touched, *, cancels: bool) -> str:
    if not touched:
        return _("Closed. Nothing was booked or asked for then.")
    if not cancels:
        said = _(
            "Closed. Nobody can ask for these hours now; what is booked stays booked."
        )
        return f"{said} {_('What was held is released.')}" if touched.held else said
    count = len(touched.booked) + len(touched.held)
    return ngettext(
        "Closed, and %(count)s date is cancelled. Its guest is told.",
        "Closed, and %(count)s dates are cancelled. Each guest is told once.",
        count,
    ) % {"count": count}


@require_POST
@member_required
def closure_end(request: TherapistRequest, pk: int) -> HttpResponse:
    closures = Closure.objects.filter(office__hosts=request.therapist).select_related(
        "office__building"
    )
    closure = get_object_or_404(closures, pk=pk)
    office = closure.office
    try:
        reopen_office(closure, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Open again. The hours can be asked for."))
    return redirect("spaces:office_detail", office.pk if office else pk)
