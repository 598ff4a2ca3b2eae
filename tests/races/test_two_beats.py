"""Two beats by mistake: every clock strikes twice, at once."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from directory.models import Delivery
from spaces.domain.need import publish_need
from spaces.domain.wave import advance_waves
from spaces.enums import WaveState
from spaces.hours import Span
from spaces.models import Incident, Wave, WaveRecipient
from tests.factories.directory import CommunityFactory
from tests.factories.spaces import (
    IncidentFactory,
    NeedFactory,
    helper_with_hours,
)
from tests.locks import waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)
BEATS = 4


def test_one_next_wave_however_many_clocks_strike():
    CommunityFactory(wave_size=2)
    incident = IncidentFactory()
    first = timezone.now().date() + timedelta(days=3)
    need = NeedFactory(
        incident=incident, status="draft", published_at=None, first_date=first
    )
    for _each in range(6):
        helper_with_hours(Span(2, 17 * 60, 19 * 60))
    publish_need(need, by=need.author)
    later = timezone.now() + timedelta(minutes=76)
    beats = [threading.Thread(target=strike, args=[later]) for _ in range(BEATS)]

    with (
        transaction.atomic()
    ):  # all of them have found the wave due, and wait at the same lock
        Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
        for beat in beats:
            beat.start()
        while waiting_for_locks() < BEATS:
            pass
    for beat in beats:
        beat.join()

    assert list(Wave.objects.order_by("number").values_list("number", "state")) == [
        (1, WaveState.DONE),
        (2, WaveState.RUNNING),
    ]
    told = WaveRecipient.objects.values_list("recipient", flat=True)
    assert len(told) == len(set(told)) == Delivery.objects.filter(kind="wave").count()
    assert len(told) > 2


def strike(now):
    try:
        advance_waves(now)
    finally:
        connections.close_all()
