from random import Random

from django.db import connection, transaction
from django.utils.translation import gettext as _

from directory.errors import DomainError
from directory.models import Community, Therapist
from spaces.demo import people, places
from spaces.demo.busy import keep_busy
from spaces.demo.exchange import wait_and_hand_on
from spaces.demo.incident import IncidentMaker
from spaces.demo.past import remember_past_incident
from spaces.demo.people import PeopleMaker, make_community
from spaces.demo.photos import hang_photos
from spaces.demo.places import PlaceMaker
from spaces.demo.pledges import pledge_hours
from spaces.demo.reopened import lend_and_reopen, talk
from spaces.demo.searches import watch_search
from spaces.demo.weeks import WeekMaker
from spaces.models import Building


class CannotLoadError(DomainError):
    """The demo would mix with real people, or is too small for its story."""


def load_demo(
    *, therapists: int, offices: int, seed: int, is_calm: bool = False
) -> None:
    """An invented community, the same for the same seed on the same day. ``is_calm``: without the incident.

    All in one transaction, so that nothing is mailed about what is half there.
    """
    _check(therapists, offices)
    rng = Random(seed)  # noqa: S311 -- chance, not secrecy
    with transaction.atomic():
        make_community()
        cast = PeopleMaker(rng, therapists).make()
        rooms = PlaceMaker(rng, offices).make(cast)
        hang_photos(rooms)
        WeekMaker(rng, cast, rooms).make()
        keep_busy(cast.displaced)
        watch_search(cast.displaced)
        wait_and_hand_on(cast, rooms)
        pledge_hours(cast, rooms)
        _analyze()
        if not is_calm:
            lend_and_reopen(cast, rooms)
            talk(rooms)
            IncidentMaker(rng, cast, rooms).make()
            remember_past_incident(cast, rooms)
    _analyze()


def _analyze() -> None:
    """Thousands of rows at once: without this PostgreSQL plans as if the tables were empty."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _check(therapists: int, offices: int) -> None:
    for model in (Community, Therapist, Building):
        if model.objects.exists():
            raise CannotLoadError(
                _(
                    "There is a community here already, and the demo does not mix with it. An empty database, please."
                )
            )
    if therapists < people.FEWEST or offices < places.FEWEST:
        raise CannotLoadError(
            _("The story needs at least %(people)s therapists and %(rooms)s offices.")
            % {"people": people.FEWEST, "rooms": places.FEWEST}
        )
