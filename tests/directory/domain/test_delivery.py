"""The outbox: claimed once, sent once, whatever dies."""

import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.utils import timezone

from directory.domain.delivery import send_due, sweep_deliveries, try_again
from directory.domain.delivery.locks import drain_lock
from directory.domain.delivery.review import quiet_until
from directory.domain.outbox import enqueue, enqueue_all
from directory.enums import DeliveryState, Frequency, Priority, Standing, Topic
from directory.models import Delivery
from directory.registry import MessageKind, Postpone, Skip, register_message
from directory.tasks import send_due_deliveries
from tests.factories.directory import (
    CommunityFactory,
    DeliveryFactory,
    InvitedFactory,
    PreferenceFactory,
    TherapistFactory,
)
from tests.mail import PowerCut, RecordingBackend, say

pytestmark = pytest.mark.django_db
S = DeliveryState


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """The messages these tests send; those of the apps are away."""
    monkeypatch.setattr("directory.registry._kinds", {})
    register_message(MessageKind("news", Priority.DIGEST, Topic.COMMUNITY, say()))
    register_message(
        MessageKind(
            "call",
            Priority.WAVE,
            Topic.EMERGENCIES,
            say("Needed"),
            urgent=lambda rows: {r.pk for r in rows},
        )
    )
    register_message(MessageKind("moved", Priority.ESSENTIAL, None, say("Moved")))
    register_message(
        MessageKind("code", Priority.CODE, None, say("Code"), is_secret=True)
    )


@pytest.fixture(autouse=True)
def awake(settings):
    """Nobody's quiet hours, unless a test says so."""
    settings.OUTBOX_CONNECTIONS = 2
    RecordingBackend.reset()


def never_quiet(**fields):
    return TherapistFactory(quiet_from_minute=0, quiet_to_minute=0, **fields)


def due(kind="news", **fields):
    fields.setdefault("recipient", never_quiet())
    priority = {
        "news": Priority.DIGEST,
        "call": Priority.WAVE,
        "moved": Priority.ESSENTIAL,
        "code": Priority.CODE,
    }
    return DeliveryFactory(kind=kind, priority=priority[kind], **fields)


def state(row):
    row.refresh_from_db()
    return row.state


# --- Writing ------------------------------------------------------------------


def test_enqueue_twice_sends_once(django_capture_on_commit_callbacks):
    person = never_quiet()

    with django_capture_on_commit_callbacks(execute=True):
        enqueue("news", to=person, cause="letter:1")
        enqueue("news", to=person, cause="letter:1")

    assert [message.to for message in mail.outbox] == [[person.user.email]]


def test_enqueue_all_leaves_what_was_promised_before():
    first, second = TherapistFactory.create_batch(2)
    enqueue("news", to=first, cause="letter:1", payload={"n": 1})

    enqueue_all(
        "news",
        [
            {"to": person, "cause": "letter:1", "payload": {"n": 2}}
            for person in (first, second)
        ],
    )

    assert list(
        Delivery.objects.order_by("pk").values_list("recipient", "payload")
    ) == [
        (first.pk, {"n": 1}),
        (second.pk, {"n": 2}),
    ]


