from directory.models import Therapist
from spaces.models import Booking, CodeView


def log_code_view(booking: Booking, *, viewer: Therapist) -> None:
    """Once for each time a page showed the entry code or the alarm to a guest: hosts read who has seen them."""
    CodeView.objects.create(booking=booking, viewer=viewer)
