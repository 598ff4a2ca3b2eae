"""When a bad day is over: everybody who lent a room or a thing is thanked once, and reads what all of it came to."""

from directory.domain.outbox import enqueue_to
from directory.models import Therapist
from spaces.closing import helpers_of
from spaces.models import Incident


def thank_helpers(incident: Incident) -> None:
    """In the transaction that ends it."""
    people = Therapist.objects.filter(pk__in=helpers_of(incident)).with_user()
    enqueue_to(
        "incident_thanks",
        [person for person in people if person.address],
        cause=f"incident:{incident.pk}",
        payload={"incident": incident.pk},
    )
