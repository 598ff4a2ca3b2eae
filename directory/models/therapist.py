import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.contrib.postgres.search import SearchVectorField, TrigramWordSimilarity
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import Audience, Standing, TermKind
from directory.geo import columns, within
from directory.models.alike import bare_local
from directory.models.term import Term
from directory.models.user import User

AUDIENCE_FIELDS = [  # of which each person says who sees them; all else is for members
    "pronouns",
    "headline",
    "bio",
    "contact_email",
    "phone",
    "website",
    "photo",
    "schools",
]


def new_feed_token() -> str:
    return secrets.token_urlsafe(24)


class Plain(Func):
    """Lower case, without accents: the immutable function that the name's trigram index is built on."""

    function = "directory_plain"
    arity = 1
    output_field = TextField()


class Words(Func):
    """What people write of themselves and let members read, as words to be found: what the index is built on."""

    function = "directory_words"
    output_field = SearchVectorField()

    def __init__(self, *columns: Any) -> None:
        super().__init__(*(columns or ("headline", "bio", "audience")))


class TherapistQuerySet(models.QuerySet["Therapist"]):
    def members(self) -> "TherapistQuerySet":
        return self.filter(standing=Standing.MEMBER)

    def applicants(self) -> "TherapistQuerySet":
        return self.filter(standing=Standing.APPLICANT)

    def moderators(self) -> "TherapistQuerySet":
        return self.members().filter(user__is_staff=True, user__is_active=True)

    def unblocked_for(self, therapist: "Therapist") -> "TherapistQuerySet":
        """Without those whom ``therapist`` blocked, or who blocked them."""
        return self.exclude(blocks_received__blocker=therapist).exclude(
            blocks_made__blocked=therapist
        )

    def visible_to(self, therapist: "Therapist") -> "TherapistQuerySet":
        return self.members().unblocked_for(therapist)

    def near(
        self, latitude: float, longitude: float, metres: float
    ) -> "TherapistQuerySet":
        return self.filter(within(latitude, longitude, metres))

    def called(self, text: str) -> "TherapistQuerySet":
        """Names like ``text``, accents and a slip of the finger forgiven, the likest first."""
        wanted = Plain(Value(text))
        return (
            self.annotate(plain_name=Plain("name"))
            .filter(
                Q(plain_name__trigram_word_similar=wanted)
                | Q(plain_name__contains=wanted)
            )
            .annotate(
                likeness=TrigramWordSimilarity(
                    wanted,  # type: ignore[arg-type]  # any expression does
                    F("plain_name"),
                )
            )
            .order_by("-likeness", "name", "pk")
        )

    def with_user(self) -> "TherapistQuerySet":
        return self.select_related("user")


