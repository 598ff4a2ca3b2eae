from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import BookingSource, BookingStatus, ChangeKind, OccurrenceState
from spaces.hours import Span, local_day, span_of
from spaces.models.closure import FINITE_PERIOD
from spaces.models.office import Office

TAKEN = [
    OccurrenceState.BOOKED,
    OccurrenceState.HELD,
    OccurrenceState.DISPLACED,
]  # hours nobody else can have


class BookingQuerySet(models.QuerySet["Booking"]):
    def involving(self, therapist: Therapist) -> "BookingQuerySet":
        """Its guest, its hosts, who answers for the guest, and who has dates of it that were handed on."""
        return self.filter(
            Q(guest=therapist)
            | Q(party=therapist)
            | Q(office__in=Office.objects.hosted_by(therapist).values("pk"))
            | Q(pk__in=Occurrence.objects.filter(guest=therapist).values("booking"))
        )

    def answered_for_by(self, therapist: Therapist) -> "BookingQuerySet":
        return self.filter(party=therapist)

    def hosted_by(self, therapist: Therapist) -> "BookingQuerySet":
        return self.filter(office__hosts=therapist)

    def undecided(self) -> "BookingQuerySet":
        return self.filter(status__in=[BookingStatus.REQUESTED, BookingStatus.AWAITING])

    def with_parties(self) -> "BookingQuerySet":
        return self.select_related(
            "guest__user", "guest__insurance", "party__user", "office__building"
        ).prefetch_related("office__hosts__user")

    def with_dates(self) -> "BookingQuerySet":
        return self.prefetch_related("occurrences")


