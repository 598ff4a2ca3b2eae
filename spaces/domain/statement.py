"""What a host says of money that no rule decides: whether a displaced date is due all the same."""

from django.db import transaction
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import lock_offices
from spaces.domain.dates import record_change, said_periods
from spaces.enums import ChangeKind, OccurrenceState
from spaces.models import Booking, Occurrence


@transaction.atomic
def set_due(occurrence: Occurrence, *, is_due: bool, by: Therapist) -> Occurrence:
    """Only a host says so, and only of a displaced date. Again is no error, and tells nobody."""
    lock_offices([occurrence.office_id])
    occurrence = Occurrence.objects.select_related("guest", "payer", "office").get(
        pk=occurrence.pk
    )
    if not occurrence.office.hosts.filter(pk=by.pk).exists():
        raise NotAllowedError(_("Only its host says what is due."))
    if not _is_displaced(occurrence):
        raise NotAllowedError(_("This date is not displaced, or not any more."))
    if occurrence.is_due != is_due:
        occurrence.is_due = is_due
        occurrence.save(update_fields=["is_due"])
        record_change(
            Booking.objects.with_parties().get(pk=occurrence.booking_id),
            ChangeKind.DUE,
            by=by,
            details={"before": said_periods([occurrence]), "is_due": is_due},
            also=filter(None, [occurrence.guest, occurrence.payer]),
        )
    return occurrence


def _is_displaced(occurrence: Occurrence) -> bool:
    """Now, or once: what nobody wanted back after an incident is released."""
    if occurrence.state == OccurrenceState.DISPLACED:
        return True
    was_displaced = occurrence.displacements.exists()
    return occurrence.state == OccurrenceState.RELEASED and was_displaced
