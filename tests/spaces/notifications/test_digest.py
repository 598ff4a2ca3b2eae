"""What members read once a day or once a week instead of mail after mail."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from directory.domain.delivery import send_due
from directory.domain.digest import write_digests
from directory.domain.preference import set_frequency
from directory.enums import Frequency, Topic
from directory.models import Delivery, Therapist
from directory.models.delivery import COLLECTED
from spaces.domain.building_post import post_to_building, remove_post
from spaces.matching import willing
from tests.factories.directory import (
    BlockFactory,
    CommunityFactory,
    InvitedFactory,
    TherapistFactory,
)
from tests.factories.spaces import HelperFactory, OfficeFactory, WaveFactory
from tests.periods import today
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db
AWAKE = {"quiet_from_minute": 0, "quiet_to_minute": 0}
OFF, DAILY, WEEKLY = Frequency.OFF, Frequency.DAILY, Frequency.WEEKLY


def monday(hour=7, minute=30, days=0):
    """Of the week to come, in the community's zone."""
    day = today(7 - today().weekday() + days)
    zone = ZoneInfo("America/Los_Angeles")
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def reader(joined=timezone.now() - timedelta(days=400), **fields):  # noqa: B008 -- long ago
    return TherapistFactory(joined_at=joined, **AWAKE, **fields)


def digest(person, moment):
    """What is mailed to them on that day; None where nothing is."""
    mail.outbox.clear()
    write_digests(moment)
    send_due()
    found = [message for message in mail.outbox if message.to == [person.address]]
    assert len(found) <= 1
    return found[0] if found else None


def collect(**claimed):
    """Mails that waited were claimed within the days before."""
    rows = Delivery.objects.filter(reason=COLLECTED)
    rows.update(claimed_at=monday() - timedelta(**claimed))
    return rows.count()


def test_on_mondays_everybody_reads_what_is_new_near_them(subtests):
    CommunityFactory()
    me = reader(name="Mara Ellison")
    new = TherapistFactory(name="Noor Haddad", joined_at=monday() - timedelta(days=2))
    TherapistFactory(name="Olga Old")
    blocked = TherapistFactory(name="Bea Blocked", joined_at=new.joined_at)
    BlockFactory(blocker=blocked, blocked=me)
    fresh = {"confirmed_at": monday() - timedelta(days=1)}
    open_office(name="Garden room", opening=fresh)
    open_office(name="Old room", opening={"confirmed_at": monday() - timedelta(days=8)})
    open_office(name="Own room", hosts=[me], opening=fresh)
    WaveFactory(need__therapist__name="Dana Whitlock")
    Therapist.objects.exclude(pk__in=[me.pk, new.pk, blocked.pk]).update(
        joined_at=monday() - timedelta(days=9)
    )

    with subtests.test("not on Sunday, and not before seven"):
        assert digest(me, monday(days=-1)) is None
        assert digest(me, monday(hour=6)) is None
    sent = digest(me, monday())
    with subtests.test("the most pressing first; the subject says it"):
        assert sent.subject == (
            "New in East Bay Therapists: 1 call for space, 1 room with hours near you, 1 new colleague"
        )
    for words in [
        "A colleague needs a room near Rockridge",
        "Still needed: Wed 17–21",
        "Garden room",
        "Thu 17:00–21:00",
        "Noor Haddad",
    ]:
        with subtests.test(words):
            assert words in sent.body
            assert words in sent.alternatives[0][0]
    for words in ["Olga Old", "Bea Blocked", "Old room", "Own room", "Whitlock"]:
        with subtests.test(f"no {words}"):
            assert words not in sent.body
    with subtests.test("one click ends it"):
        assert sent.extra_headers["List-Unsubscribe-Post"]
    with subtests.test("once, however often the clock comes by"):
        assert digest(me, monday(hour=8)) is None
    with subtests.test("a week later nothing of it is new but who still needs a room"):
        assert digest(me, monday(days=7)).subject.endswith(": 1 call for space")


