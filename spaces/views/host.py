"""Several hosts of one room: a colleague is added by name, anybody but the last may leave."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.queries import people_shown_to
from directory.text import one_line
from spaces.domain.office import add_host, leave_office
from spaces.views.office import get_own_office

MOST_FOUND = 8


@require_http_methods(["GET", "POST"])
@member_required
def office_hosts(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    people = people_shown_to(request.therapist)
    if request.method == "POST":
        number = request.POST.get("therapist", "")
        is_id = number.isascii() and number.isdigit() and len(number) < 10
        new = get_object_or_404(people, pk=int(number) if is_id else 0)
        try:
            add_host(office, new=new, by=request.therapist)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("%(name)s lets this room with you now, and is told.") % {"name": new},
            )
        return redirect("spaces:office_hosts", office.pk)
    wanted = one_line(request.GET.get("q", ""))[:200]
    others = people.exclude(offices=office)
    context = {
        "office": office,
        "hosts": list(office.hosts.all()),
        "wanted": wanted,
        "found": list(others.called(wanted)[:MOST_FOUND]) if wanted else [],
    }
    return render(request, "spaces/office_hosts.html", context)


@require_POST
@member_required
def office_leave(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    try:
        leave_office(office, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("spaces:office_hosts", office.pk)
    messages.success(
        request,
        _("You host “%(office)s” no longer. The other hosts are told.")
        % {"office": office},
    )
    return redirect("spaces:my_offices")
