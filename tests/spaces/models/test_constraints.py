"""Every promise of the database, broken once."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from spaces.models import (
    Answer,
    Booking,
    Displacement,
    Incident,
    IncidentScope,
    IncidentWord,
    Need,
    NeedHour,
    Offer,
    OfferHour,
    UsualHours,
    Wave,
    WaveRecipient,
)
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db


def refused(name, make):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make()


def new_incident(**rest):
    return Incident.objects.create(
        kind=rest.pop("kind", "fire"),
        reported_by=TherapistFactory(),
        began_at=timezone.now(),
        **rest,
    )


def new_need(**rest):
    person = rest.pop("therapist", None) or TherapistFactory()
    values = {
        "first_date": date(2026, 12, 1),
        "last_date": date(2026, 12, 31),
        "timezone": "UTC",
        "latitude": 37.8,
        "longitude": -122.2,
    }
    return Need.objects.create(therapist=person, author=person, **(values | rest))


def new_offer(**rest):
    values = {"first_date": date(2026, 12, 1), "last_date": date(2026, 12, 31)}
    return Offer.objects.create(
        need=new_need(),
        helper=TherapistFactory(),
        office=OfficeFactory(),
        **(values | rest),
    )


@pytest.mark.parametrize("first", ["booked", "held", "displaced"])
@pytest.mark.parametrize("second", ["booked", "held", "displaced"])
def test_no_two_taken_dates_of_an_office_overlap(first, second):
    taken = OccurrenceFactory(state=first, period=hours(9, 11))
    rival = BookingFactory(office=taken.office)

    refused(
        "spaces_occurrence_no_double_booking",
        lambda: OccurrenceFactory(booking=rival, state=second, period=hours(10, 12)),
    )
    OccurrenceFactory(booking=rival, state=second, period=hours(11, 12))


def test_asked_dates_may_overlap():
    taken = OccurrenceFactory(state="booked")

    OccurrenceFactory(booking=BookingFactory(office=taken.office), state="asked")


@pytest.mark.parametrize(
    "period",
    [(None, hours(9, 10).upper), (hours(9, 10).lower, None)],
    ids=["no start", "no end"],
)
def test_periods_are_finite(period):
    refused(
        "spaces_occurrence_period_is_finite", lambda: OccurrenceFactory(period=period)
    )
    refused("spaces_closure_period_is_finite", lambda: ClosureFactory(period=period))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weekday_known", {"weekday": 7}),
        ("forward_within_a_day", {"start": 600, "end": 600}),
        ("forward_within_a_day", {"end": 1441}),
        (
            "dates_forward",
            {"first_date": date(2026, 2, 2), "last_date": date(2026, 2, 1)},
        ),
        ("price_sensible", {"price_cents": 50_001}),
        ("audience_known", {"audience": "friends"}),
    ],
)
def test_openings_make_sense(name, values):
    refused(f"spaces_opening_{name}", lambda: OpeningFactory(**values))


@pytest.mark.parametrize("values", [{"end": 540}, {"weekday": 7}, {"end": 1441}])
@pytest.mark.parametrize("model", [UsualHours, NeedHour, OfferHour])
def test_weekly_hours_run_forward_within_a_day(model, values):
    parents = {
        UsualHours: lambda: {
            "therapist": TherapistFactory(),
            "office": OfficeFactory(),
        },
        NeedHour: lambda: {"need": new_need()},
        OfferHour: lambda: {"offer": new_offer()},
    }
    row = parents[model]() | {"weekday": 0, "start": 540, "end": 600} | values

    refused("forward_within_a_day", lambda: model.objects.create(**row))


def test_a_closure_is_of_an_office_or_a_building():
    refused(
        "spaces_closure_of_office_or_building",
        lambda: ClosureFactory(building=BuildingFactory()),
    )
    refused("spaces_closure_of_office_or_building", lambda: ClosureFactory(office=None))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("spaces_building_point_on_earth", lambda: BuildingFactory(latitude=91)),
        ("spaces_office_capacity_sensible", lambda: OfficeFactory(capacity=0)),
        ("spaces_office_lease_known", lambda: OfficeFactory(lease_permits="perhaps")),
        ("spaces_booking_status_known", lambda: BookingFactory(status="lost")),
        ("spaces_booking_source_known", lambda: BookingFactory(source="friend")),
        ("spaces_occurrence_state_known", lambda: OccurrenceFactory(state="gone")),
        ("spaces_incident_status_known", lambda: new_incident(status="rumoured")),
        ("spaces_incident_kind_known", lambda: new_incident(kind="boredom")),
        ("spaces_need_status_known", lambda: new_need(status="lost")),
        ("spaces_need_dates_forward", lambda: new_need(last_date=date(2026, 11, 1))),
        ("spaces_need_radius_sensible", lambda: new_need(radius_metres=0)),
        ("spaces_need_radius_sensible", lambda: new_need(radius_metres=10_000_000)),
        ("spaces_need_price_sensible", lambda: new_need(most_cents=50_001)),
        ("spaces_offer_status_known", lambda: new_offer(status="lost")),
        ("spaces_offer_dates_forward", lambda: new_offer(last_date=date(2026, 11, 1))),
        ("spaces_offer_price_sensible", lambda: new_offer(price_cents=50_001)),
    ],
)
def test_columns_hold_known_values(name, make):
    refused(name, make)


def test_one_open_need_per_person_and_incident():
    person, incident = TherapistFactory(), new_incident()
    new_need(therapist=person, incident=incident, status="open")
    new_need(therapist=person, incident=incident, status="closed")
    new_need(therapist=person, status="open")

    for of in (incident, None):
        refused(
            "spaces_need_one_open_per_incident",
            lambda of=of: new_need(therapist=person, incident=of, status="open"),
        )


def new_wave(**rest):
    return Wave.objects.create(next_at=timezone.now(), **({"number": 1} | rest))


def test_a_wave_is_of_an_incident_or_of_a_lone_need():
    refused("spaces_wave_of_incident_or_lone_need", new_wave)
    refused(
        "spaces_wave_of_incident_or_lone_need",
        lambda: new_wave(incident=new_incident(), need=new_need()),
    )
    refused("spaces_wave_state_known", lambda: new_wave(need=new_need(), state="lost"))


def test_one_wave_runs_at_a_time_and_numbers_are_used_once():
    incident = new_incident()
    new_wave(incident=incident, state="done")

    refused("spaces_wave_numbered", lambda: new_wave(incident=incident, state="done"))
    new_wave(incident=incident, number=2)
    refused(
        "spaces_wave_one_running",
        lambda: new_wave(incident=incident, number=3, state="paused"),
    )


def test_one_row_per_wave_and_person():
    wave, person = new_wave(need=new_need()), TherapistFactory()
    told = {"wave": wave, "recipient": person, "is_match": True, "metres": 1}
    WaveRecipient.objects.create(**told)
    Answer.objects.create(wave=wave, recipient=person, choice="not_now")

    refused("spaces_waverecipient_once", lambda: WaveRecipient.objects.create(**told))
    refused(
        "spaces_answer_once",
        lambda: Answer.objects.create(wave=wave, recipient=person, choice="offers"),
    )
    refused(
        "spaces_answer_choice_known",
        lambda: Answer.objects.create(
            wave=wave, recipient=TherapistFactory(), choice="maybe"
        ),
    )


def test_what_the_clock_asks_of_undecided_bookings_has_its_index():
    due = Booking.objects.undecided().filter(answer_by__lte=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "spaces_booking_undecided" in due.order_by().explain()


def test_an_incident_counts_places_words_and_displacements_once():
    incident, building, person = new_incident(), BuildingFactory(), TherapistFactory()
    occurrence = OccurrenceFactory()
    rows = {
        "spaces_incidentscope_once": lambda: IncidentScope.objects.create(
            incident=incident, building=building, until=timezone.now()
        ),
        "spaces_incidentword_once": lambda: IncidentWord.objects.create(
            incident=incident, therapist=person, is_true=True
        ),
        "spaces_displacement_once": lambda: Displacement.objects.create(
            incident=incident, occurrence=occurrence
        ),
    }
    for name, make in rows.items():
        make()
        refused(name, make)
