from contextlib import nullcontext
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.need import publish_need
from spaces.domain.offer import say_no
from spaces.domain.wave import (
    advance_waves,
    begin_wave,
    next_states,
    pause_wave,
    resume_wave,
    stop_wave,
)
from spaces.enums import AnswerChoice, Audience, WaveState
from spaces.hours import Span
from spaces.models import Opening, Wave, WaveRecipient
from tests.factories.directory import (
    BlockFactory,
    CommunityFactory,
    DeliveryFactory,
    ModeratorFactory,
    PreferenceFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BuildingFactory,
    HelperFactory,
    IncidentFactory,
    NeedFactory,
    OfferFactory,
    OfficeFactory,
    OpeningFactory,
    WaveFactory,
    helper_with_hours,
)

pytestmark = pytest.mark.django_db

WEDNESDAY = Span(2, 17 * 60, 19 * 60)
FRIDAY = Span(4, 17 * 60, 19 * 60)
NEXT_WEEK = {"first_date": timezone.now().date() + timedelta(days=3)}


def published(**fields):
    need = NeedFactory(status="draft", published_at=None, **(NEXT_WEEK | fields))
    return publish_need(need, by=need.author)


def told(wave=None):
    rows = WaveRecipient.objects.order_by("pk")
    return [row.recipient for row in (rows.filter(wave=wave) if wave else rows)]


def mails():
    return sorted(
        Delivery.objects.filter(kind="wave").values_list("recipient", flat=True)
    )


def next_wave():
    """Time passes until the wave's time is up."""
    Wave.objects.filter(state="running").update(next_at=timezone.now())
    advance_waves()
    return Wave.objects.order_by("-number").first()


# --- By hand -------------------------------------------------------------------------


VERBS = {"pause": pause_wave, "resume": resume_wave, "stop": stop_wave}
ALLOWED = {
    ("running", "pause", "moderator"): "paused",
    ("running", "pause", "author"): "paused",
    ("paused", "resume", "moderator"): "running",
    ("paused", "resume", "author"): "running",
    ("running", "stop", "moderator"): "stopped",
    ("paused", "stop", "moderator"): "stopped",
    ("stopped", "resume", "moderator"): "running",
}


@pytest.mark.parametrize("state", ["running", "paused", "done", "stopped"])
def test_wave_moves_only_as_allowed(state, subtests):
    first = WaveFactory(state=state)
    people = {
        "moderator": ModeratorFactory(),
        "author": first.need.author,
        "outsider": TherapistFactory(),
    }
    for verb, role in product(VERBS, people):
        wave = Wave.objects.get(pk=first.pk)
        expected = ALLOWED.get((state, verb, role), state)
        refused = pytest.raises(NotAllowedError)
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            with nullcontext() if expected != state else refused:
                VERBS[verb](wave, by=people[role])

            wave.refresh_from_db()
            assert wave.state == expected
            transaction.set_rollback(True)


def test_an_author_does_not_pause_what_others_wait_for():
    incident = IncidentFactory()
    need = NeedFactory(incident=incident)
    NeedFactory(incident=incident)
    wave = WaveFactory(incident=incident, need=None)

    assert next_states(wave, need.author) == []


# --- Whom ----------------------------------------------------------------------------


def test_first_those_whose_hours_meet_then_those_near_who_posted_none():
    far = BuildingFactory(latitude=37.86)
    other = helper_with_hours(FRIDAY)
    silent_far = OfficeFactory(building=far, hosts=[HelperFactory()]).hosts.get()
    silent = OfficeFactory(hosts=[HelperFactory()]).hosts.get()
    match_far = helper_with_hours(WEDNESDAY, building=far)
    match = helper_with_hours(WEDNESDAY)

    published()

    assert told() == [match, match_far, silent, silent_far]
    assert other not in told()
    assert mails() == sorted(person.pk for person in told())


def test_the_reason_is_kept():
    helper_with_hours(WEDNESDAY)
    OfficeFactory(hosts=[HelperFactory()])

    published()

    assert [
        (row.is_match, row.reason) for row in WaveRecipient.objects.order_by("pk")
    ] == [
        (True, "under 1 km, meets Wed 17:00–19:00"),
        (False, "under 1 km, no hours posted"),
    ]


