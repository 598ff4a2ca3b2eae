from spaces.models.booking import TAKEN, Booking, BookingEvent, Occurrence
from spaces.models.building import Building
from spaces.models.building_post import BuildingPost
from spaces.models.busy import BusyCalendar
from spaces.models.closure import Closure
from spaces.models.code_view import CodeView
from spaces.models.drill import Drill
from spaces.models.hand_on import HandOn
from spaces.models.incident import (
    Displacement,
    Incident,
    IncidentScope,
    IncidentUpdate,
    IncidentWord,
)
from spaces.models.loan import Loan, LoanEvent
from spaces.models.message import BookingMessage
from spaces.models.need import Need, NeedHour
from spaces.models.offer import Offer, OfferHour
from spaces.models.office import Office
from spaces.models.opening import Opening, UsualHours
from spaces.models.photo import OfficePhoto
from spaces.models.pledge import Pledge, PledgeHour
from spaces.models.proposal import MoveProposal
from spaces.models.reopening import BorrowedRoom, WayBack
from spaces.models.reply import Reply
from spaces.models.search import SavedSearch
from spaces.models.waitlist import WaitlistEntry
from spaces.models.wave import Answer, Wave, WaveRecipient

__all__ = [
    "TAKEN",
    "Answer",
    "Booking",
    "BookingEvent",
    "BookingMessage",
    "BorrowedRoom",
    "Building",
    "BuildingPost",
    "BusyCalendar",
    "Closure",
    "CodeView",
    "Displacement",
    "Drill",
    "HandOn",
    "Incident",
    "IncidentScope",
    "IncidentUpdate",
    "IncidentWord",
    "Loan",
    "LoanEvent",
    "MoveProposal",
    "Need",
    "NeedHour",
    "Occurrence",
    "Offer",
    "OfferHour",
    "Office",
    "OfficePhoto",
    "Opening",
    "Pledge",
    "PledgeHour",
    "Reply",
    "SavedSearch",
    "UsualHours",
    "WaitlistEntry",
    "Wave",
    "WaveRecipient",
    "WayBack",
]
