"""Reads of people that span models."""

from dataclasses import dataclass

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Count, F, Func, Q, TextField, Value
from django.db.models.functions import Cast
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from directory.enums import DeliveryState, Priority
from directory.models import Delivery, Term, TermQuerySet, Therapist, TherapistQuerySet
from directory.models.therapist import Plain
from directory.registry import Queue

COLLEAGUE_FACETS = [
    "consults",
    "supervises",
    "takes_referrals",
    "has_spare_hours",
    "seeks_hours",
    "co_leads_groups",
    "would_have_coffee",
]


class Joined(Func):
    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


def terms_called(text: str) -> TermQuerySet:
    """Terms of which a word begins with ``text``, synonyms too: what is dated finds what replaced it."""
    synonyms = Func(
        F("synonyms"), Value(" "), function="array_to_string", output_field=TextField()
    )
    words = Plain(Joined(Value(" "), Cast("label", TextField()), Value(" "), synonyms))
    return Term.objects.annotate(words=words).filter(
        words__contains=Plain(Value(f" {text}"))
    )


def found_by(people: TherapistQuerySet, text: str) -> TherapistQuerySet:
    """Whose name is like ``text``, or who chose a term of that name; the likest names first."""
    by_name = Therapist.objects.called(text).order_by().values("pk")
    chosen = Therapist.terms.through.objects.filter(
        term__in=terms_called(text).values("pk")
    )
    likeness = TrigramWordSimilarity(Plain(Value(text)), Plain("name"))  # type: ignore[arg-type]  # any expression does
    return people.filter(
        Q(pk__in=by_name) | Q(pk__in=chosen.values("therapist"))
    ).annotate(likeness=likeness)


def members_named(text: str, *, by: Therapist) -> TherapistQuerySet:
    """Members of exactly this name, as ``by`` may see them; case and accents are forgiven."""
    people = Therapist.objects.visible_to(by).exclude(pk=by.pk)
    return people.annotate(plain_name=Plain("name")).filter(
        plain_name=Plain(Value(text))
    )


def has(facet: str) -> Q:
    """What ticking a colleague facet asks for."""
    return ~Q(supervises="") if facet == "supervises" else Q(**{facet: True})


@dataclass(frozen=True)
class Counts:
    """How many of some people each choice of a search form would show."""

    total: int
    facets: dict[str, int]
    terms: dict[str, list[tuple[Term, int]]]
    places: list[tuple[str, int]]


def counts_of(people: TherapistQuerySet) -> Counts:
    """Three queries, however many people. The most chosen come first."""
    facets = people.order_by().aggregate(
        total=Count("pk"),
        **{facet: Count("pk", filter=has(facet)) for facet in COLLEAGUE_FACETS},
    )
    chosen: dict[int, int] = dict(
        Therapist.terms.through.objects.filter(
            therapist__in=people.order_by().values("pk")
        )
        .values_list("term")
        .annotate(Count("pk"))
    )
    terms: dict[str, list[tuple[Term, int]]] = {}
    for term in sorted(
        Term.objects.filter(pk__in=chosen),
        key=lambda term: (-chosen[term.pk], term.label),
    ):
        terms.setdefault(term.kind, []).append((term, chosen[term.pk]))
    places = (
        people.order_by()
        .exclude(neighbourhood="")
        .values_list("neighbourhood")
        .annotate(count=Count("pk"))
    )
    return Counts(
        facets.pop("total"),
        facets,
        terms,
        list(places.order_by("-count", "neighbourhood")),
    )


def queues_of_people() -> list[Queue]:
    """What waits for a moderator on the desk's front page."""
    applicants = reverse_lazy("admin:directory_therapist_changelist")
    deliveries = reverse_lazy("admin:directory_delivery_changelist")
    unsent = Delivery.objects.filter(priority__lte=Priority.ESSENTIAL)
    return [
        Queue(
            _("People who ask to join"),
            Therapist.objects.applicants().count,
            lambda: str(applicants),
        ),
        Queue(
            _("Essential mails that failed"),
            unsent.filter(state=DeliveryState.FAILED).count,
            lambda: f"{deliveries}?state__exact={DeliveryState.FAILED}",
        ),
        Queue(
            _("Mails whose fate is unknown"),
            Delivery.objects.filter(
                state=DeliveryState.UNCERTAIN, next_attempt_at=None
            ).count,
            lambda: f"{deliveries}?state__exact={DeliveryState.UNCERTAIN}",
        ),
    ]
