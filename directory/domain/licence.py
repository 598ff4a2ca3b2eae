"""Licences run out: who is warned, what a lapse stops, who checked what.

A lapse is private and stops new offers and bookings alone; what is booked runs on. While a renewal waits to be checked
it comes 30 days later.
"""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue, enqueue_all
from directory.enums import LicenceVerdict, Standing
from directory.errors import DomainError, NotAllowedError
from directory.models import Community, Licence, LicenceCheck, Therapist
from directory.models.licence import LicenceQuerySet
from directory.models.therapist import TherapistQuerySet

WARN_DAYS = [7, 30]
GRACE = timedelta(days=30)
LONGEST = timedelta(days=3660)


def only_licensed(therapist: Therapist) -> None:
    """For new offers and bookings."""
    if therapist.lapsed_on:
        raise NotAllowedError(
            _(
                "Your licence has run out here, so nothing new can be offered or booked; what is booked runs on. "
                "Tell us its new date in Settings under “Licence and insurance”."
            )
        )


def only_licensed_guest(guest: Therapist, *, by: Therapist) -> None:
    """The same where ``by`` asks for somebody else, who is not told why: that is the guest's own affair."""
    if guest == by:
        only_licensed(by)
    elif guest.lapsed_on:
        raise NotAllowedError(
            _("Nothing can be booked for %(name)s now.") % {"name": guest}
        )


# --- The clock ------------------------------------------------------------------


def look_at_licences(today: date | None = None) -> None:
    """Warn at 30 and 7 days; mark who has no licence in force any more, and who has one again. May run at any time."""
    today = today or _today()
    _warn(today)
    keep_lapses(Therapist.objects.all(), today)


def _warn(today: date) -> None:
    soon = Licence.objects.filter(
        therapist__standing=Standing.MEMBER,
        expires_on__range=(today, today + timedelta(days=max(WARN_DAYS))),
        renews_until=None,
    ).select_related("therapist")
    with transaction.atomic():
        enqueue_all("licence_expires", [_warning(licence, today) for licence in soon])


def _warning(licence: Licence, today: date) -> Letter:
    assert licence.expires_on  # noqa: S101 -- looked for above
    left = (licence.expires_on - today).days
    step = next(days for days in WARN_DAYS if left <= days)
    return Letter(
        to=licence.therapist,
        cause=f"licence:{licence.pk}:{licence.expires_on}:{step}",
        payload={"licence": licence.pk, "expires_on": str(licence.expires_on)},
    )


@transaction.atomic
def keep_lapses(people: TherapistQuerySet, today: date | None = None) -> None:
    """``lapsed_on`` of these members as their licences say. Who gave none was let in without, and does not lapse."""
    today = today or _today()
    own = Licence.objects.filter(therapist=OuterRef("pk"))
    in_force = Exists(_in_force(own, today))
    members = people.members()
    members.filter(in_force, lapsed_on__isnull=False).update(lapsed_on=None)
    lapsing = list(members.filter(~in_force, Exists(own), lapsed_on=None))
    Therapist.objects.filter(pk__in=[person.pk for person in lapsing]).update(
        lapsed_on=today
    )
    enqueue_all(
        "licence_lapsed",
        [Letter(to=person, cause=f"lapse:{person.pk}:{today}") for person in lapsing],
    )


def _keep_lapse(licence: Licence) -> None:
    keep_lapses(Therapist.objects.filter(pk=licence.therapist_id))


def _in_force(licences: LicenceQuerySet, today: date) -> LicenceQuerySet:
    return licences.filter(
        Q(expires_on=None)
        | Q(expires_on__gte=today)
        | Q(renews_until__isnull=False, expires_on__gte=today - GRACE)
    )


# --- The member -----------------------------------------------------------------


@transaction.atomic
def renew_licence(licence: Licence, *, expires_on: date, by: Therapist) -> Licence:
    """Say until when it is valid now. It counts once a moderator has looked it up."""
    licence = _locked(licence)
    if licence.therapist_id != by.pk:
        raise NotAllowedError(_("This is not your licence."))
    sensible(expires_on)
    if licence.expires_on and expires_on <= licence.expires_on:
        raise DomainError(_("We know of this date already. Until when is it now?"))
    licence.renews_until, licence.renewal_sent_at = expires_on, timezone.now()
    licence.save(update_fields=["renews_until", "renewal_sent_at"])
    _keep_lapse(licence)
    return licence


def sensible(day: date) -> None:
    if not timezone.localdate() <= day <= timezone.localdate() + LONGEST:
        raise DomainError(_("Give a day to come, within ten years."))


# --- The moderator --------------------------------------------------------------


@transaction.atomic
def check_licence(licence: Licence, *, by: Therapist, words: str = "") -> Licence:
    """Looked up and found as stated; a renewal that waits becomes its date, and the member is told."""
    licence = _for_moderator(licence, by)
    renewed = licence.renews_until is not None
    if licence.renews_until:
        licence.expires_on = licence.renews_until
    verdict = LicenceVerdict.RENEWED if renewed else LicenceVerdict.CHECKED
    check = _write_down(licence, verdict, by, words)
    licence.checked_by, licence.checked_at = by, check.created_at
    licence.renews_until = licence.renewal_sent_at = None
    licence.save()
    if renewed:
        _tell("licence_renewed", check)
    _keep_lapse(licence)
    return licence


@transaction.atomic
def refuse_renewal(licence: Licence, *, by: Therapist, reason: str) -> Licence:
    licence = _for_moderator(licence, by)
    if not reason.strip():
        raise DomainError(_("Give a reason: the person is told it."))
    if licence.renews_until is None:
        raise NotAllowedError(_("Somebody has decided about this renewal already."))
    check = _write_down(licence, LicenceVerdict.REFUSED, by, reason)
    licence.renews_until = licence.renewal_sent_at = None
    licence.save(update_fields=["renews_until", "renewal_sent_at"])
    _tell("licence_refused", check)
    _keep_lapse(licence)
    return licence


def check_all(therapist: Therapist, *, by: Therapist) -> None:
    """Who lets somebody in answers for having looked up the licences they gave."""
    for licence in therapist.licences.filter(checked_at=None):
        check_licence(licence, by=by)


def _write_down(
    licence: Licence, verdict: LicenceVerdict, by: Therapist, words: str
) -> LicenceCheck:
    return LicenceCheck.objects.create(
        licence=licence,
        verdict=verdict,
        expires_on=licence.renews_until or licence.expires_on,
        by=by,
        words=words,
    )


def _tell(kind: str, check: LicenceCheck) -> None:
    enqueue(
        kind,
        to=check.licence.therapist,
        cause=f"licence-check:{check.pk}",
        payload={"check": check.pk},
    )


def _for_moderator(licence: Licence, by: Therapist) -> Licence:
    licence = _locked(licence)
    if not by.is_moderator or licence.therapist_id == by.pk:
        raise NotAllowedError(_("Another moderator has to check this licence."))
    return licence


def _locked(licence: Licence) -> Licence:
    return (
        Licence.objects.select_for_update(of=("self",))
        .select_related("therapist__user", "kind")
        .get(pk=licence.pk)
    )


def _today() -> date:
    return Community.objects.current().local().date()
