import hashlib
from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.core.cache import cache
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.enums import Standing
from directory.http import TherapistRequest, VisitorRequest, member_required
from directory.limits import FEEDS, limited
from directory.models import Therapist
from directory.models.therapist import new_feed_token
from directory.notifications.templates import absolute_url
from spaces.calendar import Reader, dates_for, dates_of, feed_of
from spaces.models import Booking, Office

BACK, AHEAD = timedelta(days=90), timedelta(weeks=54)
REMEMBERED = int(timedelta(days=30).total_seconds())
OFFICE_LINKS = Signer(salt="spaces.office_feed")


@cache_control(private=True, no_cache=True)
@require_safe
@limited(FEEDS)
def feed(request: VisitorRequest, token: str) -> HttpResponse:
    """One's own booked dates, as guest and as host, for a calendar program, which knows only the secret link."""
    person = get_object_or_404(Therapist.objects.members(), feed_token=token)
    rooms = Office.objects.hosted_by(person).values_list("pk", flat=True)
    name = _("Rooms of %(name)s") % {"name": person.first_name}
    return _answer(request, Reader(person.pk, frozenset(rooms)), name)


@cache_control(private=True, no_cache=True)
@require_safe
@limited(FEEDS)
def office_feed(request: VisitorRequest, link: str) -> HttpResponse:
    """The booked dates of one room, for one of its hosts, and no longer than they are one."""
    try:
        host, _dot, token = OFFICE_LINKS.unsign(link).partition(".")
    except BadSignature as error:
        raise Http404 from error
    offices = Office.objects.filter(hosts__pk=host, hosts__standing=Standing.MEMBER)
    office = get_object_or_404(offices, feed_token=token)
    reader = Reader(office_ids=frozenset([office.pk]), names_rooms=True)
    return _answer(request, reader, office.name)


@require_safe
@member_required
def booking_calendar(request: TherapistRequest, pk: int) -> HttpResponse:
    """One booking as a file to open: for whoever changed it themself, and so got no mail."""
    me = request.therapist
    booking = get_object_or_404(Booking.objects.involving(me), pk=pk)
    rooms = Office.objects.hosted_by(me).values_list("pk", flat=True)
    reader = Reader(me.pk, frozenset(rooms))
    text = feed_of(dates_of(booking), reader, name=booking.office.name)
    return _file(text, "attachment")


def _file(text: str, disposition: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'{disposition}; filename="rooms.ics"'
    return response


def _answer(request: HttpRequest, reader: Reader, name: str) -> HttpResponse:
    """The calendar; or 304 if the program has this very one."""
    now = timezone.now()
    text = feed_of(dates_for(reader, now - BACK, now + AHEAD), reader, name=name)
    etag = hashlib.sha256(text.encode()).hexdigest()[:32]
    response = _file(text, "inline")
    response["ETag"] = quote_etag(etag)
    since = _same_since(request.path, etag)
    response["Last-Modified"] = http_date(since)
    unchanged = get_conditional_response(
        request, etag=quote_etag(etag), last_modified=since, response=response
    )
    return unchanged or response


def _same_since(path: str, etag: str) -> int:
    """When this text was first given out: a room's new address makes another text, and no row says when."""
    known, since = cache.get(seen_key(path)) or ("", 0)
    if known != etag:
        since = int(datetime.now(UTC).timestamp())
        cache.set(seen_key(path), (etag, since), REMEMBERED)
    return int(since)


def seen_key(path: str) -> str:
    """Of the cache. The link itself is a secret, and stays out of it."""
    return f"feed:{hashlib.sha256(path.encode()).hexdigest()}"


# --- The links --------------------------------------------------------------------


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
    offices = Office.objects.hosted_by(me).select_related("building")
    context = {
        "address": address,
        "webcal": _webcal(address),
        "rooms": [(office, *_links(office, me)) for office in offices],
        "calendars": me.busy_calendars.count(),
    }
    return render(request, "spaces/feed_settings.html", context)


@require_POST
@member_required
def office_feed_renew(request: TherapistRequest, pk: int) -> HttpResponse:
    """A new link for every host of the room; or none, when its feed is switched off."""
    office = get_object_or_404(Office.objects.hosted_by(request.therapist), pk=pk)
    office.feed_token = None if "off" in request.POST else new_feed_token()
    office.save(update_fields=["feed_token"])
    words = {
        True: _("Here is the link of “%(office)s”. Older ones show nothing any more."),
        False: _("The calendar of “%(office)s” is read by nobody any more."),
    }
    messages.success(request, words[office.feed_token is not None] % {"office": office})
    return redirect("spaces:feed_settings")


def _links(office: Office, host: Therapist) -> tuple[str, str]:
    if office.feed_token is None:
        return "", ""
    link = OFFICE_LINKS.sign(f"{host.pk}.{office.feed_token}")
    address = absolute_url(reverse("spaces:office_feed", args=[link]))
    return address, _webcal(address)


def _webcal(address: str) -> str:
    return f"webcal://{address.partition('://')[2]}"
