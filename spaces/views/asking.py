"""Asking for hours: the pattern stands in the address, each date has its own row, and its own time if need be."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required, render_part
from spaces import hours
from spaces.busy import say_clashes
from spaces.domain.any_room import has_more_rooms, spread_over_rooms
from spaces.domain.approval import who_approves
from spaces.domain.asking import answer_expected, leave_out_dates, request_booking
from spaces.domain.planning import PlannedDate, look_up, plan_dates
from spaces.forms.booking import (
    BookingRequestForm,
    OtherTime,
    PatternForm,
    other_time,
    said_date,
)
from spaces.forms.changes import ChosenDatesForm
from spaces.hours import Dated, clock
from spaces.models import Office
from spaces.queries import offices_open_to
from spaces.views.booking_detail import my_booking
from spaces.views.waitlist import wait_context
from spaces.week import DateChoice


@require_http_methods(["GET", "POST"])
@member_required
def booking_request(request: TherapistRequest, pk: int) -> HttpResponse:
    """First the pattern, then each date with its box. Another time for a date is shown with its price, then sent."""
    me = request.therapist
    office = get_object_or_404(offices_open_to(me).with_place(), pk=pk)
    with timezone.override(office.building.timezone):
        form = BookingRequestForm(request.POST or None, initial=_asked_people(request))
        ask = Asking(request, office, is_sent=form.is_bound)
        if form.is_valid() and not ask.is_only_looking:
            try:
                booking = request_booking(
                    office, guest=me, any_room=ask.any_room, **form.cleaned_data
                )
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request,
                    _("Sent. You hear by mail as soon as there is an answer."),
                )
                return redirect(booking)
        if ask.is_only_looking:
            form.errors.pop("dates", None)
        context = {
            "office": office,
            "hosts": list(office.hosts.all()),
            **ask.context(form),
        }
        return render_part(request, "spaces/booking_request.html", "dates", context)


@require_POST
@member_required
def dates_leave_out(request: TherapistRequest, pk: int) -> HttpResponse:
    """All but these dates of a request that waits for its answer."""
    booking = my_booking(request, pk)
    form = ChosenDatesForm(request.POST, dates=booking.occurrences.asked())
    try:
        if form.is_valid():
            leave_out_dates(booking, form.cleaned_data["dates"], by=request.therapist)
            messages.success(request, _("Left out. The host is told once."))
        else:
            messages.error(request, str(form.errors["dates"][0]))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(booking)


def ask_context(request: TherapistRequest, office: Office) -> dict[str, Any]:
    """What ``_ask.html`` shows on the office's own page."""
    form = BookingRequestForm(initial=_asked_people(request))
    return Asking(request, office).context(form)


def _asked_people(request: TherapistRequest) -> dict[str, Any]:
    people = request.GET.get("people", "")
    return {
        "people": int(people)
        if people.isascii() and people.isdigit() and len(people) < 4
        else 2
    }


NONE = "-"  # the value of a date whose other time cannot be read


