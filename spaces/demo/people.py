"""The people of the demo: who they are, where they work, what they say of themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.text import slugify

from directory.domain.outbox import enqueue
from directory.enums import Standing, TermKind
from directory.geo import place_of_zip, snap
from directory.models import (
    Block,
    Community,
    Licence,
    StandingEvent,
    Supervision,
    Term,
    Therapist,
    User,
)
from spaces.demo.words import (
    BIOS,
    FIRST_NAMES,
    HEADLINES,
    LAST_NAMES,
    NEIGHBOURHOODS,
    PRONOUNS,
    Neighbourhood,
)

FEWEST = 60  # the people of the story, and some more
LICENCES = ["lmft", "lcsw", "lpcc", "lp", "lmft", "lcsw", "md"]
ASSOCIATES = ["amft", "acsw", "apcc"]
COUPLES_THERAPISTS = ["Marisol Quintarrey", "Isidro Arroyelo", "Luz Castellorin"]
ASSOCIATE = 20  # of the others
COMMON = 12  # times as often as the rest
COMMON_TERMS = {
    *("anxiety", "depression", "trauma", "couples-and-relationships", "grief"),
    *("life-transitions", "stress", "parenting", "self-esteem", "adhd"),
    *("psychodynamic", "relational", "emdr", "somatic", "attachment-based"),
    *("cognitive-behavioural-cbt", "internal-family-systems-ifs"),
    *("individuals", "adults", "couples", "teens", "families"),
    *("es", "cmn", "yue", "fil", "vi", "fa", "fr"),
}
LONGEST_NAME = "Maximiliana Theodora Wilhelmina-Rosalind von und zu Quillfeather-Abernook of Thistlewoodshire"
RIGHT_TO_LEFT_NAME = "نور الهدى سماوي"


def in_a_sentence(label: str) -> str:
    """ "Grief" begins small in the middle of a sentence, "ADHD" stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


@dataclass
class People:
    moderator: Therapist
    host: Therapist
    displaced: Therapist
    newcomer: Therapist
    institute: list[Therapist]  # the two who answer for its nine rooms
    suites: list[
        Therapist
    ]  # twelve, in the building of seven suites; host and displaced among them
    subletters: list[
        Therapist
    ]  # five there, the last two invited by their host, without a sign-in
    trainees: list[Therapist]  # three there
    others: list[Therapist]  # members
    outside: list[Therapist] = field(
        default_factory=list
    )  # applicants, suspended, left
    invited: Therapist = field(
        default_factory=Therapist
    )  # whom the institute entered, without a sign-in

    @property
    def associate(self) -> Therapist:
        """One of the others, under the supervision of the moderator one can be."""
        return self.others[ASSOCIATE]

    @property
    def members(self) -> list[Therapist]:
        cast = [self.moderator, *self.institute, *self.suites, *self.subletters[:3]]
        return [*cast, *self.trainees, *self.others]