@pytest.mark.parametrize(
    ("chosen", "subject"),
    [
        ({Topic.COMMUNITY: OFF}, None),
        ({Topic.EMERGENCIES: OFF}, "1 room with hours near you, 1 new colleague"),
        ({Topic.HOURS: OFF}, "1 call for space, 1 new colleague"),
        ({Topic.EMERGENCIES: OFF, Topic.HOURS: OFF}, "1 new colleague"),
    ],
)
def test_nothing_comes_of_what_nobody_wants(chosen, subject):
    me = reader()
    new = TherapistFactory()
    open_office(opening={"confirmed_at": monday() - timedelta(days=1)})
    WaveFactory()
    Therapist.objects.update(joined_at=monday() - timedelta(days=99))
    Therapist.objects.filter(pk=new.pk).update(joined_at=monday() - timedelta(days=2))
    for topic, frequency in chosen.items():
        set_frequency(me, topic=topic, frequency=frequency)

    sent = digest(me, monday())

    assert (sent and sent.subject.partition(": ")[2]) == subject


def test_what_is_far_away_is_no_news_and_no_news_is_no_mail():
    me = reader(latitude=38.58, longitude=-121.49)  # Sacramento
    open_office(opening={"confirmed_at": monday() - timedelta(days=1)})
    WaveFactory()
    Therapist.objects.exclude(pk=me.pk).update(joined_at=monday() - timedelta(days=99))

    assert digest(me, monday()) is None
    assert me.deliveries.get(kind="digest").reason == "Nothing is new."


def test_posts_wait_for_the_digest_of_those_who_want_them_so(subtests):
    office = OfficeFactory(hosts=[reader(name="Ann Host")])
    ann = office.hosts.get()
    people = {
        frequency: OfficeFactory(building=office.building, hosts=[reader()]).hosts.get()
        for frequency in (Frequency.AT_ONCE, DAILY, WEEKLY)
    }
    for frequency, person in people.items():
        set_frequency(person, topic=Topic.BUILDINGS, frequency=frequency)
        set_frequency(person, topic=Topic.COMMUNITY, frequency=OFF)
    post_to_building(office.building, by=ann, text="The lift is stuck.")
    wrong = post_to_building(office.building, by=ann, text="Free cake.")
    send_due()

    with subtests.test("at once, to who wants it at once"):
        assert {to for message in mail.outbox for to in message.to} == {
            people[Frequency.AT_ONCE].address
        }
    remove_post(wrong, by=ann)
    with subtests.test("on a Tuesday, to who wants it daily, what is still true"):
        assert collect(days=-1, hours=1) == 4
        sent = digest(people[DAILY], monday(days=1))
        assert f"{office.building}: The lift is stuck." in sent.body
        assert "cake" not in sent.body
        assert mail.outbox == [sent]
    with subtests.test("told once"):
        assert digest(people[DAILY], monday(days=2)) is None
    with subtests.test("to who wants it weekly, on Monday"):
        sent = digest(people[WEEKLY], monday(days=7))
        assert "The lift is stuck." in sent.body


def test_who_changes_from_daily_to_weekly_misses_nothing():
    """News begins where the last digest ended, however long ago."""
    office = OfficeFactory(hosts=[reader()])
    me = OfficeFactory(building=office.building, hosts=[reader()]).hosts.get()
    set_frequency(me, topic=Topic.COMMUNITY, frequency=OFF)
    set_frequency(me, topic=Topic.BUILDINGS, frequency=WEEKLY)
    assert digest(me, monday()) is None
    set_frequency(me, topic=Topic.BUILDINGS, frequency=DAILY)
    post_to_building(office.building, by=office.hosts.get(), text="The lift is stuck.")
    send_due()
    collect(hours=-2)  # on the Monday, after the digest

    assert "The lift is stuck." in digest(me, monday(days=4)).body


def test_who_hears_of_calls_daily_reads_them_the_next_morning():
    me = reader()
    set_frequency(me, topic=Topic.EMERGENCIES, frequency=DAILY)
    WaveFactory()
    TherapistFactory(joined_at=monday())  # the community's news come on Monday

    sent = digest(me, monday(days=1))

    assert sent.subject.endswith(": 1 call for space")
    assert "settings" in sent.body


def test_a_call_for_help_asks_at_once_only_those_who_hear_of_it_at_once():
    asked, daily, off = HelperFactory.create_batch(3)
    set_frequency(daily, topic=Topic.EMERGENCIES, frequency=DAILY)
    set_frequency(off, topic=Topic.EMERGENCIES, frequency=OFF)

    found = willing(WaveFactory())

    assert asked in found
    assert not {daily, off} & set(found)


def test_nobody_gets_one_who_has_no_address_that_works(subtests):
    people = [
        reader(bounced_at=timezone.now()),
        InvitedFactory(**AWAKE),
        reader(standing="suspended"),
        reader(user__is_active=False),
    ]

    write_digests(monday())

    assert not Delivery.objects.filter(kind="digest", recipient__in=people).exists()
