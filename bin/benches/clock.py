"""A clock that a bench can put forward: days of waiting in seconds, by everything that asks Django for the time."""

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone


class Clock:
    """Tells the real time until it is set; from then on it runs on from there."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def install(self) -> None:
        """Before any model is imported: their defaults keep the function they were given."""
        timezone.now = self.now

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), tz=UTC) + self._ahead

    def set(self, moment: datetime) -> None:
        self._ahead += moment - self.now()


clock = Clock()
