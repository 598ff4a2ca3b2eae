from datetime import date
from typing import Any

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from directory.http import TherapistRequest, member_required, render_part
from spaces import hours
from spaces.models import Office
from spaces.office_calendar import VIEWS, Days, Frame, days_of_rooms, in_column
from spaces.views.office import get_own_office
from spaces.week import Block, Head
from spaces.words import say_date


@require_safe
@member_required
def office_calendar(request: TherapistRequest, pk: int) -> HttpResponse:
    """A day of all rooms one has in the house, a week or a month of this one. ``names=0`` to hang on a door."""
    office = get_own_office(request, pk)
    with timezone.override(office.building.timezone):
        today = timezone.localdate()
        frame = Frame(_view(request), _day(request, today))
        with_names = request.GET.get("names") != "0"
        rooms = _rooms(request, office) if frame.view == "day" else [office]
        days = days_of_rooms(
            rooms,
            request.therapist,
            frame,
            currency=request.community.currency,
            with_names=with_names,
        )
        pages = _Pages(office, frame.view, with_names=with_names)
        context = {
            "office": office,
            "frame": frame,
            "title": _title(frame),
            "today": today,
            "with_names": with_names,
            "views": [(view, pages.at(frame.day, view)) for view in VIEWS],
            "earlier": pages.at(frame.earlier)
            if frame.earlier >= today - hours.HORIZON
            else "",
            "later": pages.at(frame.later)
            if frame.later <= today + hours.HORIZON
            else "",
            "now": pages.at(today),
            "other_names": _Pages(office, frame.view, with_names=not with_names).at(
                frame.day
            ),
            **_picture(frame, rooms, days, pages, today),
        }
        return render_part(request, "spaces/office_calendar.html", "calendar", context)


def _view(request: TherapistRequest) -> str:
    view = request.GET.get("view", "")
    return view if view in VIEWS else "week"


def _day(request: TherapistRequest, today: date) -> date:
    """The day asked for, as far as the calendar reaches; else today."""
    try:
        day = date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        return today
    return min(max(day, today - hours.HORIZON), today + hours.HORIZON)


def _rooms(request: TherapistRequest, office: Office) -> list[Office]:
    """This one first, then the others of theirs in the house."""
    own = Office.objects.hosted_by(request.therapist).select_related("building")
    rooms = own.filter(building=office.building_id)
    return sorted(rooms, key=lambda room: (room.pk != office.pk, room.name, room.pk))


class _Pages:
    """Addresses of the other pages of this calendar."""

    def __init__(self, office: Office, view: str, *, with_names: bool) -> None:
        self.office, self.view, self.with_names = office, view, with_names

    def at(self, day: date, view: str = "", office: Office | None = None) -> str:
        query = QueryDict(mutable=True)
        query["view"] = view or self.view
        query["date"] = day.isoformat()
        if not self.with_names:
            query["names"] = "0"
        pk = (office or self.office).pk
        return f"{reverse('spaces:office_calendar', args=[pk])}?{query.urlencode()}"


def _title(frame: Frame) -> str:
    if frame.view == "month":
        return date_format(frame.day, "F Y")
    if frame.view == "day":
        return date_format(frame.day, "l j F Y")
    return f"{say_date(frame.first)} – {date_format(frame.last, 'D j M Y')}"


def _picture(
    frame: Frame,
    rooms: list[Office],
    days: dict[int, Days],
    pages: _Pages,
    today: date,
) -> dict[str, Any]:
    if frame.view == "month":
        weeks = _weeks(frame, rooms[0], days[rooms[0].pk], pages, today)
        shown = [cell for week in weeks for cell in week if not cell["is_outside"]]
        return {
            "weeks": weeks,
            "has_entries": any(cell["blocks"] for cell in shown),
        }
    if frame.view == "day":
        return {
            "heads": [
                Head(room.name, pages.at(frame.day, "week", room)) for room in rooms
            ],
            "blocks": [
                in_column(room, frame.day, block, column)
                for column, room in enumerate(rooms)
                for block in days[room.pk][frame.day]
            ],
        }
    return {
        "heads": [
            Head(say_date(day), pages.at(day, "day"), is_now=day == today)
            for day in frame.days
        ],
        "blocks": [
            in_column(rooms[0], day, block, column)
            for column, (day, blocks) in enumerate(days[rooms[0].pk].items())
            for block in blocks
        ],
    }


def _weeks(
    frame: Frame, office: Office, days: Days, pages: _Pages, today: date
) -> list[list[dict[str, Any]]]:
    cells = [
        {
            "day": day,
            "url": pages.at(day, "day"),
            "is_today": day == today,
            "is_outside": day.month != frame.day.month,
            "blocks": [in_column(office, day, block, 0) for block in _told(blocks)],
        }
        for day, blocks in days.items()
    ]
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def _told(blocks: list[Block]) -> list[Block]:
    """A month leaves out the host's own hours: they are the same each week."""
    return [block for block in blocks if block.state != "usual"]