class Asking:
    """What is asked for: the pattern of the address, its dates one by one, other times where they were typed."""

    def __init__(
        self, request: TherapistRequest, office: Office, *, is_sent: bool = False
    ) -> None:
        self.request = request
        self.office = office
        self.me = request.therapist
        self.people: int = _asked_people(request)["people"]
        self.any_room = request.GET.get("any_room") == "on"
        self.sent = request.POST if is_sent else QueryDict()
        self.pattern = self._pattern()

    def _pattern(self) -> PatternForm:
        query = self.request.GET
        is_asked = query.get("hours") or "repaint" in query
        asked = query.copy()
        asked.setdefault("first_date", timezone.localdate().isoformat())
        return PatternForm(asked if is_asked else None, initial=asked.dict())

    @cached_property
    def planned(self) -> list[PlannedDate]:
        """The pattern's dates; none, and a word at the pattern, where the rules say no."""
        if not self.pattern.is_valid():
            return []
        cleaned = self.pattern.cleaned_data
        try:
            return plan_dates(
                self.office,
                guest=self.me,
                spans=cleaned["hours"],
                first_date=cleaned["first_date"],
                last_date=cleaned["last_date"],
            )
        except DomainError as error:
            self.pattern.add_error(None, str(error))
            return []

    @cached_property
    def others(self) -> dict[str, OtherTime]:
        """Other times that were typed, by the value of the date they stand beside."""
        found = {
            key: other_time(self.sent, key, item.span)
            for item in self.planned
            if (key := said_date(item.day, item.span))
        }
        return {key: other for key, other in found.items() if other}

    @cached_property
    def is_only_looking(self) -> bool:
        """Times were typed that were not shown with their price yet, or changed since. Nothing is sent then."""
        if "look" in self.sent:
            return True
        if not any(name.startswith("from-") for name in self.sent):
            return False
        keys = (said_date(item.day, item.span) for item in self.planned)
        return any(self._now(key) != self._shown(key) for key in keys)

    def _now(self, key: str) -> str:
        """The value that the date would be sent as."""
        other = self.others.get(key)
        if other is None:
            return key
        return f"{key[:10]}-{other.span.start}-{other.span.end}" if other.span else NONE

    def _shown(self, key: str) -> str:
        return self.sent.get(f"was-{key}") or key

    def context(self, form: BookingRequestForm) -> dict[str, Any]:
        context: dict[str, Any] = {
            "pattern": self.pattern,
            "request_form": form,
            "dates": [],
            "approval_rule": None,
            "approver": None,
            "wait_dates": [],
            "waits_for": 0,
            "has_more_rooms": has_more_rooms(self.office),
            "query": self.request.GET.urlencode(),
        }
        if not self.pattern.is_valid():
            return context
        rows = self._rows()
        clashes = say_clashes(
            self.me,
            [item.period for _k, _r, item in rows if item.period and item.is_free],
            self.office.building.zone,
        )
        rule, approver = who_approves(self.me)
        return context | {
            "approval_rule": rule,
            "approver": approver,
            "spans": self.pattern.cleaned_data["hours"],
            "dates": [
                self._choice(
                    key, room, item, clashes.get(item.period, "") if item.period else ""
                )
                for key, room, item in rows
            ],
            "free_count": sum(item.is_free for _key, _room, item in rows),
            "is_only_looking": self.is_only_looking,
            "answer_by": answer_expected(
                item.period for _k, _r, item in rows if item.is_free
            ),
            "people": self.people,
            **wait_context(self.office, self.me, self.planned),
        }

    def _rows(self) -> list[tuple[str, Office, PlannedDate]]:
        """Each date under the value it was asked for as, with its room, as it would be sent."""
        keys = [said_date(item.day, item.span) for item in self.planned]
        items = self._with_others(keys)
        placed = [(self.office, item) for item in items]
        if self.any_room:
            placed = spread_over_rooms(
                self.office, items, guest=self.me, people=self.people
            )
        return [(key, *found) for key, found in zip(keys, placed, strict=True)]

    def _with_others(self, keys: list[str]) -> list[PlannedDate]:
        zone = self.office.building.zone
        typed = {key: other.span for key, other in self.others.items() if other.span}
        days = {key: item.day for key, item in zip(keys, self.planned, strict=True)}
        dated = [
            Dated(days[key], span, hours.local_period(days[key], *span[1:], zone))
            for key, span in typed.items()
        ]
        found = dict(
            zip(typed, look_up(self.office, self.me, dated), strict=True)
            if dated
            else ()
        )
        items = []
        for key, item in zip(keys, self.planned, strict=True):
            other = self.others.get(key)
            wrong = replace(item, note=other.error, is_taken=False) if other else item
            items.append(found.get(key, wrong))
        return items

    def _choice(
        self, key: str, room: Office, item: PlannedDate, clash: str
    ) -> DateChoice:
        """``clash`` is what the guest's own calendar says."""
        other = self.others.get(key)
        value = self._now(key)
        note = item.note
        if not note and room != self.office:
            note = _("in %(room)s") % {"room": room}
        note = " · ".join(part for part in (note, clash) if part)
        return DateChoice(
            value=value,
            day=item.day,
            hours=f"{clock(item.span.start)}–{clock(item.span.end)}",
            cents=item.price_cents,
            minutes=item.span.minutes,
            note=note[:1].upper() + note[1:],
            is_open=item.is_free,
            is_ticked=self._is_ticked(key, value, item),
            key=key,
            starts=other.starts if other else clock(item.span.start),
            ends=other.ends if other else clock(item.span.end % hours.DAY),
            is_other=other is not None,
        )

    def _is_ticked(self, key: str, value: str, item: PlannedDate) -> bool:
        """As it was sent, or as a link names it; what got another time just now is wanted."""
        named = self.sent or self.request.GET
        if not self.sent and "dates" not in named:
            return item.is_free
        return self._shown(key) in named.getlist("dates") or (
            bool(self.sent) and value != self._shown(key)
        )
