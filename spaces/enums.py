from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Audience(TextChoices):
    ALL = "all", _("All members")
    EMERGENCIES = "emergencies", _("Emergencies only")


class LeasePermits(TextChoices):
    YES = "yes", _("Yes")
    CONSENT = "consent", _("Yes, with the landlord's consent")
    NO = "no", _("No")
    UNKNOWN = "unknown", _("I don't know")


class Sort(TextChoices):
    """The order of what a search finds: what fits whole comes first in all of them."""

    FIT = "fit", _("Best fit")
    NEAREST = "nearest", _("Nearest")
    CHEAPEST = "cheapest", _("Cheapest")
    FRESHEST = "freshest", _("Confirmed last")


class BookingStatus(TextChoices):
    REQUESTED = "requested", _("Asked for")
    AWAITING = "awaiting", _("Awaiting approval")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    ENDED = "ended", _("Ended")


class BookingSource(TextChoices):
    REQUEST = "request", _("Asked for by the guest")
    OFFER = "offer", _("Offered in an emergency")
    HOST = "host", _("Entered by the host")
    WAITLIST = "waitlist", _("From the waitlist")
    SUBLET = "sublet", _("Borrowed first, then sublet")


class OccurrenceState(TextChoices):
    ASKED = "asked", _("Asked for")
    HELD = "held", _("Held")
    BOOKED = "booked", _("Booked")
    DISPLACED = "displaced", _("Displaced")
    LOST = "lost", _("Went to someone else")
    DECLINED = "declined", _("Declined")
    SKIPPED = "skipped", _("Skipped")
    GIVEN_BACK = "given_back", _("Given back")
    CANCELLED = "cancelled", _("Cancelled")
    RELEASED = "released", _("Released")


class ChangeKind(TextChoices):
    """What an event of a booking did to its dates, where its status stayed what it was."""

    SKIPPED = "skipped", _("skipped")
    READDED = "readded", _("took up again")
    MOVED = "moved", _("moved")
    CHANGED = "changed", _("changed from a date on")
    ENDED = "ended", _("ended from a date on")
    GIVEN_BACK = "given_back", _("gave back")
    ROOM = "room", _("moved to another room")
    PARTLY = "partly", _("accepted in part")
    HELD = "held", _("held")
    RELEASED = "released", _("released")
    HANDED_ON = "handed_on", _("handed on")
    LENT = "lent", _("lent")
    APPROVED = "approved", _("approved")
    UNUSED = "unused", _("said to be unused")
    KEPT = "kept", _("kept")
    DUE = "due", _("changed what is due")


class ProposalStatus(TextChoices):
    OPEN = "open", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Taken back")
    LAPSED = "lapsed", _("Not answered in time")


class WaitState(TextChoices):
    WAITING = "waiting", _("Waiting")
    HELD = "held", _("Held")
    DONE = "done", _("Has the hours")
    LEFT = "left", _("No longer waiting")
    PAST = "past", _("Past")


class HandOnKind(TextChoices):
    HAND_ON = "hand_on", _("Hand on")
    LEND = "lend", _("Lend")


class HandOnStatus(TextChoices):
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")


class IncidentKind(TextChoices):
    FIRE = "fire", _("Fire")
    FLOOD = "flood", _("Flood or water damage")
    POWER = "power", _("No power, heating or water")
    EARTHQUAKE = "earthquake", _("Earthquake")
    SMOKE = "smoke", _("Smoke or bad air")
    OTHER = "other", _("Something else")


class IncidentStatus(TextChoices):
    REPORTED = "reported", _("Reported, not yet confirmed")
    PROVISIONAL = "provisional", _("Provisionally confirmed")
    CONFIRMED = "confirmed", _("Confirmed")
    OVER = "over", _("Over")
    DISMISSED = "dismissed", _("False alarm")


class NeedStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    COVERED = "covered", _("Covered")
    CLOSED = "closed", _("Closed")
    EXPIRED = "expired", _("Past")


class OfferStatus(TextChoices):
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined with thanks")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")


class LoanKind(TextChoices):
    LENDS = "lends", _("To lend")
    GIVES = "gives", _("To give away")
    SEEKS = "seeks", _("Looked for")


class LoanStatus(TextChoices):
    OPEN = "open", _("Open")
    CLAIMED = "claimed", _("Claimed")
    PICKED_UP = "picked_up", _("Picked up")
    RETURNED = "returned", _("Returned")
    WITHDRAWN = "withdrawn", _("Taken back")
    EXPIRED = "expired", _("Past")


class WayBackStatus(TextChoices):
    """Of dates in one's own room that is open again, where another one was found for the same hours."""

    ASKED = "asked", _("To be decided")
    BACK = "back", _("Back in the own room")
    STAYED = "stayed", _("Stays in the other room")
    LAPSED = "lapsed", _("Released unanswered")
    MOOT = "moot", _("Closed again")


class BorrowedKind(TextChoices):
    END = "end", _("End it")
    SUBLET = "sublet", _("Turn it into a sublet")


class BorrowedStatus(TextChoices):
    ASKED = "asked", _("To be decided")
    PROPOSED = "proposed", _("Waits for the other one’s yes")
    AGREED = "agreed", _("Agreed")
    KEPT = "kept", _("Stays as it was agreed")
    LAPSED = "lapsed", _("Unanswered: stays as it was agreed")


class WaveState(TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped by a moderator")


class AnswerChoice(TextChoices):
    OFFERS = "offers", _("Offered hours")
    NOT_NOW = "not_now", _("Not this time")
    NOT_THIS_INCIDENT = "not_this_incident", _("Not for this incident")


class DrillState(TextChoices):
    WAITING = "waiting", _("About to begin")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class ReplyOutcome(TextChoices):
    """What became of an answer by mail. Whether it was a yes or a no is not told here."""

    DONE = "done", _("Understood and done")
    ASKED = "asked", _("Not plain: asked to confirm")
    TOO_LATE = "too_late", _("Nothing was needed any more")
    EXPIRED = "expired", _("Its address was too old")
    AUTOMATIC = "automatic", _("Automatic, left alone")
    NOT_ALLOWED = "not_allowed", _("From nobody who is a member now")


class Party(TextChoices):
    """Who somebody is to a booking, need, offer or incident: the columns of the transition tables."""

    GUEST = "guest"
    HOST = "host"
    SUPERVISOR = "supervisor"
    AUTHOR = "author"
    HELPER = "helper"
    MEMBER = "member"
    PARTNER = "partner"
    TIED = "tied"
    MODERATOR = "moderator"
    CLOCK = "clock"
