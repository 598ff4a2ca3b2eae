from threading import Barrier, Thread

import pytest
from django.db import connection

from spaces.domain.reply import take_reply
from spaces.incoming import Incoming
from spaces.models import Offer, Reply
from tests.spaces.answers import ADDRESS, EARLY, address_of, told_by_mail


@pytest.mark.django_db(transaction=True)
def test_one_mail_handed_in_by_two_doors_at_once_counts_once(settings):
    settings.INBOUND_ADDRESS = ADDRESS
    told = told_by_mail(EARLY)
    mail = Incoming(
        key="a" * 64,
        addresses=(address_of(told),),
        sender="mara@example.org",
        is_automatic=False,
        text="yes Wed",
    )
    start = Barrier(4)

    def hand_in():
        start.wait()
        take_reply(mail)
        connection.close()

    doors = [Thread(target=hand_in) for _ in range(4)]
    for door in doors:
        door.start()
    for door in doors:
        door.join()

    assert Reply.objects.count() == 1
    assert Offer.objects.count() == 1
