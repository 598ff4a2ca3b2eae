"""An invented directory of any size, copied in. The same seed, the same colleagues."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benches.town import LATITUDE, LONGITUDE, _copy, _lines
from directory.enums import Standing, TermKind
from directory.models import Community, Licence, Term, Therapist, User

SPREAD = 0.3  # degrees of latitude from the centre to the edge: about 33 km
SYLLABLES = [
    "ma",
    "ri",
    "sol",
    "be",
    "na",
    "to",
    "ve",
    "ga",
    "li",
    "on",
    "da",
    "chi",
    "ro",
    "sa",
    "ne",
    "ki",
    "lu",
    "mo",
    "ha",
    "fi",
    "ze",
    "wo",
    "ta",
    "ja",
]
PLACES = [f"Quarter {n:02}" for n in range(40)]
WORDS = [
    "anxious",
    "grieving",
    "couples",
    "families",
    "work",
    "gently",
    "slowly",
    "body",
    "trauma",
    "sleep",
    "rhythm",
    "children",
    "parents",
    "school",
    "change",
    "loss",
    "illness",
    "migration",
    "faith",
    "money",
    "sex",
    "anger",
    "shame",
    "art",
    "music",
    "play",
    "sand",
    "walking",
    "group",
    "supervision",
]
SHARES = {  # of people who say yes
    "consults": 0.35,
    "takes_referrals": 0.5,
    "has_spare_hours": 0.2,
    "seeks_hours": 0.15,
    "co_leads_groups": 0.2,
    "would_have_coffee": 0.45,
}
CHOSEN = {  # at most, of each vocabulary
    TermKind.SPECIALTY: 7,
    TermKind.MODALITY: 4,
    TermKind.POPULATION: 4,
    TermKind.AGE: 3,
    TermKind.LANGUAGE: 2,
    TermKind.FORMAT: 2,
    TermKind.PAYER: 4,
    TermKind.SUPERVISED: 1,
}


@dataclass
class Colleagues:
    size: int
    me: Therapist
    names: list[str]
    terms: dict[TermKind, list[Term]]


def invite(size: int, *, seed: int = 1) -> Colleagues:
    """Into an empty database, where the vocabularies are."""
    chance = random.Random(seed)  # noqa: S311 -- the same people every time
    Community.objects.get_or_create(
        defaults={"name": "Town", "latitude": LATITUDE, "longitude": LONGITUDE}
    )
    me = Therapist.objects.create(
        user=User.objects.create_user("me@example.org", is_staff=True),
        name="Me Myself",
        standing=Standing.MEMBER,
        latitude=LATITUDE,
        longitude=LONGITUDE,
    )
    terms = {kind: list(Term.objects.current().of_kind(kind)) for kind in CHOSEN}
    held = list(Term.objects.current().of_kind(TermKind.CREDENTIAL))
    names = [_name(chance) for _number in range(size)]
    first = max(me.pk, me.user_id or 0) + 1
    with transaction.atomic():
        _copy(
            User,
            "id email date_joined",
            _lines(
                (first + number, f"{_plain(name)}{number}@example.org", timezone.now())
                for number, name in enumerate(names)
            ),
            password="!",  # noqa: S106 -- opens nothing
            is_active=True,
            is_staff=False,
            is_superuser=False,
        )
        _copy(
            Therapist,
            "id user_id name headline bio neighbourhood supervises latitude longitude joined_at feed_token "
            + " ".join(SHARES),
            _lines(_people(first, names, chance)),
            standing=Standing.MEMBER,
            audience="{}",
        )
        _copy(
            Therapist.terms.through,
            "therapist_id term_id",
            _lines(_choices(first, size, terms, chance)),
        )
        _copy(
            Licence,
            "therapist_id kind_id number jurisdiction checked_at",
            _lines(
                (pk, chance.choice(held).pk, pk, "California", timezone.now())
                for pk in range(first, first + size)
            ),
        )
    return Colleagues(size, me, names, terms)


def settle() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def slip(name: str, chance: random.Random) -> str:
    """As somebody types it in a hurry: one letter left out."""
    at = chance.randrange(1, len(name) - 1)
    return name[:at] + name[at + 1 :]


def _name(chance: random.Random) -> str:
    """Of the usual ones most have the same: a few hundred first names, thousands of family names."""
    first = "".join(chance.choices(SYLLABLES, k=2))
    family = "".join(chance.choices(SYLLABLES, k=3))
    return f"{first.title()} {family.title()}"


def _plain(name: str) -> str:
    return name.replace(" ", ".").lower()


def _people(
    first: int, names: list[str], chance: random.Random
) -> Iterator[tuple[Any, ...]]:
    now = timezone.now()
    for number, name in enumerate(names):
        yield (
            first + number,
            first + number,
            name,
            " ".join(chance.choices(WORDS, k=6)),
            " ".join(chance.choices(WORDS, k=40)),
            chance.choice(PLACES),
            "AMFT" if chance.random() < 0.2 else "",
            round(LATITUDE + chance.uniform(-SPREAD, SPREAD), 2),
            round(LONGITUDE + chance.uniform(-SPREAD, SPREAD) * 1.27, 2),
            now,
            f"feed{number}",
            *("t" if chance.random() < share else "f" for share in SHARES.values()),
        )


def _choices(
    first: int, size: int, terms: dict[TermKind, list[Term]], chance: random.Random
) -> Iterator[tuple[int, int]]:
    """The common ones more often, as in life."""
    weights = {
        kind: [1 / (place + 2) for place in range(len(known))]
        for kind, known in terms.items()
    }
    for pk in range(first, first + size):
        for kind, most in CHOSEN.items():
            wanted = chance.randint(0, most)
            for term in set(chance.choices(terms[kind], weights[kind], k=wanted)):
                yield pk, term.pk
