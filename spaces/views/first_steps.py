"""What somebody new does first, on their first page until all of it is done; applicants what they can do already."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Insurance, Therapist
from spaces.models import Booking, BusyCalendar, Opening, SavedSearch, UsualHours

FOR = timedelta(
    days=90
)  # from joining; whoever lives well without a step is left alone


@dataclass(frozen=True)
class Step:
    title: str
    text: str
    url: str
    is_done: bool


def first_steps(me: Therapist) -> list[Step]:
    """Nothing once all are done. One query."""
    if me.is_member and (me.joined_at is None or me.joined_at < timezone.now() - FOR):
        return []
    steps = [*_profile(me), *_hours(me)]
    return [] if all(step.is_done for step in steps) else steps


def _profile(me: Therapist) -> list[Step]:
    profile = reverse("directory:profile_edit")
    return [
        Step(
            _("Say what you do, in one sentence"),
            _("It stands under your name wherever colleagues read it."),
            profile,
            bool(me.headline),
        ),
        Step(
            _("Show your face"),
            _("A photo, for members alone unless you say otherwise."),
            profile,
            bool(me.photo_small),
        ),
    ]


def _hours(me: Therapist) -> list[Step]:
    mine = Q(therapist=OuterRef("pk"))
    known = Therapist.objects.annotate(
        has_terms=Exists(Therapist.terms.through.objects.filter(mine)),
        has_hours=Exists(Opening.objects.filter(office__hosts=OuterRef("pk")))
        | Exists(UsualHours.objects.filter(mine))
        | Exists(SavedSearch.objects.filter(mine))
        | Exists(Booking.objects.filter(guest=OuterRef("pk"))),
        is_insured=Exists(Insurance.objects.filter(mine)),
        has_calendar=Exists(BusyCalendar.objects.filter(mine)),
    )
    has_terms, has_hours, is_insured, has_calendar = known.values_list(
        "has_terms", "has_hours", "is_insured", "has_calendar"
    ).get(pk=me.pk)
    steps = [
        Step(
            _("Choose what you work on, and in which languages"),
            _("Colleagues who look for it find you."),
            reverse("directory:profile_edit"),
            has_terms,
        ),
        Step(
            _("Say which hours you have, or seek"),
            _("Offer hours of your room, or keep a search for hours in another.")
            if me.is_member
            else _("Prepare hours of your room; members see them once you are in."),
            reverse("spaces:office_search" if me.is_member else "spaces:my_offices"),
            has_hours,
        ),
    ]
    if me.is_member:
        steps += [
            Step(
                _("Say until when you are insured"),
                _("Hosts whom you ask for hours see that day, and nothing else."),
                reverse("directory:licences"),
                is_insured,
            ),
            Step(
                _("Let us know when you are busy"),
                _("From your own calendar: clashes are shown before you ask."),
                reverse("spaces:feed_settings"),
                has_calendar,
            ),
        ]
    return steps