def test_enqueue_to_a_stranger_twice_sends_once(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("code", address="new@example.org", cause="code:1")
        enqueue("code", address="new@example.org", cause="code:1")

    assert [message.to for message in mail.outbox] == [["new@example.org"]]


def test_a_broker_that_is_down_costs_the_request_nothing(
    settings, django_capture_on_commit_callbacks, monkeypatch
):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    asked = []
    monkeypatch.setattr(
        send_due_deliveries,
        "apply_async",
        lambda **options: asked.append(options) or _refuse(),
    )
    monkeypatch.setattr("directory.domain.outbox._broker.rests_until", 0.0)

    with django_capture_on_commit_callbacks(execute=True):
        enqueue("news", to=never_quiet(), cause="letter:1")
        enqueue("news", to=never_quiet(), cause="letter:2")
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("news", to=never_quiet(), cause="letter:3")
    monkeypatch.setattr("directory.domain.outbox._broker.rests_until", 0.0)

    assert len(asked) == 1
    assert Delivery.objects.filter(state=S.PENDING).count() == 3


def test_what_is_rolled_back_wakes_nobody(
    settings, django_capture_on_commit_callbacks, monkeypatch
):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    asked = []
    monkeypatch.setattr(
        send_due_deliveries, "apply_async", lambda **options: asked.append(options)
    )
    person = never_quiet()
    many = [{"to": person, "cause": f"letter:{n}"} for n in range(20)]

    with django_capture_on_commit_callbacks(execute=True):
        with suppress(ConnectionRefusedError), transaction.atomic():
            enqueue_all("news", many)
            _refuse()
        with transaction.atomic():
            enqueue("news", to=person, cause="letter:21")
        with suppress(ConnectionRefusedError), transaction.atomic():
            enqueue("news", to=person, cause="letter:22")
            _refuse()
        enqueue("news", to=person, cause="letter:23")

    assert len(asked) == 1
    assert Delivery.objects.count() == 2


def _refuse():
    raise ConnectionRefusedError("no broker")


# --- Sending --------------------------------------------------------------------


def test_send_due_sends_the_most_pressing_first():
    due("news")
    due("call")
    due("moved")
    due("code", recipient=None, address="new@example.org")

    send_due()

    assert [message.subject for message in mail.outbox] == [
        "Code",
        "Moved",
        "Needed",
        "News",
    ]


def test_send_due_keeps_one_connection(settings):
    settings.EMAIL_BACKEND = "tests.mail.RecordingBackend"
    rows = [due() for _ in range(25)]

    send_due()

    assert len(RecordingBackend.received) == len(rows)
    assert RecordingBackend.connections == 1
    assert set(Delivery.objects.values_list("state", "drain")) == {(S.SENT, None)}


def test_send_due_with_nothing_due_opens_no_connection(settings):
    settings.EMAIL_BACKEND = "tests.mail.RecordingBackend"
    due(next_attempt_at=timezone.now() + timedelta(minutes=1))

    assert send_due() is False
    assert RecordingBackend.connections == 0


def test_a_sent_message_has_its_id_and_moment():
    row = due()

    send_due()

    row.refresh_from_db()
    assert mail.outbox[0].extra_headers["Message-ID"] == row.message_id
    assert (row.state, row.attempts, row.sent_at is not None) == (S.SENT, 1, True)


def test_secrets_are_wiped_once_sent():
    row = due("code", payload={"code": "402118"})

    send_due()

    row.refresh_from_db()
    assert (row.state, row.payload) == (S.SENT, {})


def test_news_can_be_stopped_with_one_click():
    row = due("news")
    due("moved")

    send_due()

    moved, news = mail.outbox
    assert news.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert news.extra_headers["List-Unsubscribe"].startswith(
        "<http://localhost:8000/directory/"
    )
    assert "List-Unsubscribe" not in moved.extra_headers
    assert state(row) == S.SENT


def test_control_characters_reach_no_header(monkeypatch):
    monkeypatch.setattr("directory.registry._kinds", {})
    register_message(
        MessageKind(
            "news",
            Priority.DIGEST,
            None,
            say("Hi\r\nBcc: all@example.org\u202e\x00 you"),
        )
    )
    due()

    send_due()

    assert mail.outbox[0].subject == "Hi Bcc: all@example.org you"


# --- Who still wants it -------------------------------------------------------------


def test_expired_messages_are_skipped():
    row = due(
        "code", expires_at=timezone.now() - timedelta(seconds=1), payload={"code": "1"}
    )

    send_due()

    row.refresh_from_db()
    assert (row.state, row.payload, mail.outbox) == (S.SKIPPED, {}, [])


@pytest.mark.parametrize("standing", sorted(set(Standing.values) - {Standing.MEMBER}))
def test_only_members_get_more_than_essentials(standing):
    person = never_quiet(standing=standing)
    news, moved = due("news", recipient=person), due("moved", recipient=person)

    send_due()

    assert (state(news), state(moved)) == (S.SKIPPED, S.SENT)


def test_invited_people_are_reached_at_their_own_address():
    person = InvitedFactory(email="sub@example.org")
    due("moved", recipient=person)

    send_due()

    assert mail.outbox[0].to == ["sub@example.org"]


def test_someone_without_an_address_is_skipped():
    row = due("moved", recipient=TherapistFactory(user=None))

    send_due()

    assert state(row) == S.SKIPPED


def test_who_wants_no_news_gets_none():
    person = never_quiet()
    PreferenceFactory(therapist=person, topic=Topic.COMMUNITY, frequency=Frequency.OFF)
    news, call = due("news", recipient=person), due("call", recipient=person)

    send_due()

    assert (state(news), state(call)) == (S.SKIPPED, S.SENT)


def test_mail_that_came_back_stops_news_but_no_essentials():
    person = never_quiet(bounced_at=timezone.now())
    news, moved = due("news", recipient=person), due("moved", recipient=person)

    send_due()

    assert (state(news), state(moved)) == (S.SKIPPED, S.SENT)


def test_the_daily_cap_postpones_what_is_not_essential():
    CommunityFactory(daily_cap=2)
    person = never_quiet()
    rows = [due("news", recipient=person) for _ in range(3)]
    moved = due("moved", recipient=person)

    send_due()

    assert [state(row) for row in rows] == [S.SENT, S.SENT, S.PENDING]
    assert state(moved) == S.SENT
    assert rows[2].next_attempt_at > timezone.now() + timedelta(hours=23)


def test_a_personal_cap_comes_before_the_communitys():
    CommunityFactory(daily_cap=5)
    person = never_quiet(daily_cap=1)
    DeliveryFactory(
        recipient=person,
        state=S.SENT,
        sent_at=timezone.now(),
        claimed_at=timezone.now(),
    )
    row = due("news", recipient=person)

    send_due()

    assert state(row) == S.PENDING


def test_yesterdays_mail_does_not_count():
    yesterday = timezone.now() - timedelta(hours=25)
    person = never_quiet(daily_cap=1)
    DeliveryFactory(
        recipient=person, state=S.SENT, sent_at=yesterday, claimed_at=yesterday
    )
    row = due("news", recipient=person)

    send_due()

    assert state(row) == S.SENT


def test_quiet_hours_postpone_what_is_neither_essential_nor_urgent():
    person = TherapistFactory(quiet_from_minute=0, quiet_to_minute=1440)
    news, call, moved = (
        due(kind, recipient=person) for kind in ("news", "call", "moved")
    )

    send_due()

    assert [state(row) for row in (news, call, moved)] == [S.PENDING, S.SENT, S.SENT]
    assert news.next_attempt_at > timezone.now()


@pytest.mark.parametrize(
    ("start", "end", "local", "until"),
    [
        (1260, 480, "2026-11-18T20:59", None),
        (1260, 480, "2026-11-18T21:00", "2026-11-19T08:00"),
        (1260, 480, "2026-11-19T07:59", "2026-11-19T08:00"),
        (1260, 480, "2026-11-19T08:00", None),
        (720, 780, "2026-11-18T12:30", "2026-11-18T13:00"),
        (1260, 1440, "2026-11-18T22:00", "2026-11-19T00:00"),
        (0, 0, "2026-11-18T00:00", None),
        (
            1260,
            480,
            "2026-10-31T23:00",
            "2026-11-01T08:00",
        ),  # the clocks change in this night
    ],
)
def test_quiet_hours_are_the_communitys_local_hours(start, end, local, until):
    community = CommunityFactory.build(timezone="America/Los_Angeles")
    person = TherapistFactory.build(
        user=None, quiet_from_minute=start, quiet_to_minute=end
    )
    zone = community.timezone

    ends = quiet_until(person, community, _local(local, zone))

    assert ends == (_local(until, zone) if until else None)


def _local(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_an_app_can_skip_or_postpone(monkeypatch):
    later = timezone.now() + timedelta(hours=2)
    stopped, waiting, wanted = due(), due(), due()
    monkeypatch.setattr("directory.registry._kinds", {})
    answers = {
        stopped.pk: Skip("Stopped."),
        waiting.pk: Postpone(later, "Not before noon."),
    }
    register_message(
        MessageKind("news", Priority.DIGEST, None, say(), wanted=lambda rows: answers)
    )

    send_due()

    assert [state(row) for row in (stopped, waiting, wanted)] == [
        S.SKIPPED,
        S.PENDING,
        S.SENT,
    ]
    assert (stopped.reason, waiting.reason, waiting.next_attempt_at) == (
        "Stopped.",
        "Not before noon.",
        later,
    )


def test_what_has_nothing_to_say_is_skipped(monkeypatch):
    monkeypatch.setattr("directory.registry._kinds", {})
    register_message(MessageKind("news", Priority.DIGEST, None, lambda rows: {}))
    row = due()

    send_due()

    assert state(row) == S.SKIPPED


def test_a_message_that_cannot_be_written_holds_up_no_other(monkeypatch):
    def broken(rows):
        raise ZeroDivisionError

    monkeypatch.setattr("directory.registry._kinds", {})
    register_message(MessageKind("news", Priority.DIGEST, None, broken))
    register_message(MessageKind("call", Priority.WAVE, None, say()))
    news, call = due("news"), due("call")

    send_due()

    assert (state(news), state(call)) == (S.PENDING, S.SENT)
    assert "ZeroDivisionError" in news.reason


# --- Mail servers that misbehave ----------------------------------------------------------


def test_a_server_that_is_away_costs_no_attempt(settings):
    settings.EMAIL_BACKEND = "tests.mail.AwayBackend"
    row = due()

    assert send_due() is False

    assert (state(row), row.attempts) == (S.PENDING, 0)
    assert row.next_attempt_at > timezone.now()


def test_a_temporary_no_backs_off(settings):
    settings.EMAIL_BACKEND = "tests.mail.GreylistingBackend"
    row = due()

    send_due()
    first = state(row), row.next_attempt_at - timezone.now()
    Delivery.objects.update(next_attempt_at=timezone.now())
    send_due()
    second = state(row), row.next_attempt_at - timezone.now()

    assert first[0] == second[0] == S.PENDING
    assert first[1] < timedelta(seconds=31) < second[1] < timedelta(seconds=61)
    assert row.reason == "451 come back later"


def test_a_temporary_no_is_not_asked_forever(settings):
    settings.EMAIL_BACKEND = "tests.mail.GreylistingBackend"
    row = due(attempts=9)

    send_due()

    assert state(row) == S.FAILED


def test_a_final_no_marks_the_address(settings):
    settings.EMAIL_BACKEND = "tests.mail.RefusingBackend"
    row = due()

    send_due()

    assert (state(row), row.reason) == (S.FAILED, "550 no such mailbox")
    row.recipient.refresh_from_db()
    assert row.recipient.bounced_at is not None


def test_an_answer_that_never_came_is_uncertain_and_sent_again_once(settings):
    settings.EMAIL_BACKEND = "tests.mail.SilentBackend"
    row = due()

    send_due()
    first = state(row)
    send_due()  # too early
    Delivery.objects.update(next_attempt_at=timezone.now())
    send_due()
    second = state(row)
    send_due()
    sweep_deliveries()
    send_due()

    assert (first, second, row.next_attempt_at) == (S.UNCERTAIN, S.UNCERTAIN, None)
    ids = [message.extra_headers["Message-ID"] for message in RecordingBackend.received]
    assert ids == [row.message_id] * 2


def test_uncertain_messages_can_be_held(settings):
    settings.EMAIL_BACKEND = "tests.mail.SilentBackend"
    settings.OUTBOX_RESENDS = False
    row = due()

    send_due()

    assert (state(row), row.next_attempt_at) == (S.UNCERTAIN, None)


def test_a_person_can_have_it_tried_again(settings, django_capture_on_commit_callbacks):
    row = due(state=S.FAILED, reason="550", attempts=10)
    wiped = due("code", state=S.SKIPPED)

    with django_capture_on_commit_callbacks(execute=True):
        count = try_again([row.pk, wiped.pk])

    assert (count, state(row), state(wiped)) == (1, S.SENT, S.SKIPPED)


# --- Drains that die ------------------------------------------------------------------------


def end_lock_sessions():
    """As the server does when a drain's machine is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'outbox' AND datname = current_database()"
        )


def test_a_dead_drains_rows_are_freed_and_sent(settings):
    """Killed between claim and send: what it never tried is sent once by the next."""
    settings.EMAIL_BACKEND = "tests.mail.PowerCutBackend"
    rows = [due() for _ in range(4)]

    with pytest.raises(PowerCut):
        send_due()
    assert [state(row) for row in rows] == [
        S.ATTEMPTING if n == 1 else S.SENT if n == 0 else S.CLAIMED for n in range(4)
    ]
    settings.EMAIL_BACKEND = "tests.mail.RecordingBackend"
    sweep_deliveries()
    assert [state(row) for row in rows] == [S.SENT, S.UNCERTAIN, S.PENDING, S.PENDING]
    send_due()
    assert [state(row) for row in rows] == [S.SENT, S.UNCERTAIN, S.SENT, S.SENT]
    Delivery.objects.update(next_attempt_at=timezone.now())
    send_due()

    assert [state(row) for row in rows] == [S.SENT] * 4
    assert [m.to[0] for m in RecordingBackend.received] == [
        rows[n].recipient.address for n in (0, 2, 3, 1)
    ]


def test_the_sweep_leaves_living_drains_alone():
    row = due()
    with drain_lock() as lock:
        Delivery.objects.claim(lock.key, 10)

        sweep_deliveries()
        alive = state(row)

    sweep_deliveries()
    assert (alive, state(row)) == (S.CLAIMED, S.PENDING)


def test_a_drain_that_lost_its_lock_ends_before_the_next_message():
    with drain_lock() as lock:
        lock.prove()
        end_lock_sessions()

        with pytest.raises(psycopg.OperationalError):
            lock.prove()


def test_no_more_drains_than_connections(settings):
    settings.OUTBOX_CONNECTIONS = 2

    with drain_lock() as first, drain_lock() as second, drain_lock() as third:
        assert (first is not None, second is not None, third) == (True, True, None)


def test_the_sweep_ends_what_expired():
    row = due("code", payload={"code": "1"}, expires_at=timezone.now())

    sweep_deliveries()

    row.refresh_from_db()
    assert (row.state, row.payload) == (S.SKIPPED, {})


@contextmanager
def many_at_once(count, work):
    start = threading.Barrier(count)

    def run():
        start.wait()
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_many_drains_send_each_message_once(settings):
    settings.EMAIL_BACKEND = "tests.mail.RecordingBackend"
    settings.OUTBOX_CONNECTIONS = 4
    CommunityFactory(daily_cap=2)
    busy = never_quiet()
    rows = [due() for _ in range(60)]
    for _ in range(5):
        due(recipient=busy)

    with many_at_once(4, send_due):
        pass
    while send_due():
        pass

    sent = [message.to[0] for message in RecordingBackend.received]
    assert sorted(sent) == sorted(
        [row.recipient.address for row in rows] + [busy.address] * 2
    )
