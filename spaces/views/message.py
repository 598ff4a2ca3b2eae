from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.limits import WRITING, limited
from spaces.domain.message import write_message
from spaces.forms.message import MessageForm
from spaces.views.booking_detail import my_booking, show_booking


@require_POST
@member_required
@limited(WRITING)
def booking_message(request: TherapistRequest, pk: int) -> HttpResponse:
    """Refused words come back in their field, on the booking's page."""
    booking = my_booking(request, pk)
    form = MessageForm(request.POST)
    if form.is_valid():
        try:
            write_message(booking, text=form.cleaned_data["text"], by=request.therapist)
        except DomainError as error:
            form.add_error("text", str(error))
        else:
            messages.success(request, _("Sent. The others get it by mail."))
            return redirect(f"{booking.get_absolute_url()}#conversation")
    return show_booking(request, booking, message_form=form)
