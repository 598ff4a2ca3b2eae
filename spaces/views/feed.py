from datetime import timedelta

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from directory.models.therapist import new_feed_token
from directory.notifications import absolute_url
from spaces.calendar import calendar_of
from spaces.enums import OccurrenceState
from spaces.models import Occurrence, Office

BACK, AHEAD = timedelta(days=90), timedelta(weeks=54)
TOLD = [  # once booked, whatever became of it: calendars strike out what is cancelled
    OccurrenceState.BOOKED,
    OccurrenceState.HELD,
    OccurrenceState.DISPLACED,
    OccurrenceState.CANCELLED,
    OccurrenceState.GIVEN_BACK,
    OccurrenceState.RELEASED,
]


@never_cache
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """One's own booked dates, as guest and as host, for a calendar program, which knows only the secret link."""
    person = get_object_or_404(Therapist.objects.members(), feed_token=token)
    now = timezone.now()
    hosted = Office.objects.hosted_by(person).values("pk")
    dates = (
        Occurrence.objects.filter(
            Q(guest=person) | Q(office__in=hosted), state__in=TOLD
        )
        .overlapping(now - BACK, now + AHEAD)
        .select_related("office__building")
        .in_order()
    )
    name = _("Rooms of %(name)s") % {"name": person.first_name}
    response = HttpResponse(
        calendar_of(dates, name=name), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'inline; filename="rooms.ics"'
    return response


@require_http_methods(["GET", "POST"])
@member_required
def feed_settings(request: TherapistRequest) -> HttpResponse:
    me = request.therapist
    if request.method == "POST":
        me.feed_token = new_feed_token()
        me.save(update_fields=["feed_token"])
        messages.success(
            request, _("Here is a new link. The old one shows nothing any more.")
        )
        return redirect("spaces:feed_settings")
    address = absolute_url(reverse("spaces:feed", args=[me.feed_token]))
    context = {"address": address, "webcal": f"webcal://{address.partition('://')[2]}"}
    return render(request, "spaces/feed_settings.html", context)