def test_openings_for_emergencies_only_count_stale_ones_do_not():
    emergencies = helper_with_hours(WEDNESDAY)
    Opening.objects.update(audience=Audience.EMERGENCIES)
    stale = helper_with_hours(WEDNESDAY)
    Opening.objects.filter(office__hosts=stale).update(
        confirmed_at=timezone.now() - timedelta(days=100)
    )

    published()

    rows = {row.recipient: row.is_match for row in WaveRecipient.objects.all()}
    assert rows == {emergencies: True, stale: False}


def test_who_is_not_asked():
    fine = {"capacity": 8, "is_step_free": True}
    lacking = [
        {"helper_helps_in_emergencies": False},
        {"helper_standing": "suspended"},
        {"helper_emergency_radius_km": 1, "building__latitude": 37.85},
        {"building__latitude": 38.2},
        {"capacity": 7},
        {"is_step_free": False},
        {"is_hidden": True},
        {"is_draft": True},
    ]
    for number, fields in enumerate(lacking):
        helper_with_hours(WEDNESDAY, helper_name=f"{number}", **(fine | fields))
    asked = helper_with_hours(WEDNESDAY, **fine)

    published(people=8, is_step_free=True)

    lacked = [fields for n, fields in enumerate(lacking) if f"{n}" in map(str, told())]
    assert (lacked, told()) == ([], [asked])


def test_not_across_a_block_either_way():
    need = NeedFactory(status="draft", published_at=None, **NEXT_WEEK)
    BlockFactory(blocker=need.therapist, blocked=helper_with_hours(WEDNESDAY))
    BlockFactory(blocked=need.therapist, blocker=helper_with_hours(WEDNESDAY))

    publish_need(need, by=need.author)

    assert told() == []


def test_not_who_turned_the_topic_off_nor_who_is_displaced_themself():
    incident = IncidentFactory()
    PreferenceFactory(
        therapist=helper_with_hours(WEDNESDAY), topic="emergencies", frequency="off"
    )
    NeedFactory(
        incident=incident, therapist=helper_with_hours(WEDNESDAY), status="draft"
    )

    published(incident=incident)

    assert told() == []


def test_the_needs_own_people_are_not_asked():
    author = helper_with_hours(WEDNESDAY)

    published(author=author)

    assert told() == []


# --- One mail each ---------------------------------------------------------------------


def test_needs_of_one_incident_share_a_wave_and_nobody_is_mailed_twice():
    incident = IncidentFactory()
    on_wednesday = helper_with_hours(WEDNESDAY)
    on_friday = helper_with_hours(FRIDAY)

    published(incident=incident, spans=[WEDNESDAY])
    published(incident=incident, spans=[WEDNESDAY])
    published(incident=incident, spans=[WEDNESDAY, FRIDAY])

    assert Wave.objects.count() == 1
    assert told() == [on_wednesday, on_friday]
    assert mails() == sorted([on_wednesday.pk, on_friday.pk])


def test_lone_needs_each_have_a_wave():
    helper = helper_with_hours(WEDNESDAY)

    published()
    published()

    assert Wave.objects.count() == 2
    assert told() == [helper, helper]


def test_a_wave_asks_as_many_as_the_community_says():
    CommunityFactory(wave_size=2)
    helpers = [helper_with_hours(WEDNESDAY) for _each in range(4)]

    published()
    assert told() == helpers[:2]

    wave = next_wave()
    assert (wave.number, told(wave)) == (2, helpers[2:])


def test_the_next_wave_goes_out_only_when_its_time_is_up():
    CommunityFactory(wave_size=1)
    helpers = [helper_with_hours(WEDNESDAY) for _each in range(2)]
    need = published()
    assert need.waves.get().next_at > timezone.now() + timedelta(minutes=70)

    advance_waves()
    assert told() == helpers[:1]

    advance_waves(timezone.now() + timedelta(minutes=76))
    assert told() == helpers


def test_urgent_hours_shorten_the_time():
    helper_with_hours(WEDNESDAY)
    today = timezone.localtime(None, timezone.get_fixed_timezone(-480)).date()
    every_day = [Span(day, 0, 1440) for day in range(7)]

    need = published(first_date=today, spans=every_day)

    assert need.waves.get().next_at < timezone.now() + timedelta(minutes=21)


