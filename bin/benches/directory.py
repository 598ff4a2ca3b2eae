"""Finding a colleague: three facets, a misspelt name and a radius, page 1 with the counts of every facet.

No question is asked twice, so that nothing kept from before answers it. ``wide``: one facet alone, a third of all.
``desk``: what moderators see of the same people: the list, a search by a piece of an address, one person.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

import psycopg
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.urls import reverse

from benches.colleagues import PLACES, Colleagues, invite, settle, slip
from benches.figures import Figure, say, side_by_side, timed
from benches.town import LATITUDE, LONGITUDE
from benches.web import Browser, serving, signed_in
from directory.enums import TermKind
from directory.models import Therapist

RADIUS = 20  # kilometres
FRAGMENT = "lu1"  # of an address
BETWEEN = ["consults", "takes_referrals", "would_have_coffee", "co_leads_groups"]

RAW = """
WITH found AS MATERIALIZED (
    SELECT id, name, neighbourhood, consults, takes_referrals, has_spare_hours, seeks_hours, co_leads_groups,
        would_have_coffee, supervises, word_similarity(%(name)s, lower(unaccent(name))) AS likeness,
        earth_distance(ll_to_earth(latitude, longitude), ll_to_earth(%(latitude)s, %(longitude)s)) AS metres
    FROM directory_therapist
    WHERE standing = 'member' AND directory_plain(name) %%> %(name)s {between}
        AND earth_box(ll_to_earth(%(latitude)s, %(longitude)s), %(radius)s) @> ll_to_earth(latitude, longitude)
        AND (
            SELECT count(*) FROM directory_therapist_terms
            WHERE therapist_id = directory_therapist.id AND term_id = ANY (%(terms)s)
        ) = cardinality(%(terms)s)
)
SELECT 'term', term_id::text, count(*) FROM found JOIN directory_therapist_terms ON therapist_id = found.id GROUP BY 2
UNION ALL SELECT 'licence', kind_id::text, count(*) FROM found JOIN directory_licence ON therapist_id = found.id GROUP BY 2
UNION ALL SELECT 'where', neighbourhood, count(*) FROM found GROUP BY 2
UNION ALL SELECT 'between', '', count(*) FILTER (WHERE consults) + count(*) FILTER (WHERE takes_referrals)
    + count(*) FILTER (WHERE has_spare_hours) + count(*) FILTER (WHERE seeks_hours)
    + count(*) FILTER (WHERE co_leads_groups) + count(*) FILTER (WHERE would_have_coffee)
    + count(*) FILTER (WHERE supervises <> '') FROM found
UNION ALL (SELECT 'page', name, id FROM found ORDER BY likeness DESC, name, id LIMIT 24)
"""


def run(size: int, runs: int) -> list[Figure]:
    say(f"Inviting {size:,} colleagues …")
    colleagues = invite(size)
    settle()
    say("Asking …")
    asked = cycle(list(questions(colleagues, runs + 20)))
    wide = cycle(list(wide_questions(colleagues)))
    with (
        psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection,
        serving(workers=2, threads=4) as port,
    ):
        browser = Browser(port, signed_in(colleagues.me))
        page = browser.get(_address(next(asked)))
        say(f"{len(page.body):,} bytes over the wire")

        def raw(names: Mapping[str, Any]) -> object:
            return connection.execute(*_raw(names, colleagues)).fetchall()

        def seen(names: Mapping[str, Any]) -> object:
            return browser.get(_address(names))

        def look(path: str) -> Callable[[], float]:
            return timed(lambda: browser.get(path))

        person = reverse(
            "admin:directory_therapist_change", args=[colleagues.me.pk + 1]
        )
        people = reverse("admin:directory_therapist_changelist")
        Authenticator.objects.create(
            user=colleagues.me.user, type=Authenticator.Type.TOTP, data={}
        )  # or the desk stays closed
        times = side_by_side(
            {
                "sql": _each(asked, raw),
                "page": _each(asked, seen),
                "wide": _each(wide, seen),
                "desk.list": look(f"{people}?standing=all"),
                "desk.search": look(f"{people}?standing=all&q={FRAGMENT}"),
                "desk.person": look(person),
            },
            runs=runs,
            warm_up=10,
        )
    return [
        times["sql"].figure("directory.sql", size),
        times["page"].figure("directory.page", size, times["sql"]),
        times["wide"].figure("directory.page.wide", size),
        *(
            times[name].figure(f"directory.{name}", size)
            for name in ("desk.list", "desk.search", "desk.person")
        ),
    ]


def _each(
    asked: Iterator[dict[str, Any]], call: Callable[[Mapping[str, Any]], object]
) -> Callable[[], float]:
    def work() -> float:
        names = next(asked)
        return timed(partial(call, names))()

    return work


def questions(colleagues: Colleagues, count: int) -> Iterator[dict[str, Any]]:
    """Each has somebody in mind: their name, with a slip, and three things that are true of them."""
    chance = random.Random(2)  # noqa: S311 -- the same questions every time
    near = Therapist.objects.members().filter(terms__isnull=False).distinct()
    near = near.near(LATITUDE, LONGITUDE, RADIUS * 1000.0).exclude(pk=colleagues.me.pk)
    known = list(near.order_by("feed_token").prefetch_related("terms")[: 10 * count])
    chance.shuffle(known)
    for person in known:
        kinds = {term.kind: term.slug for term in person.terms.all()}
        true = [facet for facet in BETWEEN if getattr(person, facet)]
        if true and TermKind.SPECIALTY in kinds and TermKind.LANGUAGE in kinds:
            yield {
                "q": slip(person.name, chance),
                "between": chance.choice(true),
                "specialty": kinds[TermKind.SPECIALTY],
                "language": kinds[TermKind.LANGUAGE],
                "radius": RADIUS,
            }


def wide_questions(colleagues: Colleagues) -> Iterator[dict[str, Any]]:
    for term in colleagues.terms[TermKind.SPECIALTY]:
        yield {"specialty": term.slug}
    for place in PLACES:
        yield {"where": place}


def _address(names: Mapping[str, Any]) -> str:
    said = {str(name): value for name, value in names.items()}
    return f"{reverse('directory:therapist_list')}?{urlencode(said)}"


def _raw(
    names: Mapping[str, Any], colleagues: Colleagues
) -> tuple[str, dict[str, Any]]:
    terms = [
        term.pk
        for kind, known in colleagues.terms.items()
        for term in known
        if names.get(kind) == term.slug
    ]
    return RAW.format(between=f"AND {names['between']}"), {
        "name": names["q"].lower(),
        "latitude": LATITUDE,
        "longitude": LONGITUDE,
        "radius": RADIUS * 1000.0,
        "terms": terms,
    }
