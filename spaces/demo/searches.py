from datetime import timedelta

from django.utils import timezone

from directory.models import Therapist
from spaces.domain.saved_search import save_search
from spaces.hours import Span
from spaces.models import SavedSearch
from spaces.week import say_spans

EVENINGS = [Span(1, 1080, 1260), Span(3, 1080, 1260)]
ZIP = "94618"


def watch_search(person: Therapist) -> SavedSearch:
    """Tuesday and Thursday evenings, which are scarce: told once a day when a room has them."""
    first = timezone.localdate() + timedelta(days=7)
    last = first + timedelta(weeks=26, days=-1)
    hours = "&".join(f"hours={'-'.join(map(str, span))}" for span in EVENINGS)
    return save_search(
        person,
        name=f"{say_spans(EVENINGS)}, near {ZIP}, up to $25 / hour, step-free",
        query=f"{hours}&first_date={first}&until={last}&near={ZIP}&radius=5&most=25&step_free=on",
        last_date=last,
        frequency="daily",
    )