def test_the_next_wave_reaches_further():
    far = BuildingFactory(latitude=37.92)  # 11 km
    helper = helper_with_hours(
        Span(2, 9 * 60, 11 * 60), building=far, helper_emergency_radius_km=50
    )
    need = published(spans=[Span(2, 9 * 60, 11 * 60)])
    assert told() == []

    wave = next_wave()

    assert (wave.reach_percent, told()) == (150, [helper])
    assert need.waves.count() == 2


def test_scarce_hours_reach_one_step_further():
    far = BuildingFactory(latitude=37.96)  # 15.6 km
    helper = helper_with_hours(WEDNESDAY, building=far, helper_emergency_radius_km=50)
    published(spans=[WEDNESDAY])

    wave = next_wave()

    assert (wave.reach_percent, told(wave)) == (150, [helper])


def test_no_wave_when_nothing_is_open_any_more():
    CommunityFactory(wave_size=1)
    helpers = [helper_with_hours(WEDNESDAY) for _each in range(2)]
    need = published(spans=[WEDNESDAY])
    offer = OfferFactory(need=need, helper=helpers[0])

    wave = next_wave()
    assert (wave.state, told()) == ("running", helpers[:1]), "all is offered: wait"

    offer.status = "declined"
    offer.save()
    next_wave()
    assert told() == helpers


def test_waves_end_at_the_limit_or_when_everyone_was_asked():
    CommunityFactory(wave_size=1, wave_limit=2, wave_growth_percent=100)
    for _each in range(4):
        helper_with_hours(WEDNESDAY)
    published()

    next_wave()
    wave = next_wave()

    assert (wave.number, wave.state) == (2, "done")
    assert len(told()) == 2


def test_a_mail_that_was_never_sent_has_told_nobody():
    CommunityFactory(wave_size=1)
    helper = helper_with_hours(WEDNESDAY)
    published()
    Delivery.objects.update(state="skipped")

    wave = next_wave()

    assert told(wave) == [helper]


def test_told_before_hears_again_with_the_next_wave_of_a_need_that_came_later():
    incident = IncidentFactory()
    helper = helper_with_hours(WEDNESDAY)
    published(incident=incident)
    published(incident=incident)
    assert told() == [helper]

    wave = next_wave()

    assert told(wave) == [helper]


@pytest.mark.parametrize("choice", ["not_now", "not_this_incident"])
def test_a_no_asks_the_next_in_their_stead(choice):
    CommunityFactory(wave_size=1)
    first, second, third = (helper_with_hours(WEDNESDAY) for _each in range(3))
    need = published()
    wave = need.waves.get()

    say_no(wave, by=first, choice=AnswerChoice(choice))
    say_no(wave, by=first, choice=AnswerChoice(choice))

    assert told() == [first, second]
    assert third not in told()


def test_not_for_this_incident_holds_for_needs_that_come_later():
    incident = IncidentFactory()
    helper = helper_with_hours(WEDNESDAY)
    need = published(incident=incident)
    say_no(incident.waves.get(), by=helper, choice=AnswerChoice.NOT_THIS_INCIDENT)
    published(incident=incident)

    next_wave()

    assert told() == [helper]
    assert need.status == "open"


def test_a_stopped_wave_is_not_begun_anew():
    incident = IncidentFactory()
    helper_with_hours(WEDNESDAY)
    WaveFactory(incident=incident, need=None, state="stopped")

    published(incident=incident)

    assert told() == []


def test_a_paused_wave_tells_those_who_came_meanwhile_when_it_goes_on():
    incident, moderator = IncidentFactory(), ModeratorFactory()
    helper = helper_with_hours(WEDNESDAY)
    wave = WaveFactory(incident=incident, need=None, state="paused")
    published(incident=incident)
    assert told() == []

    resume_wave(wave, by=moderator)

    assert told() == [helper]


@pytest.mark.parametrize("count", [1, 5])
def test_a_wave_takes_a_constant_number_of_queries(
    django_assert_max_num_queries, count
):
    for _each in range(count):
        helper_with_hours(WEDNESDAY)
        OfficeFactory(hosts=[HelperFactory()])
    incident = IncidentFactory(status="confirmed")
    needs = [NeedFactory(incident=incident, **NEXT_WEEK) for _each in range(count)]

    with django_assert_max_num_queries(30):
        begin_wave(needs[0])

    assert len(told()) == 2 * count


