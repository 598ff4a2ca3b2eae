"""What else could work, where no room has all of the wanted hours: half an hour's shift, a shorter block, another day,
or two rooms that have them all together. Reads only, and bounded: the best few offices, the best few pairs.
"""

from collections.abc import Collection, Iterator, Sequence

from django.db.models import Exists, OuterRef

from directory.geo import DistanceTo
from directory.models import Therapist
from spaces.models import Office
from spaces.models.opening import OpeningQuerySet
from spaces.queries import Wanted, candidate_offices, match_offices, openings_open_to
from spaces.suggestions.found import KINDS, Suggestion
from spaces.suggestions.other_hours import changed, offers_of
from spaces.suggestions.two_rooms import together

MOST_OFFICES = 30  # looked at
EACH = 2  # shown of a kind


def suggestions_for(wanted: Wanted, *, guest: Therapist) -> list[Suggestion]:
    """The best two of each kind; of an office that has it all already, nothing."""
    matches = match_offices(wanted, guest=guest, limit=MOST_OFFICES)
    known = {match.office.pk: match for match in matches}
    openings = openings_open_to(guest)
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    near = _others_near(wanted, guest, openings, leave_out=known)
    offices = {**near, **{pk: match.office for pk, match in known.items()}}
    full = {match.office.pk for match in matches if match.is_full}
    single = [
        found
        for pk, offer in offers_of(wanted, openings, offices).items()
        if pk not in full
        and (found := changed(wanted, offices[pk], known.get(pk), offer))
    ]
    single.sort(key=lambda found: found.cost)
    pairs = together(wanted, [match for match in matches if not match.is_full])
    return list(_best([*single, *pairs]))


def _best(found: Sequence[Suggestion]) -> Iterator[Suggestion]:
    for kind in KINDS:
        yield from [item for item in found if item.kind == kind][:EACH]


def _others_near(
    wanted: Wanted,
    guest: Therapist,
    openings: OpeningQuerySet,
    leave_out: Collection[int],
) -> dict[int, Office]:
    """Offices with none of the hours, the nearest first: another day or half an hour may be what they have."""
    offices = (
        candidate_offices(wanted, guest)
        .exclude(pk__in=leave_out)
        .filter(Exists(openings.filter(office=OuterRef("pk"))))
    )
    if wanted.latitude is not None and wanted.longitude is not None:
        distance = DistanceTo(wanted.latitude, wanted.longitude, "building__")
        offices = offices.annotate(metres=distance).order_by("metres", "pk")
    rest = MOST_OFFICES - len(leave_out)
    return {office.pk: office for office in offices.select_related("building")[:rest]}
