import pytest
from django.core.management import CommandError, call_command

from tests.factories.directory import TherapistFactory


def test_load_demo_refuses_a_community_that_exists(db):
    TherapistFactory()

    with pytest.raises(CommandError, match="a community here already"):
        call_command("load_demo", verbosity=0)


def test_load_demo_refuses_too_small_a_community(db):
    with pytest.raises(CommandError, match="at least 60 therapists and 30 offices"):
        call_command("load_demo", therapists=10, offices=30, verbosity=0)
