from directory.models.absence import Absence
from directory.models.application import ApplicationMessage, Vouch
from directory.models.block import Block
from directory.models.community import Community
from directory.models.delivery import Delivery, DeliveryQuerySet
from directory.models.export import Export
from directory.models.licence import (
    Insurance,
    Licence,
    LicenceCheck,
    LicenceRegister,
    Supervision,
    SupervisionRule,
)
from directory.models.message import Conversation, Message
from directory.models.preference import Preference
from directory.models.report import Report
from directory.models.search import ColleagueSearch
from directory.models.term import Term, TermQuerySet
from directory.models.therapist import StandingEvent, Therapist, TherapistQuerySet
from directory.models.user import User

__all__ = [
    "Absence",
    "ApplicationMessage",
    "Block",
    "ColleagueSearch",
    "Community",
    "Conversation",
    "Delivery",
    "DeliveryQuerySet",
    "Export",
    "Insurance",
    "Licence",
    "LicenceCheck",
    "LicenceRegister",
    "Message",
    "Preference",
    "Report",
    "StandingEvent",
    "Supervision",
    "SupervisionRule",
    "Term",
    "TermQuerySet",
    "Therapist",
    "TherapistQuerySet",
    "User",
    "Vouch",
]
