import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from directory.models import Licence, Therapist
from spaces.demo.load import load_demo
from spaces.models import Incident, Occurrence, Offer, Office, Opening
from tests.factories.directory import TherapistFactory


def test_load_demo_calm_has_no_incident(db):
    load_demo(therapists=60, offices=30, seed=7, is_calm=True)

    assert not Incident.objects.exists()


def told():
    """What a visitor sees of the community, without what is secret or counted up."""
    return {
        "people": list(
            Therapist.objects.order_by("pk").values_list(
                "name", "neighbourhood", "headline"
            )
        ),
        "licences": list(
            Licence.objects.order_by("pk").values_list("number", flat=True)
        ),
        "rooms": list(
            Office.objects.order_by("pk").values_list(
                "name", "building__street", "capacity"
            )
        ),
        "openings": list(
            Opening.objects.order_by("pk").values_list(
                "office__name", "weekday", "start", "end", "price_cents"
            )
        ),
        "dates": list(
            Occurrence.objects.order_by("pk").values_list(
                "guest__name", "period", "state"
            )
        ),
        "offers": list(
            Offer.objects.order_by("pk").values_list(
                "helper__name", "status", "price_cents"
            )
        ),
    }


def loaded(seed):
    """Loaded, looked at and undone."""
    with transaction.atomic():
        load_demo(therapists=60, offices=30, seed=seed)
        seen = told()
        transaction.set_rollback(True)
    return seen


def test_load_demo_is_the_same_for_the_same_seed(db):
    first, again, other = loaded(seed=3), loaded(seed=3), loaded(seed=4)

    assert first == again
    assert first["people"] != other["people"]


def test_load_demo_refuses_a_community_that_exists(db):
    TherapistFactory()

    with pytest.raises(CommandError, match="a community here already"):
        call_command("load_demo", verbosity=0)


def test_load_demo_refuses_too_small_a_community(db):
    with pytest.raises(CommandError, match="at least 60 therapists and 30 offices"):
        call_command("load_demo", therapists=10, offices=30, verbosity=0)
