from spaces.models.booking import TAKEN, Booking, BookingEvent, Occurrence
from spaces.models.building import Building
from spaces.models.closure import Closure
from spaces.models.incident import (
    Displacement,
    Incident,
    IncidentScope,
    IncidentUpdate,
    IncidentWord,
)
from spaces.models.need import Need, NeedHour
from spaces.models.offer import Offer, OfferHour
from spaces.models.office import Office
from spaces.models.opening import Opening, UsualHours
from spaces.models.wave import Answer, Wave, WaveRecipient

__all__ = [
    "TAKEN",
    "Answer",
    "Booking",
    "BookingEvent",
    "Building",
    "Closure",
    "Displacement",
    "Incident",
    "IncidentScope",
    "IncidentUpdate",
    "IncidentWord",
    "Need",
    "NeedHour",
    "Occurrence",
    "Offer",
    "OfferHour",
    "Office",
    "Opening",
    "UsualHours",
    "Wave",
    "WaveRecipient",
]