class PeopleMaker:
    def __init__(self, rng: Random, count: int) -> None:
        self.rng = rng
        self.taste = Random(rng.random())  # noqa: S311 -- the vocabularies grow; all else stays the same
        self.count = count
        self.now = timezone.now()
        self.names = self._names()
        self.terms: dict[str, list[Term]] = {
            kind: list(Term.objects.filter(kind=kind, retired=False).order_by("slug"))
            for kind in TermKind.values
        }
        self.worn: dict[str, list[Term]] = {}  # terms of each person, by address
        self.licences: list[Licence] = []

    def make(self) -> People:
        people = self._cast()
        self._make_associate(people.associate)
        members = people.members
        persons = [*members, people.newcomer, *people.outside]
        for person in persons:
            self._sign_in(person)
        User.objects.bulk_create(person.user for person in persons if person.user)
        invited = [*people.subletters[3:], people.invited]
        everyone = [*persons, *invited]
        Therapist.objects.bulk_create(persons)
        Therapist.objects.bulk_create(invited)
        self._confirm_addresses(persons)
        self._dress(everyone)
        self._vouch_for(people, members)
        return people

    # --- Who they are ----------------------------------------------------------

    def _names(self) -> Iterator[str]:
        """Every pair at most once; a family name comes again only when all have been used."""
        last_names: list[str] = []
        seen = set(COUPLES_THERAPISTS)
        while True:
            if not last_names:
                last_names = self.rng.sample(LAST_NAMES, len(LAST_NAMES))
            name = f"{self.rng.choice(FIRST_NAMES)} {last_names.pop()}"
            if name not in seen:
                seen.add(name)
                yield name

    def _cast(self) -> People:
        moderator = self._member(
            "Odile Brightwater", email="moderator", place="Elmwood"
        )
        host = self._member("Mara Lindenquist", email="host", place="Piedmont Avenue")
        displaced = self._member(
            "Dana Wandermere", email="displaced", place="Rockridge"
        )
        newcomer = self._person(Standing.APPLICANT, "Wren Applegarth", email="newcomer")
        for person in (host, moderator):
            person.helps_in_emergencies = person.agrees_to_be_named = True
        host.quiet_from_minute = host.quiet_to_minute = 0  # a visitor at night has mail
        people = People(
            moderator=moderator,
            host=host,
            displaced=displaced,
            newcomer=newcomer,
            institute=[self._member() for _each in range(2)],
            suites=[host, displaced, *(self._member() for _each in range(10))],
            subletters=[self._member() for _each in range(3)],
            trainees=[self._associate() for _each in range(3)],
            others=[],
            outside=[
                self._person(Standing.APPLICANT),
                self._person(Standing.APPLICANT),
                self._person(Standing.SUSPENDED),
                self._person(Standing.LEFT),
            ],
        )
        people.subletters += [
            self._invited(by=host),
            self._invited(by=people.suites[2]),
        ]
        people.others = [*self._couples_therapists(), *self._awkward()]
        missing = self.count - len(people.members) - 1 - len(people.outside) - 3
        people.others += [self._member() for _each in range(missing)]
        people.invited = self._invited(by=people.institute[0])
        return people

    def _couples_therapists(self) -> list[Therapist]:
        """Whom one looks for first: couples, Rockridge, Spanish, consultation, coffee."""
        found = [self._member(name, place="Rockridge") for name in COUPLES_THERAPISTS]
        for person in found:
            person.consults = person.would_have_coffee = person.takes_referrals = True
            self.worn[person.email] += self._terms(
                TermKind.SPECIALTY, "couples-and-relationships"
            )
            self.worn[person.email] += self._terms(TermKind.POPULATION, "couples")
            self.worn[person.email] += self._terms(TermKind.LANGUAGE, "es", "en")
        return found

    def _awkward(self) -> list[Therapist]:
        longest = self._member(LONGEST_NAME, email="maximiliana")
        right_to_left = self._member(RIGHT_TO_LEFT_NAME, email="nour")
        many = self._member("Polly Glottenheim")
        self.worn[many.email] += self.terms[TermKind.LANGUAGE]
        empty = self._person(Standing.MEMBER, "Silas Blankenbrook")
        empty.joined_at = self.now
        self.worn[empty.email] = []
        for name in ("pronouns", "headline", "bio", "zip_code", "neighbourhood"):
            setattr(empty, name, "")
        empty.latitude = empty.longitude = None
        plain = self._member("O")
        plain.headline = "One letter, that is all."
        return [longest, right_to_left, many, empty, plain]

    # --- One of them -----------------------------------------------------------

    def _person(
        self, standing: Standing, name: str = "", email: str = "", place: str = ""
    ) -> Therapist:
        name = name or next(self.names)
        named = [known for known in NEIGHBOURHOODS if known.name == place]
        where = named[0] if named else self.rng.choice(NEIGHBOURHOODS)
        latitude, longitude = snap(*point_near(where, self.rng))
        joined = self.now - timedelta(days=self.rng.randint(20, 1500))
        person = Therapist(
            standing=standing,
            name=name,
            email=f"{email or slugify(name).replace('-', '.', 1)}@demo.example.org",
            pronouns=self.rng.choice(PRONOUNS),
            neighbourhood=where.name,
            zip_code=where.zip_code,
            latitude=latitude,
            longitude=longitude,
            joined_at=None if standing == Standing.APPLICANT else joined,
            agreed_at=joined,
            created_at=joined,
        )
        self._licence(person, self.rng.choice(LICENCES))
        self.worn[person.email] = []
        return person

    def _member(self, name: str = "", email: str = "", place: str = "") -> Therapist:
        person = self._person(Standing.MEMBER, name, email, place)
        rng = self.rng
        person.consults = rng.random() < 0.35
        person.takes_referrals = rng.random() < 0.5
        person.co_leads_groups = rng.random() < 0.2
        person.would_have_coffee = rng.random() < 0.45
        person.supervises = rng.choice(["", "", "", "AMFT and APCC", "ACSW"])
        person.helps_in_emergencies = rng.random() < 0.6
        person.emergency_radius_km = rng.choice([5, 8, 8, 8, 12, 20])
        person.agrees_to_be_named = rng.random() < 0.5
        person.daily_cap = rng.choice([None, None, None, 3, 10])
        person.bio = "\n\n".join(rng.sample(BIOS, rng.choice([0, 1, 2, 2, 3])))
        person.website = (
            f"https://demo.example.org/{slugify(person.name)}"
            if rng.random() < 0.3
            else ""
        )
        person.phone = (
            f"+1 510 555 {rng.randint(100, 199):04}" if rng.random() < 0.5 else ""
        )
        person.contact_email = person.email if rng.random() < 0.7 else ""
        self._practice(person)
        return person

    def _associate(self) -> Therapist:
        person = self._member()
        person.supervises, person.consults = "", False
        self.licences = [held for held in self.licences if held.therapist is not person]
        self._licence(person, self.rng.choice(ASSOCIATES))
        return person

    def _make_associate(self, person: Therapist) -> None:
        """Of somebody who is made already."""
        person.supervises, person.consults = "", False
        [licence] = [held for held in self.licences if held.therapist is person]
        licence.kind = self._terms(TermKind.CREDENTIAL, "amft")[0]
        person.credentials = licence.kind.label

    def _invited(self, *, by: Therapist) -> Therapist:
        person = self._person(Standing.INVITED)
        self.licences = [held for held in self.licences if held.therapist is not person]
        person.invited_by, person.joined_at, person.agreed_at = by, None, None
        person.zip_code = person.neighbourhood = person.pronouns = ""
        person.latitude = person.longitude = None
        return person

    def _licence(self, person: Therapist, slug: str) -> None:
        kind = self._terms(TermKind.CREDENTIAL, slug)[0]
        person.credentials = kind.label
        expires = self.now.date() + timedelta(days=self.rng.randint(15, 700))
        number = f"DEMO{self.rng.randint(10_000, 99_999)}"
        self.licences.append(
            Licence(
                therapist=person,
                kind=kind,
                number=number,
                jurisdiction="California",
                expires_on=expires,
            )
        )

    def _practice(self, person: Therapist) -> None:
        rng = self.rng
        specialties = self._some(TermKind.SPECIALTY, rng.randint(2, 7))
        person.headline = rng.choice(HEADLINES).format(
            *(in_a_sentence(term.label) for term in specialties)
        )
        person.headline = person.headline[:1].upper() + person.headline[1:]
        self.worn[person.email] += [
            *specialties,
            *self._some(TermKind.MODALITY, rng.randint(1, 4)),
            *self._some(TermKind.POPULATION, rng.randint(1, 4)),
            *self._some(TermKind.LANGUAGE, rng.choice([0, 0, 1, 1, 1, 2])),
            *self._terms(TermKind.LANGUAGE, "en"),
            *self._some(TermKind.AGE, rng.randint(1, 3)),
            *self._some(TermKind.FORMAT, rng.randint(1, 2)),
            *self._some(TermKind.PAYER, rng.randint(1, 3)),
        ]
        if person.supervises:
            self.worn[person.email] += self._some(TermKind.SUPERVISED, 1)

    def _some(self, kind: TermKind, count: int) -> list[Term]:
        """Different ones, the common ones more often; as in life."""
        known = self.terms[kind]
        weights = [COMMON if term.slug in COMMON_TERMS else 1 for term in known]
        found: dict[Term, None] = {}
        while len(found) < count:
            found[self.taste.choices(known, weights)[0]] = None
        return list(found)

    def _terms(self, kind: TermKind, *slugs: str) -> list[Term]:
        return [term for term in self.terms[kind] if term.slug in slugs]

    # --- Written down ------------------------------------------------------------

    def _sign_in(self, person: Therapist) -> None:
        is_moderator = person.email.startswith("moderator@")
        person.user = User(
            email=person.email,
            password=make_password(None),
            is_staff=is_moderator,
            is_superuser=is_moderator,
            is_active=person.standing != Standing.LEFT,
            date_joined=person.created_at,
        )
        person.email = ""

    def _confirm_addresses(self, persons: Sequence[Therapist]) -> None:
        EmailAddress.objects.bulk_create(
            EmailAddress(
                user=person.user, email=person.address, verified=True, primary=True
            )
            for person in persons
        )

    def _dress(self, everyone: Sequence[Therapist]) -> None:
        wears = Therapist.terms.through
        wears.objects.bulk_create(
            wears(therapist=person, term=term)
            for person in everyone
            for term in dict.fromkeys(self.worn[person.address])
        )

    def _vouch_for(self, people: People, members: Sequence[Therapist]) -> None:
        """Licences looked at, standings recorded, trainees linked, two who do not want to meet."""
        for licence in self.licences:
            if licence.therapist.standing != Standing.APPLICANT:
                licence.checked_by = people.moderator
                licence.checked_at = licence.therapist.joined_at
        Licence.objects.bulk_create(self.licences)
        StandingEvent.objects.bulk_create(
            StandingEvent(
                therapist=person,
                actor=people.moderator,
                old=Standing.APPLICANT,
                new=person.standing,
                created_at=person.joined_at or self.now,
            )
            for person in [*members, *people.outside[2:]]
        )
        self._apply(people)
        trainees = [*people.trainees, people.associate]
        supervisors = [*people.suites[3:6], people.moderator]
        Supervision.objects.bulk_create(
            Supervision(
                trainee=trainee,
                supervisor=supervisor,
                supervisor_name=supervisor.name,
                employer="Linden Institute",
                accepted_at=trainee.joined_at,
            )
            for trainee, supervisor in zip(trainees, supervisors, strict=True)
        )
        Block.objects.create(blocker=people.others[-1], blocked=people.others[-2])

    def _apply(self, people: People) -> None:
        """Three wait for a moderator, who is mailed of the last."""
        for person in [*people.outside[:2], people.newcomer]:
            event = StandingEvent.objects.create(
                therapist=person, actor=person, new=Standing.APPLICANT
            )
        enqueue(
            "application_received",
            to=people.moderator,
            cause=f"application:{event.pk}",
            payload={"applicant": people.newcomer.pk},
        )


def make_community() -> Community:
    return Community.objects.create(
        name="East Bay Therapists",
        area="Berkeley and Oakland",
        timezone="America/Los_Angeles",
        distance_unit="km",
        currency="USD",
        jurisdiction="California",
        latitude=37.845,
        longitude=-122.255,
    )


def point_near(where: Neighbourhood, rng: Random) -> tuple[float, float]:
    """Somewhere in the neighbourhood: where its ZIP is, and up to some 700 metres from there."""
    place = place_of_zip(where.zip_code)
    if place is None:
        raise LookupError(where.zip_code)
    return (
        round(place.latitude + rng.uniform(-0.006, 0.006), 6),
        round(place.longitude + rng.uniform(-0.006, 0.006), 6),
    )
