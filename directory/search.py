"""The directory as it is searched: by words, and how many there are of what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery, TrigramWordSimilarity
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from directory.enums import Audience, TermKind
from directory.models import Licence, Term, Therapist, TherapistQuerySet
from directory.models.therapist import Plain, Words

COLLEAGUE_FACETS = [
    "consults",
    "supervises",
    "takes_referrals",
    "has_spare_hours",
    "seeks_hours",
    "co_leads_groups",
    "would_have_coffee",
]
ANY_OF = ("where", "credential")  # facets of which any chosen value will do
MOST_WORDS = 6  # of what was typed; more only slow the search
SHORTEST = 2  # letters of a word that is looked for by itself
FEW = 2000  # people of whom a search by words is read before all else is asked
WIDE = 3000  # people of whom counts are kept for others who look at the same
WIDE_SECONDS = 120


# --- By words ----------------------------------------------------------------------


class Joined(Func):
    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


def terms_called(words: Sequence[str]) -> dict[str, list[Term]]:
    """Terms of which a word begins with each of these, synonyms too: what is dated finds what replaced it. One query."""
    synonyms = Func(
        F("synonyms"), Value(" "), function="array_to_string", output_field=TextField()
    )
    said = Plain(Joined(Value(" "), Cast("label", TextField()), Value(" "), synonyms))
    is_called = {
        f"is_{number}": Q(said__contains=Plain(Value(f" {word}")))
        for number, word in enumerate(words)
    }
    terms = list(
        Term.objects.alias(said=said)
        .filter(reduce(or_, is_called.values()))
        .annotate(
            **{
                name: ExpressionWrapper(condition, BooleanField())
                for name, condition in is_called.items()
            }
        )
    )
    return {
        word: [term for term in terms if getattr(term, f"is_{number}")]
        for number, word in enumerate(words)
    }


def who_says(text: str) -> list[int] | QuerySet[Any]:
    """Of whom every word of ``text`` says something: name, headline, bio, or a term they chose."""
    words = [word for word in text.split() if len(word) >= SHORTEST][:MOST_WORDS]
    called = terms_called(words or [text])
    if any(called.values()) or _wrote(list(called))[: FEW + 1]:
        first, *others = (_said_by(word, terms) for word, terms in called.items())
        found = first.intersection(*others) if others else first
    else:  # names, nothing else: the rarest of the words leads to few people
        found = _ids(reduce(TherapistQuerySet.called, called, Therapist.objects.all()))
    ids = [pk for (pk,) in found[: FEW + 1]]
    # few are named: how many they are is what the plan of all else depends on
    return ids if len(ids) <= FEW else found


def likest(people: TherapistQuerySet, text: str) -> TherapistQuerySet:
    likeness = TrigramWordSimilarity(Plain(Value(text)), Plain("name"))  # type: ignore[arg-type]  # any expression does
    return people.annotate(likeness=likeness)


def _said_by(word: str, terms: Sequence[Term]) -> QuerySet[Any]:
    named = _ids(Therapist.objects.called(word))
    return named.union(who_chose(terms), _wrote([word]))


def _ids(people: TherapistQuerySet) -> QuerySet[Any]:
    return people.order_by().values_list("pk")


def who_chose(terms: Sequence[Term]) -> QuerySet[Any]:
    """Any of these terms, which are named by number: how common each is, the database knows. Schools that their people
    keep to themselves are not among them."""
    schools = [term.pk for term in terms if term.kind == TermKind.SCHOOL]
    others = [term.pk for term in terms if term.kind != TermKind.SCHOOL]
    chosen = Q(term__in=others)
    if schools:
        kept = Q(therapist__audience__contains={"schools": Audience.ME})
        chosen |= Q(term__in=schools) & ~kept
    through = Therapist.terms.through.objects
    return through.filter(chosen).values_list("therapist")


def _wrote(words: Sequence[str]) -> QuerySet[Any]:
    """Any of these words by its beginning, in any form: "groups" finds "group"."""
    lexemes = ["".join(filter(str.isalnum, word)) for word in words]
    wanted = " | ".join(f"'{lexeme}':*" for lexeme in lexemes if lexeme)
    if not wanted:
        return _ids(Therapist.objects.none())
    query = SearchQuery(Plain(Value(wanted)), config="english", search_type="raw")
    return _ids(Therapist.objects.alias(words=Words()).filter(words=query))


# --- How many of what --------------------------------------------------------------


def has(facet: str) -> Q:
    """What ticking a colleague facet asks for."""
    return ~Q(supervises="") if facet == "supervises" else Q(**{facet: True})


def works_in(places: Sequence[str]) -> Q:
    return Q(neighbourhood__in=places)


def holds(slugs: Sequence[str]) -> Q:
    """A licence of one of these kinds that somebody checked."""
    mine = Licence.objects.filter(therapist=OuterRef("pk"), checked_at__isnull=False)
    return Q(Exists(mine.filter(kind__slug__in=slugs)))


@dataclass(frozen=True)
class Counts:
    """How many of some people each choice of a search form would show."""

    total: int
    facets: dict[str, int]
    terms: dict[str, list[tuple[Term, int]]]
    places: list[tuple[str, int]]


COUNTS = """
WITH found (id, {facets}, neighbourhood, schools, lives, holds) AS MATERIALIZED ({people}),
fit AS MATERIALIZED (SELECT * FROM found WHERE lives AND holds)
SELECT 'counted', '', count(*) FROM found
UNION ALL
SELECT 'total', '', count(*) FROM fit
UNION ALL
SELECT 'between', facet.name, facet.count FROM (SELECT {sums} FROM fit) AS one,
LATERAL (VALUES {named}) AS facet (name, count)
UNION ALL
SELECT 'where', neighbourhood, count(*) FROM found WHERE holds AND neighbourhood <> '' GROUP BY neighbourhood
UNION ALL
SELECT 'term', kind_id::text, count(DISTINCT found.id)
FROM found JOIN directory_licence ON therapist_id = found.id AND checked_at IS NOT NULL
WHERE lives GROUP BY kind_id
UNION ALL
SELECT 'term', term_id::text, count(*)
FROM fit JOIN directory_therapist_terms ON therapist_id = fit.id
GROUP BY term_id
UNION ALL
SELECT 'term', term_id::text, -count(*)
FROM fit JOIN directory_therapist_terms ON therapist_id = fit.id JOIN directory_term ON directory_term.id = term_id
WHERE schools = '{me}' AND kind = '{school}' GROUP BY term_id
"""
SUMS = {facet: f"count(*) FILTER (WHERE {facet})" for facet in COLLEAGUE_FACETS} | {
    "supervises": "count(*) FILTER (WHERE supervises <> '')"
}


def counts_of(
    people: TherapistQuerySet, any_of: Mapping[str, Q] | None = None
) -> Counts:
    """Two queries, or three, however many people. The most chosen come first. Schools that people keep to themselves are taken off.

    ``any_of``: conditions on facets of which any chosen value will do. A facet's own is left out where its values are
    counted, as another value ticked would add people.
    """
    rows = people.order_by().values_list(
        "pk",
        *COLLEAGUE_FACETS,
        "neighbourhood",
        KT("audience__schools"),
        *(_whether((any_of or {}).get(facet)) for facet in ANY_OF),
    )
    try:
        who, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return Counts(0, dict.fromkeys(COLLEAGUE_FACETS, 0), {}, [])
    found = _counted(
        COUNTS.format(
            people=who,
            me=Audience.ME,
            school=TermKind.SCHOOL,
            facets=", ".join(COLLEAGUE_FACETS),
            sums=", ".join(f"{SUMS[facet]} AS {facet}" for facet in COLLEAGUE_FACETS),
            named=", ".join(f"('{facet}', one.{facet})" for facet in COLLEAGUE_FACETS),
        ),
        values,
    )
    total = found["total"][""]
    if total <= WIDE < found["counted"][""]:  # may be kept: of few, nobody is missed
        total = people.filter(*(any_of or {}).values()).count()
    chosen = {int(pk): count for pk, count in found["term"].items() if count}
    terms: dict[str, list[tuple[Term, int]]] = {}
    for term in sorted(
        Term.objects.filter(pk__in=chosen),
        key=lambda term: (-chosen[term.pk], term.label),
    ):
        terms.setdefault(term.kind, []).append((term, chosen[term.pk]))
    places = sorted(found["where"].items(), key=lambda place: (-place[1], place[0]))
    return Counts(total, found["between"], terms, places)


def _whether(condition: Q | None) -> Any:
    if condition is None:
        return Value(True, output_field=BooleanField())
    return ExpressionWrapper(condition, BooleanField())


def _counted(sql: str, values: Sequence[Any]) -> dict[str, dict[str, int]]:
    """What was counted a moment ago of very many people is told again to whoever asks the same."""
    asked = sha256(f"{sql}{values!r}".encode()).hexdigest()
    key = f"directory:counts:{asked}"
    found: dict[str, dict[str, int]] | None = cache.get(key)
    if found is None:
        found = {"counted": {}, "total": {}, "between": {}, "where": {}, "term": {}}
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            for part, name, count in cursor.fetchall():
                found[part][name] = found[part].get(name, 0) + count
        if found["counted"][""] > WIDE:
            cache.set(key, found, WIDE_SECONDS)
    return found