class Therapist(models.Model):
    """The person and their profile. Only ``directory.domain.membership`` changes ``standing``."""

    user = models.OneToOneField(
        User,
        models.SET_NULL,
        verbose_name=_("sign-in"),
        related_name="therapist",
        null=True,
        blank=True,
    )
    standing = models.CharField(
        _("standing"), max_length=12, choices=Standing, default=Standing.APPLICANT
    )
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(
        _("email"),
        blank=True,
        help_text=_("Of someone invited, who has no sign-in yet."),
    )
    pronouns = models.CharField(_("pronouns"), max_length=40, blank=True)
    credentials = models.CharField(_("credentials"), max_length=120, blank=True)
    headline = models.CharField(_("in one sentence"), max_length=200, blank=True)
    bio = models.TextField(_("about my work"), max_length=4000, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    website = models.URLField(_("website"), blank=True)
    contact_email = models.EmailField(
        _("email for colleagues"),
        blank=True,
        help_text=_("Members see it. The address you sign in with stays private."),
    )

    audience = models.JSONField(
        _("who sees what"),
        default=dict,
        blank=True,
        help_text=_("Of what is not for members alone: “me” or “public”."),
    )

    has_public_page = models.BooleanField(
        _("has a public page"),
        default=False,
        help_text=_("Anybody can read it, and search engines may list it."),
    )
    confirmed_at = models.DateTimeField(
        _("profile confirmed"),
        null=True,
        blank=True,
        help_text=_("When the person last said that it is still true."),
    )
    photo_small = models.ImageField(upload_to="people/", blank=True, editable=False)
    photo_large = models.ImageField(upload_to="people/", blank=True, editable=False)

    neighbourhood = models.CharField(_("neighbourhood"), max_length=80, blank=True)
    zip_code = models.CharField(_("ZIP code"), max_length=10, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)

    terms = models.ManyToManyField(
        Term, verbose_name=_("terms"), related_name="therapists", blank=True
    )
    consults = models.BooleanField(_("offers consultation"), default=False)
    supervises = models.CharField(
        _("supervises"), max_length=120, blank=True, help_text=_("Which licences?")
    )
    takes_referrals = models.BooleanField(_("takes referrals now"), default=False)
    has_spare_hours = models.BooleanField(
        _("has spare hours"), default=False, editable=False
    )
    seeks_hours = models.BooleanField(_("seeks hours"), default=False, editable=False)
    co_leads_groups = models.BooleanField(_("co-leads groups"), default=False)
    would_have_coffee = models.BooleanField(_("would have coffee"), default=False)

    helps_in_emergencies = models.BooleanField(
        _("would help in an emergency"), default=False
    )
    emergency_radius_km = models.PositiveSmallIntegerField(
        _("up to how many kilometres away"),
        default=8,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    quiet_from_minute = models.PositiveSmallIntegerField(
        _("quiet from"), default=21 * 60
    )
    quiet_to_minute = models.PositiveSmallIntegerField(_("quiet until"), default=8 * 60)
    daily_cap = models.PositiveSmallIntegerField(
        _("mails a day at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
    )
    agrees_to_be_named = models.BooleanField(
        _("may be named on building and thank-you pages"), default=False
    )

    invited_by = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("invited by"),
        related_name="invited",
        null=True,
        blank=True,
    )
    joined_at = models.DateTimeField(_("member since"), null=True, blank=True)
    agreed_at = models.DateTimeField(_("agreed on"), null=True, blank=True)
    fast_lane_until = models.DateTimeField(
        _("may ask for help until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Two members vouched for this applicant in an emergency."),
    )
    lapsed_on = models.DateField(
        _("licence lapsed on"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Kept by the clock: no licence of theirs is in force."),
    )
    bounced_at = models.DateTimeField(_("mail bounced on"), null=True, blank=True)
    feed_token = models.CharField(
        _("secret of the calendar feed"),
        max_length=40,
        unique=True,
        default=new_feed_token,
    )
    hides_from_newcomers = models.BooleanField(
        _("hidden from anyone who joined less than 30 days ago"), default=False
    )
    invited_known_on = ArrayField(  # so that the count tells nobody who is here
        models.DateField(),
        verbose_name=_("invited somebody who was asked already"),
        default=list,
        blank=True,
        editable=False,
    )
    erased_at = models.DateTimeField(
        _("erased"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Who they were is forgotten; the row stands for a former member."),
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    objects = TherapistQuerySet.as_manager()

    class Meta:
        verbose_name = _("therapist")
        verbose_name_plural = _("therapists")
        ordering = ["name", "pk"]
        indexes = [
            GinIndex(
                OpClass(Plain("name"), name="gin_trgm_ops"),
                name="directory_therapist_name",
            ),
            GinIndex(Words(), name="directory_therapist_words"),
            GistIndex(columns(), name="directory_therapist_point"),
            models.Index(
                fields=["standing", "name"], name="directory_therapist_standing"
            ),
            models.Index(
                fields=["standing", "neighbourhood"], name="directory_therapist_where"
            ),
            models.Index(
                bare_local("email"),
                name="directory_therapist_alike",
                condition=~Q(email=""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(user=None) & ~Q(email=""),
                name="directory_therapist_one_invitation",
                violation_error_message=_(
                    "Someone with this address is invited already."
                ),
            ),
            models.CheckConstraint(
                name="directory_therapist_standing_known",
                condition=Q(standing__in=Standing.values),
            ),
            models.CheckConstraint(
                name="directory_therapist_quiet_in_day",
                condition=Q(quiet_from_minute__lte=1440, quiet_to_minute__lte=1440),
            ),
            models.CheckConstraint(
                name="directory_therapist_point_whole",
                condition=Q(latitude=None, longitude=None)
                | Q(
                    latitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__isnull=False,
                    longitude__range=(-180, 180),
                ),
                violation_error_message=_(
                    "Give both latitude and longitude, or neither."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def blocked_either_way(self) -> models.QuerySet[Any, int]:
        """Whom one blocked, and who blocked one: the members one does not meet."""
        made = self.blocks_made.values_list("blocked", flat=True)
        received = self.blocks_received.values_list("blocker", flat=True)
        return made.order_by().union(received.order_by())

    def audience_of(self, field: str) -> Audience:
        return Audience(self.audience.get(field, Audience.MEMBERS))

    def without_private(self) -> "Therapist":
        """As other members see it; never to be saved."""
        return self._without(
            field for field in AUDIENCE_FIELDS if self.audience_of(field) == Audience.ME
        )

    def only_public(self) -> "Therapist":
        """As anybody sees it; never to be saved."""
        return self._without(
            field for field in AUDIENCE_FIELDS if not self.shows_public(field)
        )

    def shows_public(self, field: str) -> bool:
        return self.has_public_page and self.audience_of(field) == Audience.PUBLIC

    def _without(self, fields: Iterable[str]) -> "Therapist":
        for field in fields:
            if field == "photo":
                self.photo_small = self.photo_large = ""
            elif field != "schools":  # terms, which the view leaves out
                setattr(self, field, "")
        return self

    def schools_shared_with(self, other: "Therapist") -> list[str]:
        """Where both come from, unless one of them keeps it to themself."""
        if self.pk == other.pk or Audience.ME in {
            self.audience_of("schools"),
            other.audience_of("schools"),
        }:
            return []
        mine = self.terms.filter(kind=TermKind.SCHOOL).filter(therapists=other)
        return list(mine.values_list("label", flat=True))

    @property
    def photo_for_members(self) -> bool:
        return bool(self.photo_small) and self.audience_of("photo") != Audience.ME

    @property
    def headline_for_members(self) -> str:
        is_private = self.audience_of("headline") == Audience.ME
        return "" if is_private else self.headline

    @property
    def first_name(self) -> str:
        return self.name.split(maxsplit=1)[0] if self.name.strip() else ""

    @property
    def address(self) -> str:
        """Where mail for this person goes; empty where we know of none."""
        return self.user.email if self.user else self.email

    @property
    def insured_until(self) -> date | None:
        """By their own word."""
        insurance = getattr(self, "insurance", None)
        return insurance.valid_until if insurance else None

    @property
    def is_member(self) -> bool:
        return self.standing == Standing.MEMBER

    @property
    def is_in_fast_lane(self) -> bool:
        """An applicant who may publish a need and accept offers, and nothing else."""
        return (
            self.standing == Standing.APPLICANT
            and self.fast_lane_until is not None
            and self.fast_lane_until > timezone.now()
        )

    @property
    def is_moderator(self) -> bool:
        return bool(
            self.is_member and self.user and self.user.is_active and self.user.is_staff
        )


UNDO = timedelta(days=14)


class StandingEvent(models.Model):
    """One move of a standing: who, when, why. ``actor`` is empty for the clock."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="standing_events"
    )
    actor = models.ForeignKey(
        Therapist, models.SET_NULL, related_name="+", null=True, blank=True
    )
    old = models.CharField(_("from"), max_length=12, choices=Standing, blank=True)
    new = models.CharField(_("to"), max_length=12, choices=Standing)
    reason = models.TextField(_("reason"), blank=True)
    is_unsafe = models.BooleanField(
        _("for safety"),
        default=False,
        help_text=_("What is booked ends at once, without the agreed notice."),
    )
    settled_at = models.DateTimeField(
        _("settled"),
        null=True,
        blank=True,
        editable=False,
        help_text=_(
            "When what was agreed with others was ended, of somebody who went."
        ),
    )
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("change of standing")
        verbose_name_plural = _("changes of standing")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.old or '–'} → {self.new}"

    @property
    def undo_until(self) -> datetime:
        """Who left may take it back until then."""
        return self.created_at + UNDO
