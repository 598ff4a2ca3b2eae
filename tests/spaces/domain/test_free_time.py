"""What is free of every opening, against a slow and obvious recomputation of its own."""

import pytest

from spaces.domain.availability import refresh_free, verify_free
from tests.factories.spaces import OfficeFactory, OpeningFactory

pytestmark = pytest.mark.django_db


def test_hours_that_run_while_free_time_is_verified_are_no_difference():
    office = OfficeFactory()
    for weekday in range(7):
        OpeningFactory(office=office, weekday=weekday, start=0, end=1440)
    refresh_free([office.pk])

    assert verify_free([office.pk]) == []
