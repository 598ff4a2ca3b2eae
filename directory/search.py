"""The directory as it is searched: by words, and how many there are of what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
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
from django.db.models.functions import Cast

from directory.models import Licence, Term, TermQuerySet, Therapist, TherapistQuerySet
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
WIDE = 3000  # people whose counts are kept for others who look at the same
WIDE_SECONDS = 120


# --- By words ----------------------------------------------------------------------


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
    """Of whom every word of ``text`` says something: name, headline, bio, or a term they chose. Likest names first."""
    words = [word for word in text.split() if len(word) >= SHORTEST][:MOST_WORDS]
    first, *others = (_said_by(word) for word in words or [text])
    found = first.intersection(*others) if others else first
    ids = [pk for (pk,) in found[: FEW + 1]]
    # few are named: how many they are is what the plan of all else depends on
    people = people.filter(pk__in=ids if len(ids) <= FEW else found)
    likeness = TrigramWordSimilarity(Plain(Value(text)), Plain("name"))  # type: ignore[arg-type]  # any expression does
    return people.annotate(likeness=likeness)


def _said_by(word: str) -> QuerySet[Any]:
    return _ids(Therapist.objects.called(word)).union(_chose(word), _wrote(word))


def _ids(people: TherapistQuerySet) -> QuerySet[Any]:
    return people.order_by().values_list("pk")


def _chose(text: str) -> QuerySet[Any]:
    return who_chose(terms_called(text).values_list("pk", flat=True))


def who_chose(terms: Iterable[int]) -> QuerySet[Any]:
    """Any of these terms, which are named by number: how common each is, the database knows."""
    through = Therapist.terms.through.objects
    return through.filter(term__in=list(terms)).values_list("therapist")


def _wrote(text: str) -> QuerySet[Any]:
    """Words by their beginning, in any form: "groups" finds "group"."""
    lexemes = ["".join(filter(str.isalnum, word)) for word in text.split()]
    wanted = " & ".join(f"'{lexeme}':*" for lexeme in lexemes if lexeme)
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
WITH found (id, {facets}, neighbourhood, lives, holds) AS MATERIALIZED ({people}),
fit AS MATERIALIZED (SELECT * FROM found WHERE lives AND holds)
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
FROM fit JOIN directory_therapist_terms ON therapist_id = fit.id GROUP BY term_id
"""
SUMS = {facet: f"count(*) FILTER (WHERE {facet})" for facet in COLLEAGUE_FACETS} | {
    "supervises": "count(*) FILTER (WHERE supervises <> '')"
}


def counts_of(
    people: TherapistQuerySet, any_of: Mapping[str, Q] | None = None
) -> Counts:
    """Two queries, however many people. The most chosen come first.

    ``any_of``: conditions on facets of which any chosen value will do. A facet's own is left out where its values are
    counted, as another value ticked would add people.
    """
    rows = people.order_by().values_list(
        "pk",
        *COLLEAGUE_FACETS,
        "neighbourhood",
        *(_whether((any_of or {}).get(facet)) for facet in ANY_OF),
    )
    try:
        who, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return Counts(0, dict.fromkeys(COLLEAGUE_FACETS, 0), {}, [])
    found = _counted(
        COUNTS.format(
            people=who,
            facets=", ".join(COLLEAGUE_FACETS),
            sums=", ".join(f"{SUMS[facet]} AS {facet}" for facet in COLLEAGUE_FACETS),
            named=", ".join(f"('{facet}', one.{facet})" for facet in COLLEAGUE_FACETS),
        ),
        values,
    )
    chosen = {int(pk): count for pk, count in found["term"].items()}
    terms: dict[str, list[tuple[Term, int]]] = {}
    for term in sorted(
        Term.objects.filter(pk__in=chosen),
        key=lambda term: (-chosen[term.pk], term.label),
    ):
        terms.setdefault(term.kind, []).append((term, chosen[term.pk]))
    places = sorted(found["where"].items(), key=lambda place: (-place[1], place[0]))
    return Counts(found["total"][""], found["between"], terms, places)


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
        found = {"total": {}, "between": {}, "where": {}, "term": {}}
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            for part, name, count in cursor.fetchall():
                found[part][name] = count
        if found["total"][""] > WIDE:
            cache.set(key, found, WIDE_SECONDS)
    return found
