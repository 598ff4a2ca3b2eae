from django.db import models
from django.utils.translation import gettext_lazy as _


class Standing(models.TextChoices):
    INVITED = "invited", _("invited")
    APPLICANT = "applicant", _("applicant")
    MEMBER = "member", _("member")
    SUSPENDED = "suspended", _("suspended")
    LEFT = "left", _("left")


class TermKind(models.TextChoices):
    SPECIALTY = "specialty", _("specialty")
    MODALITY = "modality", _("modality")
    LANGUAGE = "language", _("language")
    POPULATION = "population", _("works with")
    AGE = "age", _("age group")
    FORMAT = "format", _("how sessions take place")
    PAYER = "payer", _("who pays")
    SUPERVISED = "supervised", _("licence that is supervised")
    SCHOOL = "school", _("school or institute")
    CREDENTIAL = "credential", _("licence or credential")
    OFFICE_ATTRIBUTE = "office_attribute", _("office attribute")
    OFFICE_TERM = "office_term", _("term an office is let on")


class TermGroup(models.TextChoices):
    """Under which heading the terms of one vocabulary stand, in this order; empty where it needs none."""

    ROOM = "room", _("The room itself")
    PRIVACY = "privacy", _("Sound and privacy")
    COMMON = "common", _("Waiting, kitchen and the like")
    ACCESS = "access", _("Getting in and around")
    BUILDING = "building", _("The house, evenings and weekends")
    INSURANCE = "insurance", _("Insurance and licence")
    ENDING = "ending", _("For how long, and calling off")
    PAYING = "paying", _("Paying, and what is included")
    USE = "use", _("What the room is for")


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("waiting")
    CLAIMED = "claimed", _("claimed")
    ATTEMPTING = "attempting", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    UNCERTAIN = "uncertain", _("uncertain")
    SKIPPED = "skipped", _("skipped")


class Fate(models.TextChoices):
    """What became of a sent message, as far as a mail provider reports it."""

    DELIVERED = "delivered", _("delivered")
    BOUNCED = "bounced", _("came back")
    REJECTED = "rejected", _("refused by the mail provider")
    COMPLAINED = "complained", _("marked as spam")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed at the mail provider")


class Priority(models.IntegerChoices):
    """The order of claims. Up to ESSENTIAL a message ignores topic, cap, quiet hours and standing."""

    CODE = 0, _("sign-in code")
    ESSENTIAL = 1, _("essential")
    WAVE = 2, _("call for help")
    DIGEST = 3, _("news and digests")


class Topic(models.TextChoices):
    EMERGENCIES = "emergencies", _("calls for help in an emergency")
    HOURS = "hours", _("hours and rooms")
    BUILDINGS = "buildings", _("posts about buildings you have rooms or hours in")
    COMMUNITY = "community", _("news of the community")


class Frequency(models.TextChoices):
    AT_ONCE = "at_once", _("at once")
    DAILY = "daily", _("once a day")
    WEEKLY = "weekly", _("once a week")
    OFF = "off", _("not at all")


class LicenceVerdict(models.TextChoices):
    CHECKED = "checked", _("as stated")
    RENEWED = "renewed", _("renewed")
    REFUSED = "refused", _("not found")


class ReportOutcome(models.TextChoices):
    NOTHING = "nothing", _("nothing to be done")
    SPOKEN = "spoken", _("spoken to the person")
    SUSPENDED = "suspended", _("suspended")


class Audience(models.TextChoices):
    """Who sees a field of a profile."""

    ME = "me", _("only me")
    MEMBERS = "members", _("members")
    PUBLIC = "public", _("members, and my public page")


class BookingParty(models.TextChoices):
    """Who books a room for somebody who practises under another's licence, by the jurisdiction's rule."""

    THEMSELF = "themself", _("the associate or trainee")
    SUPERVISOR = "supervisor", _("the supervisor")


class DistanceUnit(models.TextChoices):
    KM = "km", _("kilometres")
    MI = "mi", _("miles")
