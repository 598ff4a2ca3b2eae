from celery import shared_task

from spaces.domain import availability, booking

# --- Exchange: bookings and free hours --------------------------------------------


@shared_task
def expire_bookings() -> None:
    booking.expire_bookings()


@shared_task
def end_bookings() -> None:
    booking.end_bookings()


@shared_task
def roll_availability() -> None:
    availability.verify_every_office()
