from directory.models.block import Block
from directory.models.community import Community
from directory.models.delivery import Delivery, DeliveryQuerySet
from directory.models.licence import (
    Insurance,
    Licence,
    LicenceCheck,
    LicenceRegister,
    Supervision,
    SupervisionRule,
)
from directory.models.preference import Preference
from directory.models.term import Term, TermQuerySet
from directory.models.therapist import StandingEvent, Therapist, TherapistQuerySet
from directory.models.user import User

__all__ = [
    "Block",
    "Community",
    "Delivery",
    "DeliveryQuerySet",
    "Insurance",
    "Licence",
    "LicenceCheck",
    "LicenceRegister",
    "Preference",
    "StandingEvent",
    "Supervision",
    "SupervisionRule",
    "Term",
    "TermQuerySet",
    "Therapist",
    "TherapistQuerySet",
    "User",
]
