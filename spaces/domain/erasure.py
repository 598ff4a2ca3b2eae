"""What the exchange forgets of a person. Bookings, needs and messages stay with the others, of a former member."""

from django.utils.translation import gettext as _

from directory.domain.erasure import delete_after_commit
from directory.models import Therapist
from spaces.models import (
    BusyCalendar,
    Office,
    OfficePhoto,
    Opening,
    Pledge,
    SavedSearch,
    UsualHours,
    WaitlistEntry,
)
from spaces.models.photo import SIDES


def erase_traces(therapist: Therapist) -> None:
    """In the caller's transaction. A room that nobody else lets keeps its name and place alone, for its guests."""
    BusyCalendar.objects.filter(therapist=therapist).delete()
    Pledge.objects.filter(therapist=therapist).delete()
    SavedSearch.objects.filter(therapist=therapist).delete()
    UsualHours.objects.filter(therapist=therapist).delete()
    WaitlistEntry.objects.filter(guest=therapist).delete()
    rooms = Office.objects.hosted_by(therapist)
    for office in rooms.prefetch_related("hosts"):
        if len(office.hosts.all()) > 1:
            office.hosts.remove(therapist)
        else:
            _empty(office, therapist)


def _empty(office: Office, host: Therapist) -> None:
    Opening.objects.filter(office=office).delete()
    for photo in OfficePhoto.objects.filter(office=office):
        files = [getattr(photo, size) for size in SIDES]
        OfficePhoto.objects.filter(pk=photo.pk).delete()
        delete_after_commit(files)
    if any(word in office.name.casefold() for word in host.name.casefold().split()):
        office.name = _("A former member’s room")
    office.suite = office.description = office.directions = ""
    office.entry_code = office.alarm = office.terms = ""
    office.is_hidden = True
    office.save()
