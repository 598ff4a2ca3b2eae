"""tests/browser's community, with somebody of every standing and a thing for every address."""

from datetime import timedelta
from functools import partial
from io import BytesIO
from types import SimpleNamespace

from django.urls import reverse
from django.utils import timezone

from directory.domain.block import block_therapist
from directory.domain.insurance import attest_insurance
from directory.domain.licence import look_at_licences
from directory.domain.profile import set_photo
from directory.enums import Standing
from directory.links import sign
from directory.models import ColleagueSearch
from spaces.models import MoveProposal, WaitlistEntry
from spaces.notifications.links import need_path
from spaces.views.feed import OFFICE_LINKS
from tests.browser import world as community
from tests.factories.directory import (
    LicenceFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    ClosureFactory,
    LoanFactory,
    NeedFactory,
    OfferFactory,
)
from tests.periods import hours
from tests.spaces.pictures import picture


def _lapsed():
    person = TherapistFactory(name="Lars Lapsed")
    LicenceFactory(therapist=person, expires_on=timezone.localdate() - timedelta(90))
    look_at_licences()
    person.refresh_from_db()
    assert person.lapsed_on
    return person


PEOPLE = {
    "stranger": lambda: None,
    "applicant": partial(TherapistFactory, standing=Standing.APPLICANT),
    "suspended": partial(TherapistFactory, standing=Standing.SUSPENDED),
    "owner": TherapistFactory,
    "other": partial(TherapistFactory, name="Otto Other"),
    "lapsed": _lapsed,
    "moderator": partial(ModeratorFactory, name="Mo Derrick"),
    "administrator": partial(ModeratorFactory, user__is_superuser=True),
}


def build() -> SimpleNamespace:
    world = community.build()
    owner, let_date = world.member, world.mine_let.occurrences.first()
    blocked = TherapistFactory(name="Bea Blocked")
    block_therapist(blocked, by=owner)
    world.office.feed_token = "for-the-office"
    world.office.save()
    owner.has_public_page = True
    owner.save()
    set_photo(owner, file=BytesIO(picture()))
    valid_until = timezone.localdate() + timedelta(days=90)
    attest_insurance(valid_until=valid_until, by=owner, certificate=BytesIO(picture()))
    vars(world).update(
        {role: make() for role, make in PEOPLE.items()},
        owner=owner,
        building=world.office.building,
        photo=world.office.photos.first(),
        post=world.office.building.posts.filter(author=owner).get(),
        closure=ClosureFactory(office=world.office, period=hours(900, 901)),
        blocked=blocked,
        licence=LicenceFactory(therapist=owner),
        colleague_search=ColleagueSearch.objects.create(
            therapist=owner, name="Spanish", query="language=es"
        ),
        asked_supervision=owner.supervisions_given.get(accepted_at=None),
        supervision=owner.supervisions_given.exclude(accepted_at=None).get(),
        waiting=WaitlistEntry.objects.filter(guest=owner).first(),
        calendar=owner.busy_calendars.first(),
        confirmed_date=world.confirmed.occurrences.first(),
        let_date=let_date,
        handed_booking=world.handed.booking,
        loan=LoanFactory(
            incident=world.fire,
            author=owner,
            status="claimed",
            partner=world.newcomer,
        ),
        reopens=(world.fire.scopes.first().until + timedelta(days=3)).date(),
        scope=world.fire.scopes.first(),
        offer=world.need.offers.first(),
        own_offer=OfferFactory(need=NeedFactory(), helper=owner),
        proposal=MoveProposal.objects.create(
            occurrence=let_date,
            by=owner,
            old_period=let_date.period,
            period=hours(15, 17, day=40),
            price_cents=0,
        ),
        mail_off=reverse(
            "directory:unsubscribe",
            args=[sign("unsubscribe", therapist=owner.pk, topic="emergencies")],
        ),
        feed=reverse("spaces:feed", args=[owner.feed_token]),
        office_feed=reverse(
            "spaces:office_feed",
            args=[OFFICE_LINKS.sign(f"{owner.pk}.{world.office.feed_token}")],
        ),
        need_link=need_path(NeedFactory(therapist=world.invited), world.invited),
    )
    return world