def test_the_time_of_a_round_begins_when_quiet_hours_end():
    for _each in range(3):
        helper_with_hours(WEDNESDAY)
    need = published()
    Wave.objects.update(next_at=timezone.now())
    until = timezone.now() + timedelta(hours=9)
    waiting = Delivery.objects.filter(kind="wave")
    waiting.update(next_attempt_at=until)

    advance_waves()

    wave = need.waves.get()
    assert (wave.number, wave.state) == (1, "running")
    assert wave.next_at > until

    Wave.objects.update(next_at=timezone.now())
    waiting.update(next_attempt_at=timezone.now())
    OfficeFactory(hosts=[HelperFactory()])
    advance_waves()
    assert need.waves.get(number=1).state == "done"


# --- What the mail says, at the moment it leaves --------------------------------------


def render(kind="wave"):
    rows = list(Delivery.objects.filter(kind=kind).select_related("recipient__user"))
    return list(message_kind(kind).render(rows).values())


def test_the_mail_says_what_is_open_and_what_of_it_fits():
    helper = helper_with_hours(WEDNESDAY, name="Garden room")
    published(
        spans=[Span(2, 17 * 60, 21 * 60)],
        therapist__name="Dana Whitlock",
        last_date=NEXT_WEEK["first_date"] + timedelta(days=27),
    )

    [mail] = render()

    assert mail.subject.startswith("Needed: Wed 17–21 near Rockridge, 4 weeks")
    assert "Dana" in mail.text
    assert "Whitlock" not in mail.text + mail.html
    assert "Wed 17:00–19:00" in mail.text
    assert "you: free, Garden room" in mail.text
    assert "Wed 19:00–21:00" in mail.text
    assert "/spaces/help/" in mail.text
    assert helper.name not in mail.text


def test_the_mail_is_skipped_once_nothing_is_open():
    helper_with_hours(WEDNESDAY)
    need = published()
    OfferFactory(need=need)

    [skip] = render()

    assert skip.reason == "nothing is open any more"


def test_rendering_takes_a_constant_number_of_queries(django_assert_max_num_queries):
    for _each in range(6):
        helper_with_hours(WEDNESDAY)
    published()

    with django_assert_max_num_queries(16):
        assert len(render()) == 6


def wanted():
    rows = list(Delivery.objects.filter(kind="wave").select_related("recipient__user"))
    return [said.reason for said in message_kind("wave").wanted(rows).values()]


def test_who_does_not_want_it_any_more_is_skipped():
    helper = helper_with_hours(WEDNESDAY)
    need = published()
    assert wanted() == []

    wave = need.waves.get()
    say_no(wave, by=helper, choice=AnswerChoice.NOT_THIS_INCIDENT)
    assert wanted() == ["not for this incident"]

    stop_wave(wave, by=ModeratorFactory())
    assert wanted() == ["the wave was stopped"]

    helper.helps_in_emergencies = False
    helper.save()
    assert wanted() == ["opted out"]


def test_a_mail_that_waited_until_a_later_wave_is_left_to_that_one():
    helper = helper_with_hours(WEDNESDAY)
    need = published()
    first = need.waves.get()
    Wave.objects.update(state=WaveState.DONE)
    second = WaveFactory(incident=None, need=need, number=2)
    WaveRecipient.objects.create(wave=second, recipient=helper, is_match=True, metres=1)

    assert wanted() == ["a later wave tells them"]
    assert Delivery.objects.get(kind="wave").payload["wave"] == first.pk


def test_a_paused_wave_postpones_its_mails():
    helper_with_hours(WEDNESDAY)
    need = published()

    pause_wave(need.waves.get(), by=need.author)

    assert wanted() == ["the wave is paused"]


@pytest.mark.parametrize(("days", "expected"), [(0, 1), (4, 0)])
def test_quiet_hours_yield_only_within_a_day(days, expected):
    office = OfficeFactory(hosts=[HelperFactory()])
    OpeningFactory(office=office)
    today = timezone.localtime(None, timezone.get_fixed_timezone(-480)).date()
    every_day = [Span(day, 0, 1440) for day in range(7)]
    need = NeedFactory(first_date=today + timedelta(days=days), spans=every_day)
    begin_wave(need)
    Delivery.objects.all().delete()
    wave = need.waves.get()
    DeliveryFactory(
        kind="wave", recipient=office.hosts.get(), payload={"wave": wave.pk}
    )
    rows = list(Delivery.objects.select_related("recipient__user"))

    assert len(message_kind("wave").urgent(rows)) == expected
