from datetime import timedelta
from threading import Thread
from time import monotonic

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.availability import lock_offices
from spaces.domain.drill import run_drills, somebody_waits, start_drill, try_out
from spaces.domain.incident import confirm_incident
from spaces.enums import DrillState
from spaces.errors import HoursError
from spaces.hours import Span
from spaces.models import Drill, Occurrence, WaveRecipient
from tests.factories.directory import (
    CommunityFactory,
    InvitedFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    IncidentFactory,
    OccurrenceFactory,
    OfficeFactory,
    PledgeFactory,
    UsualHoursFactory,
    helper_with_hours,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db

DAY = (timezone.now() + timedelta(days=3)).weekday()  # of which two fall in a fortnight
MORNING, EARLY = Span(DAY, 9 * 60, 13 * 60), Span(DAY, 9 * 60, 11 * 60)
LATE = Span(DAY, 11 * 60, 12 * 60)


@pytest.fixture
def building():
    """Two rooms: a host with usual hours and a trainee, and a host whose guest, not a member yet, has one date."""
    CommunityFactory(wave_size=2)
    building = BuildingFactory()
    host = TherapistFactory()
    UsualHoursFactory(
        office=OfficeFactory(building=building, hosts=[host]),
        therapist=host,
        weekday=DAY,
    )
    SupervisionFactory(supervisor=host)
    booking = BookingFactory(
        office=OfficeFactory(building=building),
        guest=InvitedFactory(),
        status="confirmed",
    )
    OccurrenceFactory(booking=booking, period=hours(18, 20, day=3))
    return building


def everything():
    """All rows of all tables, drills' own aside."""
    return {
        model: list(model.objects.order_by("pk").values_list())
        for app in ("directory", "spaces", "account")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        if model not in {Drill, Drill.buildings.through}
    }


def drill(*buildings, **fields):
    fields = {"by": ModeratorFactory(), "days": 13} | fields
    return start_drill(buildings, **fields)


def test_a_drill_leaves_a_report_and_nothing_else(
    building, mailoutbox, django_capture_on_commit_callbacks
):
    helper_with_hours(EARLY, building=BuildingFactory(latitude=37.825))
    PledgeFactory(spans=[LATE], joins_drills=True)
    found = drill(building)
    before = everything()

    with django_capture_on_commit_callbacks() as callbacks:
        run_drills()

    assert everything() == before
    assert callbacks == []
    assert mailoutbox == []
    found.refresh_from_db()
    assert (found.state, found.problem) == (DrillState.DONE, "")
    report = found.report
    assert {
        name: report[name]
        for name in ("rooms", "people", "dates", "hosts", "guests", "trainees")
    } == {"rooms": 2, "people": 4, "dates": 1, "hosts": 2, "guests": 1, "trainees": 1}
    assert (report["invited"], report["unknown"], report["needs"]) == (1, 2, 2)
    assert report["needed_minutes"] == 2 * (4 + 2) * 60
    assert report["coverable_minutes"] == 2 * 3 * 60
    first = report["waves"][0]
    assert (first["number"], first["told"], first["pledged"]) == (1, 2, 1)
    lacking = {tuple(row[:3]) for row in report["uncovered"]}
    assert (DAY, 12 * 60, 13 * 60) in lacking
    assert found.ended_at


def test_a_drill_finds_what_the_real_day_would(building):
    """The same building, drilled and then burning: as many people, dates and hours, and the same people asked."""
    for _number in range(3):
        helper_with_hours(EARLY, building=BuildingFactory(latitude=37.825))
    outcome = try_out(drill(building), lambda percent: None)

    incident = IncidentFactory(scope__building=building, status="reported")
    confirm_incident(incident, by=ModeratorFactory())

    assert outcome.report["people"] == incident.needs.count()
    assert (
        outcome.report["dates"] == Occurrence.objects.filter(state="displaced").count()
    )
    assert not WaveRecipient.objects.exists()
    assert outcome.told


def test_only_those_who_take_part_are_mailed_and_only_if_asked_for(building):
    joined = PledgeFactory(spans=[MORNING], joins_drills=True)
    PledgeFactory(spans=[MORNING])
    PledgeFactory(joins_drills=True, therapist__standing="suspended")  # not asked
    drill(building)
    run_drills()
    assert not Delivery.objects.exists()

    drill(building, mails_who_joined=True)
    run_drills()

    row = Delivery.objects.get()
    assert (row.kind, row.recipient) == ("drill", joined.therapist)
    mail = message_kind("drill").render([row])[row.pk]
    assert mail.subject.startswith("DRILL")
    assert "DRILL" in mail.text
    assert "09:00–13:00" in mail.text
    joined.joins_drills = False
    joined.save()
    assert message_kind("drill").render([row])[row.pk].reason.startswith("takes no")


def test_what_is_real_goes_first(building):
    """A lock that is held elsewhere: the drill is taken back, tried again for a while, and fails with words."""
    found = drill(building)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE lock_not_available; END$$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON spaces_closure "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )

    run_drills()
    found.refresh_from_db()
    assert (found.state, found.report) == (DrillState.WAITING, {})
    Drill.objects.update(created_at=timezone.now() - timedelta(minutes=21))
    run_drills()

    found.refresh_from_db()
    assert (found.state, found.report) == (DrillState.FAILED, {})
    assert found.problem


@pytest.mark.django_db(transaction=True)
def test_a_drill_gives_way_to_whoever_waits_for_it():
    office = OfficeFactory()
    booked = []

    def book():
        with transaction.atomic():
            booked.append(lock_offices([office.pk]))
        connection.close()

    real = Thread(target=book)
    with transaction.atomic():
        lock_offices([office.pk])
        assert not somebody_waits()
        real.start()
        give_up_at = monotonic() + 10
        while not (seen := somebody_waits()) and monotonic() < give_up_at:
            assert not booked
    real.join()

    assert seen
    assert booked == [[office]]


def test_moderators_run_drills_of_a_sensible_size(building):
    with pytest.raises(NotAllowedError):
        drill(building, by=TherapistFactory())
    with pytest.raises(HoursError):
        drill(BuildingFactory())
    crowded = BuildingFactory()
    host = TherapistFactory()
    OfficeFactory.create_batch(61, building=crowded, hosts=[host])
    with pytest.raises(HoursError, match="61 rooms"):
        drill(crowded)


def test_a_drill_runs_once_and_one_left_alone_is_given_up(building):
    lost = drill(building)
    Drill.objects.update(
        state=DrillState.RUNNING, started_at=timezone.now() - timedelta(minutes=11)
    )

    run_drills()

    lost.refresh_from_db()
    assert (lost.state, lost.report) == (DrillState.FAILED, {})
    assert "stopped" in lost.problem
