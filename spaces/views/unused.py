from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.unused import keep_booking, say_unused
from spaces.views.booking_detail import my_booking


@require_POST
@member_required
def booking_unused(request: TherapistRequest, pk: int) -> HttpResponse:
    booking = my_booking(request, pk)
    try:
        say_unused(booking, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Both of you are asked whether to keep it."))
    return redirect(booking)


@require_POST
@member_required
def booking_keep(request: TherapistRequest, pk: int) -> HttpResponse:
    booking = my_booking(request, pk)
    try:
        keep_booking(booking, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Kept. The other side is told."))
    return redirect(booking)
