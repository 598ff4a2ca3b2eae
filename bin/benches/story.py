"""The bad day of the story, lived through by a seeded model of people: how much of what could be covered is covered,
and what it costs them in mail.

Real verbs, real rounds, the real outbox and a mail server; only the clock is put forward (``benches.clock``), always
to when something is due next, and whatever beat would call is called then. It is a Saturday morning, the clocks change
the night after. Nobody's hours are known but those of three helpers in ten.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Min

from benches.clock import clock
from benches.figures import Figure, say
from benches.helpers import Helper, Model, Room, Says, coverable
from benches.house import confirm_a_house
from benches.post import MailServer, mail_server
from directory.domain.delivery import send_due
from directory.domain.delivery.review import quiet_until
from directory.enums import DeliveryState, Priority
from directory.errors import DomainError
from directory.models import Community, Delivery, Therapist
from spaces import hours
from spaces.appeal import appeal_to
from spaces.coverage import coverage_of
from spaces.domain.allotting import pass_on_offers
from spaces.domain.incident import give_word, report_incident, watch_incidents
from spaces.domain.need import Wish, change_need, publish_need, settle_needs
from spaces.domain.offer import (
    accept_offer,
    accept_offers,
    lapse_emptied,
    offer_hours,
    say_no,
)
from spaces.domain.place import draft_office
from spaces.domain.wave import advance_waves
from spaces.enums import AnswerChoice, IncidentKind, NeedStatus, OccurrenceState
from spaces.hours import Interval
from spaces.models import Building, Need, Occurrence, Offer, Wave

DEMO = 240  # people of the demo community
OFFICES = 150 / DEMO  # a head
FIRE = datetime(2026, 3, 7, 10, 40, tzinfo=ZoneInfo("America/Los_Angeles"))
LASTS = timedelta(days=6)  # until then everybody has found something, or has not
TRIAL = timedelta(
    hours=4
)  # of a community smaller than the demo: enough to see that it runs
BEAT = timedelta(minutes=5)  # how often is looked at what is due
DAY = timedelta(days=1)
SEED = 7

Cells = dict[Need, list[Interval]]


def run(size: int, _runs: int) -> list[Figure]:
    """The demo community, and one of so many members."""
    figures = []
    empty = _empty_tables()
    for members in sorted({min(DEMO, size), size}):
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(empty)}")
        figures += _live_through(members)
    return [*figures, confirm_a_house(size)]


def _empty_tables() -> list[str]:
    """All but what migrations filled: vocabularies."""
    found = []
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for name in tables:
            cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 -- a table's own name
            if not cursor.fetchone()[0]:
                found.append(name)
    return found


def _live_through(members: int) -> list[Figure]:
    say(f"{members:,} colleagues …")
    clock.set(FIRE - timedelta(hours=1))
    call_command(
        "load_demo",
        calm=True,
        therapists=members,
        offices=round(members * OFFICES),
        verbosity=0,
    )
    building = Building.objects.get(name="Alder Court")
    model = Model(building, seed=SEED)
    helpers = model.make()
    with mail_server(f"story-{members}") as post:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", post.port
        day = BadDay(model, helpers)
        day.begin()
        day.go_on(LASTS if members >= DEMO else TRIAL)
        return day.figures(members, post)


class BadDay:
    def __init__(self, model: Model, helpers: dict[int, Helper]) -> None:
        self.model = model
        self.helpers = helpers
        self.community = Community.objects.current()
        self.chance = model.chance
        self.plans: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = count()
        self.base: Cells = {}  # what each need was missing when it was published
        self.seen: set[int] = set()
        self.accepting: set[int] = set()
        self.quiet = self.late = 0

    # --- What happens ---------------------------------------------------------------

    def begin(self) -> None:
        self._send()  # what the week before had left
        self.seen = set(Delivery.objects.values_list("pk", flat=True))
        clock.set(FIRE)
        self.began = clock.now()
        reporter = self._weekend_subletter()
        incident = report_incident(
            self.model.building, by=reporter, kind=IncidentKind.FIRE
        )
        self._send()
        clock.set(FIRE + timedelta(minutes=4))
        moderator = Therapist.objects.moderators().order_by("pk")[0]
        self.incident = give_word(incident, by=moderator, is_true=True)
        self._send()
        for need in self._needs():
            self._plan(self.model.delay(), lambda pk=need.pk: self._publish(pk))

    def go_on(self, lasts: timedelta) -> None:
        end = self.began + lasts
        while clock.now() < end and (self.plans or self._is_asking()):
            clock.set(max(clock.now() + BEAT, min(self._next(), end)))
            while self.plans and self.plans[0][0] <= clock.now():
                heapq.heappop(self.plans)[2]()
            self._beat()
            self._send()

    def _beat(self) -> None:
        """As the schedule has it."""
        now = clock.now()
        watch_incidents(now)
        settle_needs(now)
        lapse_emptied(now)
        pass_on_offers(now)
        advance_waves(now)

    def _send(self) -> None:
        """All that is due leaves; who has mail thinks of an answer. Nothing else happens meanwhile."""
        soon, is_missing = self._missing()
        while send_due():
            pass
        new = Delivery.objects.exclude(pk__in=self.seen).filter(
            state=DeliveryState.SENT, kind__in=["wave", "offer_received"]
        )
        for row in new.order_by("pk").select_related("recipient__user"):
            self.seen.add(row.pk)
            if row.kind == "offer_received":
                self._plan_to_accept(row)
                continue
            assert row.recipient  # noqa: S101 -- it was sent to a member
            assert row.sent_at  # noqa: S101
            is_quiet = quiet_until(row.recipient, self.community, row.sent_at)
            self.quiet += bool(is_quiet) and not soon
            self.late += not is_missing
            self._plan_to_answer(row)

    def _missing(self) -> tuple[bool, bool]:
        """Whether an hour that is missing begins within a day; whether any is missing at all."""
        if not hasattr(self, "incident"):
            return False, False
        needs = Need.objects.open().filter(incident=self.incident)
        missing = [found.missing for found in coverage_of(needs).values()]
        firsts = [periods[0][0] for periods in missing if periods]
        return bool(firsts) and min(firsts) <= clock.now() + DAY, bool(firsts)

    # --- Time -----------------------------------------------------------------------

    def _plan(self, pause: timedelta, act: Callable[[], None]) -> None:
        at = self.model.awake(clock.now() + pause)
        heapq.heappush(self.plans, (at, next(self.order), act))

    def _next(self) -> datetime:
        """When something is due."""
        rounds = Wave.objects.running().aggregate(at=Min("next_at"))["at"]
        mails = Delivery.objects.filter(state=DeliveryState.PENDING)
        due = mails.aggregate(at=Min("next_attempt_at"))["at"]
        moments = [rounds, due, self.plans[0][0] if self.plans else None]
        return min([moment for moment in moments if moment], default=clock.now() + BEAT)

    def _is_asking(self) -> bool:
        waiting = Delivery.objects.filter(kind="wave", state=DeliveryState.PENDING)
        return Wave.objects.running().exists() or waiting.exists()

    # --- What people do ---------------------------------------------------------------

    def _weekend_subletter(self) -> Therapist:
        dates = Occurrence.objects.filter(
            office__building=self.model.building,
            state=OccurrenceState.BOOKED,
            period__startswith__gte=FIRE,
            period__startswith__lt=FIRE + timedelta(days=2),
            guest__user__isnull=False,
        )
        return dates.order_by("period", "pk")[0].guest

    def _needs(self) -> list[Need]:
        needs = Need.objects.filter(incident=self.incident).with_people().with_hours()
        return list(needs.order_by("pk"))

    def _publish(self, pk: int) -> None:
        need = Need.objects.with_people().with_hours().get(pk=pk)
        if need.status != NeedStatus.DRAFT:
            return
        if not need.spans:
            change_need(need, self._painted(need), by=need.author)
            need = Need.objects.with_people().with_hours().get(pk=pk)
        need = publish_need(need, by=need.author)
        need = Need.objects.with_people().with_hours().get(pk=pk)
        self.base[need] = coverage_of([need])[need.pk].missing

    def _painted(self, need: Need) -> Wish:
        return Wish(
            spans=self.model.some_hours(),
            first_date=need.first_date,
            last_date=need.last_date,
            timezone=need.timezone,
            place=need.place,
            latitude=need.latitude,
            longitude=need.longitude,
            radius_metres=need.radius_metres,
        )

    def _plan_to_answer(self, row: Delivery) -> None:
        helper = self.helpers.get(row.recipient_id or 0)
        if helper is None or helper.says == Says.NOTHING:
            return
        wave = row.payload["wave"]
        self._plan(self.model.delay(), lambda: self._answer(wave, helper))

    def _answer(self, pk: int, helper: Helper) -> None:
        """What they know themselves to have of what the page shows as open, room by room; else of what colleagues have
        offered already, to fall back on. Who has offered something before does not say no to the next mail.
        """
        wave = Wave.objects.select_related("incident").get(pk=pk)
        has_offered = False
        for room in helper.rooms if helper.would_help else ():
            appeal = appeal_to(wave, helper.person)
            for asked in (appeal.open, appeal.asked):
                shown = [found.span for found in asked if found.is_must]
                if spans := hours.common_spans(shown, room.spans):
                    has_offered |= self._offer(wave, helper, room, spans)
                    break
        waits = Offer.objects.undecided().filter(helper=helper.person)
        if not has_offered and not waits.exists():
            say_no(wave, by=helper.person, choice=AnswerChoice.NOT_NOW)

    def _offer(
        self, wave: Wave, helper: Helper, room: Room, spans: list[hours.Span]
    ) -> bool:
        if room.office is None:
            assert room.place is not None  # noqa: S101 -- one of the two
            room.office = draft_office(room.place, by=helper.person)
        try:
            offer_hours(
                wave,
                by=helper.person,
                office=room.office,
                spans=spans,
                price_cents=room.price_cents,
            )
        except DomainError:
            return False  # the page says why
        return True

    def _plan_to_accept(self, row: Delivery) -> None:
        offered = Need.objects.filter(offers=row.payload["offer"])
        for pk in offered.values_list("pk", flat=True):
            if pk not in self.accepting:
                self.accepting.add(pk)
                self._plan(self.model.delay(), lambda pk=pk: self._accept(pk))

    def _accept(self, pk: int) -> None:
        """As the plan on the page has it; then what is left and still helps, one by one."""
        self.accepting.discard(pk)
        need = Need.objects.with_people().get(pk=pk)
        offers = list(need.offers.undecided().values_list("pk", flat=True))
        with suppress(DomainError):  # it went meanwhile, or the need is over
            accept_offers(need, offers, by=need.author)
        for offer in need.offers.undecided().with_parties():
            with suppress(DomainError):
                accept_offer(offer, by=need.author)

    # --- What came of it -----------------------------------------------------------------

    def figures(self, members: int, post: MailServer) -> list[Figure]:
        most = coverable(self.base, self.helpers.values())
        covered = self._covered()
        mails = Delivery.objects.filter(kind="wave", state=DeliveryState.SENT)
        letters = Counter(letter.message_id for letter in post.letters())
        if any(letters[row.message_id] != 1 for row in mails):
            raise AssertionError("The mail server has another tale to tell.")
        a_person, over = self._mails_a_day()
        in_all = Counter(mails.values_list("recipient", flat=True))
        needed = sum(hours.minutes(periods) for periods in self.base.values())
        waves = Wave.objects.filter(incident=self.incident)
        said = {
            "covered_share": (round(covered / max(most, 1), 3), "of coverable"),
            "over_cap": (over, "count"),
            "in_quiet_hours": (self.quiet, "count"),
            "after_covered": (self.late, "count"),
            "waves": (waves.count(), "count"),
            "mails_a_helper": (max(in_all.values(), default=0), "most"),
            "mails_a_day": (a_person, "most"),
            "told": (len(in_all), "people"),
            "needs": (len(self.base), "count"),
            "needed": (round(needed / 60), "hours"),
            "coverable": (round(most / 60), "hours"),
        }
        return [
            Figure(f"story.{name}", members, value, unit)
            for name, (value, unit) in said.items()
        ]

    def _covered(self) -> int:
        found = coverage_of(self.base)
        return sum(
            hours.minutes(hours.intersection(periods, found[need.pk].booked))
            for need, periods in self.base.items()
        )

    def _mails_a_day(self) -> tuple[int, int]:
        """The most that anybody had within 24 hours of what counts, and how many had more than they allow."""
        times: dict[Therapist, list[datetime]] = defaultdict(list)
        counted = Delivery.objects.filter(
            state=DeliveryState.SENT,
            priority__gt=Priority.ESSENTIAL,
            recipient__isnull=False,
        )
        for row in counted.order_by("sent_at").select_related("recipient"):
            if row.recipient and row.sent_at:
                times[row.recipient].append(row.sent_at)
        most = {
            person: max(
                sum(moment <= other < moment + DAY for other in moments)
                for moment in moments
            )
            for person, moments in times.items()
        }
        over = sum(
            number > (person.daily_cap or self.community.daily_cap)
            for person, number in most.items()
        )
        return max(most.values(), default=0), over
