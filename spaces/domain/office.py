from collections.abc import Iterable

from django.db import transaction

from directory.models import Therapist
from spaces.domain.availability import keep_facets, lock_offices
from spaces.models import Office


@transaction.atomic
def set_hidden(offices: Iterable[Office], *, is_hidden: bool) -> int:
    """Take offices out of sight of members, or back; for moderators. What is booked there stays booked."""
    locked = lock_offices(office.pk for office in offices)
    ids = [office.pk for office in locked]
    Office.objects.filter(pk__in=ids).update(is_hidden=is_hidden)
    keep_facets(Therapist.objects.filter(offices__in=ids).values_list("pk", flat=True))
    return len(ids)
