"""The yes or no of who answers for a guest under supervision. One tap, before or after the host's answer."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.supervision import accepted_party, rule_for
from directory.errors import DomainError, NotAllowedError
from directory.models import SupervisionRule, Therapist
from spaces.domain.booking import confirm_booking, decline_booking
from spaces.domain.dates import lock_booking, record_change, said_periods
from spaces.domain.need import settle_need
from spaces.domain.wave import lock_cause
from spaces.enums import BookingStatus, ChangeKind
from spaces.models import Booking, Offer


@transaction.atomic
def approve_booking(booking: Booking, *, by: Therapist) -> Booking:
    """Before the host's answer it is noted; after, the held hours are booked. Again is no error."""
    offer = Offer.objects.filter(booking=booking).select_related("need").first()
    if offer:
        lock_cause(offer.need.incident_id, offer.need_id)
    booking = lock_booking(booking)
    if booking.party_id != by.pk or not by.is_member:
        raise NotAllowedError(_("Somebody else answers for this booking."))
    if booking.approved_at is not None:
        return booking
    if booking.status == BookingStatus.AWAITING:
        booking = confirm_booking(booking, by=by)
        if offer:
            settle_need(offer.need)  # these hours cover it now
        return booking
    if booking.status != BookingStatus.REQUESTED:
        raise NotAllowedError(
            _("This booking is “%(now)s” now; there is nothing to approve any more.")
            % {"now": booking.get_status_display()}
        )
    booking.approved_at = timezone.now()
    booking.save(update_fields=["approved_at"])
    dates = said_periods(booking.occurrences.all())
    record_change(booking, ChangeKind.APPROVED, by=by, details={"after": dates})
    return booking


def refuse_booking(booking: Booking, *, by: Therapist, note: str) -> Booking:
    """The same people are told, with the reason; hours that were held are free again."""
    if booking.party_id != by.pk or not by.is_member:
        raise NotAllowedError(_("Somebody else answers for this booking."))
    if not note.strip():
        raise DomainError(_("Say why, please: your colleague is told it."))
    return decline_booking(booking, by=by, note=note)


def waits_for(booking: Booking) -> Therapist | None:
    """Whose approval is missing, while there is still something to approve."""
    is_open = booking.status in {BookingStatus.REQUESTED, BookingStatus.AWAITING}
    return booking.party if is_open and booking.approved_at is None else None


def who_approves(
    guest: Therapist,
) -> tuple[SupervisionRule | None, Therapist | None]:
    """For the page on which hours are asked for: the rule that applies, and who will be asked."""
    rule = rule_for(guest)
    return rule, accepted_party(guest) if rule else None
