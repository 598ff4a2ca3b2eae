"""Any suitable room of a building: which rooms would do, which date fits into which, where a lost one finds another.

Why a request has an office all the same: ``docs/decisions/0007-any-suitable-room.md``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import lock_offices
from spaces.domain.planning import PlannedDate, look_up_rooms
from spaces.enums import OccurrenceState
from spaces.hours import Dated
from spaces.models import Booking, Occurrence, Office
from spaces.models.office import OfficeQuerySet
from spaces.queries import offices_open_to


@dataclass
class RoomChoice:
    """A room against the dates of a request: what of them it has, for how much, and what is in the way."""

    office: Office
    dates: list[PlannedDate] = field(default_factory=list)

    @property
    def free(self) -> list[PlannedDate]:
        return [date for date in self.dates if date.is_free]

    @property
    def missing(self) -> list[PlannedDate]:
        return [date for date in self.dates if not date.is_free]

    @property
    def cents(self) -> int:
        return sum(date.price_cents for date in self.free)


def rooms_of_house(office: Office) -> OfficeQuerySet:
    """It and the other rooms of its building with the very same hosts: whoever is asked stays the same."""
    hosts = [host.pk for host in office.hosts.all()]
    return (
        Office.objects.listed()
        .filter(building=office.building_id)
        .annotate(
            everybody=Count("hosts", distinct=True),
            the_same=Count("hosts", filter=Q(hosts__in=hosts), distinct=True),
        )
        .filter(everybody=len(hosts), the_same=len(hosts))
        .select_related("building")
    )


def has_more_rooms(office: Office) -> bool:
    return rooms_of_house(office).exclude(pk=office.pk).exists()


def rank_rooms(
    office: Office, *, guest: Therapist, people: int, dated: Sequence[Dated]
) -> list[RoomChoice]:
    """Rooms like ``office`` that this guest may ask for and that have some of these dates, the best fit first:
    most of the dates, then ``office`` itself, then the cheapest, then the smallest that seats all.
    """
    rooms = rooms_of_house(office).filter(
        pk__in=offices_open_to(guest).values("pk"), capacity__gte=people
    )
    return _ranked(office, guest, list(rooms), dated)


def spread_over_rooms(
    office: Office, planned: Sequence[PlannedDate], *, guest: Therapist, people: int
) -> list[tuple[Office, PlannedDate]]:
    """Each date in the best room that has it. What none has stays with ``office`` and its reason."""
    choices = rank_rooms(
        office,
        guest=guest,
        people=people,
        dated=[Dated(item.day, item.span, item.period) for item in planned],
    )
    found = []
    for number, item in enumerate(planned):
        rooms = (
            (choice.office, choice.dates[number])
            for choice in choices
            if choice.dates[number].is_free
        )
        found.append(next(rooms, (office, item)))
    return found


def suitable_rooms(booking: Booking) -> list[RoomChoice]:
    """For an unanswered request: what its host may choose from."""
    return _rooms_for(
        booking,
        [o for o in booking.occurrences.all() if o.state == OccurrenceState.ASKED],
    )


def choose_room(booking: Booking, room: Office | None) -> None:
    """Asked dates go to the room its host chose, those that do not fit there to the best other one.

    ``None`` is the best fit. What fits nowhere stays where it is, and is refused there. Locks all the rooms.
    """
    rooms = list(rooms_of_house(booking.office))
    if room is not None and room not in rooms:
        raise NotAllowedError(_("That room is not one of these."))
    stand = booking.occurrences.order_by().values_list("office", flat=True)
    lock_offices({booking.office_id, *stand, *(office.pk for office in rooms)})
    asked = list(booking.occurrences.asked().in_order())
    choices = _rooms_for(booking, asked)
    if room is not None:
        choices.sort(key=lambda choice: choice.office.pk != room.pk)
        has_some = bool(choices) and choices[0].office.pk == room.pk
        if not has_some and room.pk != booking.office_id:
            raise NotAllowedError(_("That room has none of these hours."))
    _place(asked, choices)
    if choices:
        settle_in(booking, choices[0].office)


def rehome(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """Dates of "any suitable room" that lost their hours, into another room that has them.

    Asking holds nothing, so no lock is needed. Answers those for which there is none.
    """
    left = []
    by_booking: dict[int, list[Occurrence]] = {}
    for occurrence in occurrences:
        by_booking.setdefault(occurrence.booking_id, []).append(occurrence)
    for found in by_booking.values():
        booking = found[0].booking
        if not booking.any_room:
            left += found
            continue
        choices = _rooms_for(booking, found)
        left += _place(found, choices, is_elsewhere=True)
        here = booking.occurrences.asked().filter(office=booking.office_id)
        if choices and not here.exists():
            settle_in(booking, choices[0].office)
    return left


def _rooms_for(booking: Booking, dates: Sequence[Occurrence]) -> list[RoomChoice]:
    """No date costs more than its guest was told when they asked."""
    zone = booking.office.building.zone
    choices = rank_rooms(
        booking.office,
        guest=booking.guest,
        people=booking.people,
        dated=[Dated(o.day(zone), o.span(zone), o.period) for o in dates],
    )
    for choice in choices:
        choice.dates = [
            replace(item, price_cents=min(item.price_cents, o.price_cents))
            for item, o in zip(choice.dates, dates, strict=True)
        ]
    return choices


def settle_in(booking: Booking, office: Office) -> None:
    """It is there now. Its terms stay those that its guest saw; of the notice, the shorter holds."""
    if booking.office_id != office.pk:
        booking.office = office
        booking.notice_days = min(booking.notice_days, office.notice_days)
        booking.save(update_fields=["office", "notice_days"])


def _ranked(
    office: Office,
    guest: Therapist,
    rooms: Sequence[Office],
    dated: Sequence[Dated],
) -> list[RoomChoice]:
    planned = look_up_rooms(rooms, guest, dated)
    choices = [RoomChoice(room, planned[room.pk]) for room in rooms]
    return sorted(
        (choice for choice in choices if choice.free),
        key=lambda choice: (
            -len(choice.free),
            choice.office.pk != office.pk,
            choice.cents,
            choice.office.capacity,
            choice.office.name,
        ),
    )


def _place(
    occurrences: Sequence[Occurrence],
    choices: Sequence[RoomChoice],
    *,
    is_elsewhere: bool = False,
) -> list[Occurrence]:
    """Each date into the first of these rooms that has it. Answers those that fit into none.

    ``is_elsewhere``: they lost where they are, whatever its free time still says.
    """
    left, placed = [], []
    for occurrence in occurrences:
        for choice in choices:
            if is_elsewhere and choice.office.pk == occurrence.office_id:
                continue
            fits = [d for d in choice.free if d.period == occurrence.period]
            if fits:
                occurrence.office = choice.office
                occurrence.price_cents = fits[0].price_cents
                placed.append(occurrence)
                break
        else:
            left.append(occurrence)
    Occurrence.objects.bulk_update(placed, ["office", "price_cents"])
    return left
