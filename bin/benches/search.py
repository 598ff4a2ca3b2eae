"""Finding hours: the application's query beside the raw one on free time, and the page over HTTP.

"Free Tue and Thu 18–21 for 6 weeks": near is within 5 km with two amenities, town is everywhere.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.urls import reverse

from benches.figures import Figure, Times, say, side_by_side, timed
from benches.town import LATITUDE, LONGITUDE, ZONE, Town, build_town, prove, settle
from benches.web import Browser, serving, signed_in
from spaces import hours
from spaces.fields import multirange
from spaces.forms.booking import said_span
from spaces.hours import Span
from spaces.queries import (
    Wanted,
    candidate_offices,
    match_offices,
    openings_open_to,
    ranking,
)

SPANS = [Span(1, 1080, 1260), Span(3, 1080, 1260)]
WEEKS = 6
METRES = 5000
BEST = 20
AMENITIES = 2
EVERYWHERE = 100  # kilometres: the most that the form takes

RAW_TOWN = """
SELECT office_id, covered, (
    SELECT sum(extract(epoch FROM upper(part) - lower(part))) / 60 FROM unnest(covered) AS part
) AS minutes
FROM (
    SELECT office_id, range_agg(free * %(wanted)s) AS covered
    FROM spaces_opening
    WHERE free && %(wanted)s
    GROUP BY office_id
) AS found
ORDER BY minutes DESC, office_id
LIMIT %(best)s
"""
RAW_NEAR = """
SELECT office_id, covered, metres, (
    SELECT sum(extract(epoch FROM upper(part) - lower(part))) / 60 FROM unnest(covered) AS part
) AS minutes
FROM (
    SELECT
        office.id AS office_id,
        range_agg(free * %(wanted)s) AS covered,
        min(earth_distance(ll_to_earth(latitude, longitude), ll_to_earth(%(latitude)s, %(longitude)s))) AS metres
    FROM spaces_building AS building
    JOIN spaces_office AS office ON office.building_id = building.id
    JOIN spaces_opening AS opening ON opening.office_id = office.id
    WHERE earth_box(ll_to_earth(%(latitude)s, %(longitude)s), %(metres)s) @> ll_to_earth(latitude, longitude)
        AND earth_distance(ll_to_earth(latitude, longitude), ll_to_earth(%(latitude)s, %(longitude)s)) <= %(metres)s
        AND (
            SELECT count(*) FROM spaces_office_attributes AS has
            WHERE has.office_id = office.id AND has.term_id = ANY (%(terms)s)
        ) = cardinality(%(terms)s)
        AND free && %(wanted)s
    GROUP BY office.id
) AS found
ORDER BY minutes DESC, metres, office_id
LIMIT %(best)s
"""


def run(size: int, runs: int) -> list[Figure]:
    say(f"Building a town of {size:,} offices …")
    town = build_town(size)
    settle()
    prove()
    say("Asking the database …")
    times = in_sql(town, runs)
    say("Asking for the page …")
    times |= over_http(town, runs)
    return [
        times[name].figure(f"search.{name}", size, times[limit])
        for name, limit in (
            ("sql.near", "raw.near"),
            ("sql.town", "raw.town"),
            ("page.near", "raw.near"),
            ("page.town", "raw.town"),
        )
    ]


def wanted_in(town: Town) -> dict[str, Wanted]:
    first = town.today + timedelta(days=3)
    everywhere = Wanted(SPANS, first, first + timedelta(weeks=WEEKS, days=-1))
    near = replace(
        everywhere,
        latitude=LATITUDE,
        longitude=LONGITUDE,
        radius_metres=METRES,
        attributes=town.terms[:AMENITIES],
    )
    return {"near": near, "town": everywhere}


def in_sql(town: Town, runs: int) -> dict[str, Times]:
    """What the application would send, and the raw query, both by psycopg on a connection of their own."""
    guest, wanted = town.guests[0], wanted_in(town)
    raw = {
        "wanted": multirange(hours.intervals_of(wanted["town"].dated(ZONE))),
        "best": BEST,
        "latitude": LATITUDE,
        "longitude": LONGITUDE,
        "metres": METRES,
        "terms": [term.pk for term in town.terms[:AMENITIES]],
    }
    if len(match_offices(wanted["town"], guest=guest)) < min(BEST, town.size):
        raise AssertionError("The search finds too little to be measured.")
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:

        def asking(query: str, values: object) -> Callable[[], float]:
            return timed(lambda: connection.execute(query, values).fetchall())

        works = {
            "raw.near": asking(RAW_NEAR, raw),
            "raw.town": asking(RAW_TOWN, raw),
        }
        for name, sought in wanted.items():
            candidates, openings = (
                candidate_offices(sought, guest),
                openings_open_to(guest),
            )
            query = ranking(sought, candidates, openings, limit=BEST)
            if query:
                works[f"sql.{name}"] = asking(*query)
        return side_by_side(works, runs=runs)


def over_http(town: Town, runs: int) -> dict[str, Times]:
    with serving(workers=2, threads=4) as port:
        browser = Browser(port, signed_in(town.guests[0]))
        pages = {
            f"page.{name}": reverse("spaces:office_search") + "?" + asked
            for name, asked in addresses(town).items()
        }
        for name, page in pages.items():
            answer = browser.get(page)
            say(f"{name}: {len(answer.body):,} bytes over the wire")
        works = {
            name: timed(partial(browser.get, page)) for name, page in pages.items()
        }
        return side_by_side(works, runs=runs, warm_up=10)


def addresses(town: Town) -> dict[str, str]:
    asked = {
        "hours": [said_span(span) for span in SPANS],
        "first_date": (town.today + timedelta(days=3)).isoformat(),
        "weeks": WEEKS,
    }
    near = {
        "radius": METRES / 1000,
        "attributes": [term.slug for term in town.terms[:AMENITIES]],
    }
    return {
        "near": urlencode({**asked, **near}, doseq=True),
        "town": urlencode({**asked, "radius": EVERYWHERE}, doseq=True),
    }