class Booking(models.Model):
    """What a guest asks for: dates, or a weekly series, of one office. A requested booking is the request.

    Only ``spaces.domain.booking`` changes ``status`` and the states of its occurrences.
    """

    office = models.ForeignKey(Office, models.PROTECT, related_name="bookings")
    guest = models.ForeignKey(Therapist, models.PROTECT, related_name="bookings")
    status = models.CharField(
        max_length=10, choices=BookingStatus, default=BookingStatus.REQUESTED
    )
    source = models.CharField(
        max_length=8, choices=BookingSource, default=BookingSource.REQUEST
    )
    people = models.PositiveSmallIntegerField(_("people"), default=2)
    message = models.TextField(_("message"), blank=True)
    terms = models.TextField(_("terms, as they were when asked"), blank=True)
    notice_days = models.PositiveSmallIntegerField(
        _("days of notice, as they were when asked"), default=0
    )
    answer_by = models.DateTimeField(_("answer expected until"), null=True)
    any_room = models.BooleanField(
        _("any suitable room of the building"),
        default=False,
        help_text=_("The office is the best fit until the host chooses."),
    )
    party = models.ForeignKey(
        Therapist,
        models.PROTECT,
        related_name="bookings_as_party",
        verbose_name=_("who answers for it"),
        null=True,
        blank=True,
        help_text=_(
            "Of a guest who practises under supervision: approves, and owes what is due."
        ),
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    reconfirm_by = models.DateTimeField(
        _("said to be unused: kept only if confirmed until"), null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.CheckConstraint(
                name="spaces_booking_status_known",
                condition=Q(status__in=BookingStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_booking_source_known",
                condition=Q(source__in=BookingSource.values),
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by"],
                condition=Q(status__in=["requested", "awaiting"]),
                name="spaces_booking_undecided",
            )
        ]

    def __str__(self) -> str:
        return f"{self.guest} · {self.office}"

    def get_absolute_url(self) -> str:
        return reverse("spaces:booking_detail", args=[self.pk])


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def taking(self) -> "OccurrenceQuerySet":
        """Booked, held or displaced: hours that nobody else can have."""
        return self.filter(state__in=TAKEN)

    def asked(self) -> "OccurrenceQuerySet":
        return self.filter(state=OccurrenceState.ASKED)

    def overlapping(self, lower: datetime, upper: datetime) -> "OccurrenceQuerySet":
        return self.filter(period__overlap=(lower, upper))

    def of_guests(
        self, guests: Collection[int], lower: datetime, upper: datetime
    ) -> "OccurrenceQuerySet":
        """Their dates that overlap this time, by the index of guests: for ``&&`` PostgreSQL reads everybody's dates."""
        return self.filter(
            guest__in=guests, period__startswith__lt=upper, period__endswith__gt=lower
        )

    def ending_after(self, moment: datetime) -> "OccurrenceQuerySet":
        return self.filter(period__endswith__gt=moment)

    def in_order(self) -> "OccurrenceQuerySet":
        return self.order_by("period", "pk")


class Occurrence(models.Model):
    """One date of a booking. Office and guest are columns: one date can move to another room or person."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="occurrences")
    office = models.ForeignKey(Office, models.PROTECT, related_name="occurrences")
    guest = models.ForeignKey(Therapist, models.PROTECT, related_name="occurrences")
    period = DateTimeRangeField()
    price_cents = models.PositiveIntegerField(
        default=0, help_text=_("for this date in all")
    )
    state = models.CharField(
        max_length=10, choices=OccurrenceState, default=OccurrenceState.ASKED
    )
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    moved_from = DateTimeRangeField(
        _("moved from"), null=True, blank=True, help_text=_("Where it stood first.")
    )
    sequence = models.PositiveIntegerField(
        default=0, help_text=_("Raised with every change calendars must follow.")
    )
    payer = models.ForeignKey(
        Therapist,
        models.PROTECT,
        related_name="occurrences_paid",
        null=True,
        blank=True,
        help_text=_("Who owes it where the guest does not: of a lent date."),
    )
    is_due = models.BooleanField(
        _("to be paid though not used"),
        default=False,
        help_text=_("Of a date given up too late, or displaced."),
    )

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        ordering = ["period", "pk"]
        verbose_name = _("date of a booking")
        verbose_name_plural = _("dates of bookings")
        constraints = [
            ExclusionConstraint(
                name="spaces_occurrence_no_double_booking",
                expressions=[
                    ("office", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=TAKEN),
                violation_error_message=_("This office is already booked then."),
            ),
            models.CheckConstraint(
                name="spaces_occurrence_period_is_finite",
                condition=FINITE_PERIOD,
                violation_error_message=_("Give both a start and an end."),
            ),
            models.CheckConstraint(
                name="spaces_occurrence_state_known",
                condition=Q(state__in=OccurrenceState.values),
            ),
            models.CheckConstraint(
                name="spaces_occurrence_held_until_when",
                condition=~Q(state="held") | Q(held_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                "guest",
                Func(F("period"), function="lower"),
                name="spaces_occurrence_of_guest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id}: {self.period}"

    def day(self, zone: ZoneInfo) -> date:
        return local_day(self.period.lower, zone)

    def span(self, zone: ZoneInfo) -> Span:
        return span_of(self.period, zone)

    @property
    def minutes(self) -> int:
        return int((self.period.upper - self.period.lower).total_seconds()) // 60


class BookingEvent(models.Model):
    """The history of a booking: who moved it, when, from where to where."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="events")
    actor = models.ForeignKey(Therapist, models.PROTECT, null=True, related_name="+")
    old_status = models.CharField(max_length=10, blank=True)
    new_status = models.CharField(max_length=10, choices=BookingStatus)
    change = models.CharField(max_length=10, choices=ChangeKind, blank=True)
    details = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("What changed: dates before and after, rooms, people, by id."),
    )
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("event of a booking")
        verbose_name_plural = _("events of bookings")
        constraints = [
            models.CheckConstraint(
                name="spaces_bookingevent_change_known",
                condition=Q(change__in=["", *ChangeKind.values]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.booking_id}: {self.old_status} → {self.new_status}"
