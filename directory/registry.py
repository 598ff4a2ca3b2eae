"""Where apps register, at start, what ``directory`` must know without importing them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Min, QuerySet
from django.utils.functional import Promise
from django.utils.timesince import timesince

from directory.enums import Priority, Topic
from directory.models import Delivery, Therapist


@dataclass(frozen=True)
class Attachment:
    """A file. ``alternative``: the type under which it stands beside the text, too, for programs that act on it."""

    name: str
    mimetype: str
    content: str
    alternative: str = ""


@dataclass(frozen=True)
class Mail:
    """``url``: where its button leads, if there is one."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True)
class Skip:
    """Not sent, and never to be: the reason is kept in the row."""

    reason: str


@dataclass(frozen=True)
class Postpone:
    """Not now: looked at again at ``until``."""

    until: datetime
    reason: str


def no_objections(rows: Sequence[Delivery]) -> Mapping[int, Skip | Postpone]:
    return {}


def none_urgent(rows: Sequence[Delivery]) -> set[int]:
    return set()


@dataclass(frozen=True)
class MessageKind:
    """What an app says of a message it sends. Keys of all answers are the rows' primary keys.

    ``render`` runs when rows are claimed, so a mail tells what is true at that moment; a row it leaves out is skipped.
    ``wanted`` names the rows that must not go out, or not yet. ``urgent`` names those for which quiet hours yield.
    Of a secret kind the payload is wiped once the row is sent, skipped or failed. Of kinds that may wait, whoever wants
    their topic once a day or week reads a line in their digest instead. A digest holds what is wanted of all topics: that
    its own is off does not stop it.
    """

    name: str
    priority: Priority
    topic: Topic | None
    render: Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]
    wanted: Callable[[Sequence[Delivery]], Mapping[int, Skip | Postpone]] = (
        no_objections
    )
    urgent: Callable[[Sequence[Delivery]], set[int]] = none_urgent
    is_secret: bool = False
    may_wait: bool = False
    is_digest: bool = False

    @property
    def is_essential(self) -> bool:
        return self.priority <= Priority.ESSENTIAL


_kinds: dict[str, MessageKind] = {}


def register_message(kind: MessageKind) -> None:
    if kind.name in _kinds:
        raise ValueError(f"The message kind {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def message_kind(name: str) -> MessageKind:
    return _kinds[name]


def message_kinds() -> list[MessageKind]:
    return list(_kinds.values())


_subjects: dict[str, str | Promise] = {}


def register_subjects(subjects: Mapping[str, str | Promise]) -> None:
    """What each kind of message is about, in a few words for those who got it, or did not."""
    _subjects.update(subjects)


def subject_of(kind: str) -> str | Promise:
    """Of kinds that no app sends any more, nothing."""
    return _subjects.get(kind, "")


# --- What waits for a moderator ---------------------------------------------
@dataclass(frozen=True)
class Queue:
    """One line of the moderation desk's front page: what waits, and where it is seen.

    ``rows`` say, annotated as ``since``, from when on each of them waits: a moment or a date.
    """

    label: str | Promise
    rows: Callable[[], QuerySet[Any]]
    url: Callable[[], str]

    def waiting(self) -> "Waiting":
        found = self.rows().aggregate(count=Count("pk"), oldest=Min("since"))
        return Waiting(self.label, self.url(), **found)


@dataclass(frozen=True)
class Waiting:
    """A queue at this moment; ``oldest`` is since when the first one waits, None where nobody does."""

    label: str | Promise
    url: str
    count: int
    oldest: datetime | date | None

    @property
    def age(self) -> str:
        """``3 days``"""
        return timesince(self.oldest, depth=1) if self.oldest else ""


_queues: list[Queue] = []


def register_queue(queue: Queue) -> None:
    _queues.append(queue)


def what_waits() -> list[Waiting]:
    """One query for each queue, however much waits there."""
    return [queue.waiting() for queue in _queues]


# --- What somebody's going touches, and what is kept of one person --------------
@dataclass(frozen=True)
class Commitment:
    """Something agreed with others that is still to come."""

    text: str
    url: str


Rows = Sequence[Mapping[str, object]]
_commitments: list[Callable[[Therapist], list[Commitment]]] = []
_tables: list[Callable[[Therapist], dict[str, Rows]]] = []
_files: list[Callable[[Therapist], tuple[str, str]]] = []


def register_person(
    commitments: Callable[[Therapist], list[Commitment]],
    tables: Callable[[Therapist], dict[str, Rows]],
    file: Callable[[Therapist], tuple[str, str]],
) -> None:
    """What an app knows of one person: agreements that run, tables and a file for "everything of mine"."""
    _commitments.append(commitments)
    _tables.append(tables)
    _files.append(file)


def commitments_of(therapist: Therapist) -> list[Commitment]:
    return [line for find in _commitments for line in find(therapist)]


def export_tables() -> list[Callable[[Therapist], dict[str, Rows]]]:
    return list(_tables)


def export_files() -> list[Callable[[Therapist], tuple[str, str]]]:
    return list(_files)


# --- News of a day or a week ------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One piece of news, its own address with it."""

    text: str
    url: str
    more: str = ""


@dataclass(frozen=True)
class News:
    """A part of the digest: what is new for one person since a moment, the most worth reading first.

    ``heading`` says how many, ``url`` is where all of it is seen. Whoever wants nothing of ``topic`` does not get it.
    """

    topic: Topic
    heading: Callable[[int], str]
    url: Callable[[], str]
    find: Callable[[Therapist, datetime], Sequence[Line]]


_news: list[News] = []


def register_news(news: News) -> None:
    _news.append(news)


def news_parts() -> list[News]:
    """In the order of their topics."""
    order = list(Topic)
    return sorted(_news, key=lambda news: order.index(news.topic))


# --- Somebody goes -----------------------------------------------------------------
@dataclass(frozen=True)
class Departure:
    """Who went, or was suspended, when; ``is_unsafe``: nothing runs on; ``is_for_good``: they left of themselves."""

    therapist: Therapist
    since: datetime
    is_unsafe: bool
    is_for_good: bool


_runs_out: list[Callable[[Departure], None]] = []
_erasures: list[Callable[[Therapist], None]] = []
_acquaintances: list[Callable[[Therapist], QuerySet[Any, int]]] = []


def register_departure(
    run_out: Callable[[Departure], None], erase: Callable[[Therapist], None]
) -> None:
    """``run_out`` ends what was agreed, as agreed; it may be called twice. ``erase`` forgets what was one person's."""
    _runs_out.append(run_out)
    _erasures.append(erase)


def run_out(departure: Departure) -> None:
    for step in _runs_out:
        step(departure)


def erase_in_apps(therapist: Therapist) -> None:
    for step in _erasures:
        step(therapist)


def register_acquaintances(find: Callable[[Therapist], QuerySet[Any, int]]) -> None:
    """With whom somebody has an agreement, by primary key: such people see each other whoever hides."""
    _acquaintances.append(find)


def acquaintances_of(therapist: Therapist) -> set[int]:
    return {pk for find in _acquaintances for pk in find(therapist)}


# --- Two rows that are one person ----------------------------------------------------------
_clashes: list[Callable[[Therapist, Therapist], list[str]]] = []
_merged: list[Callable[[Therapist], None]] = []


def register_merging(
    clashes: Callable[[Therapist, Therapist], list[str]],
    settle: Callable[[Therapist], None],
) -> None:
    """``clashes`` says, in a transaction, why the first cannot become the second; ``settle`` follows once it has."""
    _clashes.append(clashes)
    _merged.append(settle)


def merge_clashes(duplicate: Therapist, into: Therapist) -> list[str]:
    return [line for find in _clashes for line in find(duplicate, into)]


def settle_merged(into: Therapist) -> None:
    for settle in _merged:
        settle(into)


# --- How long things are kept -----------------------------------------------------------
@dataclass(frozen=True)
class Keeping:
    """Something that is deleted in time: ``field`` of ``Community`` says after how many days.

    ``old`` gives, from the moment before which it is old, the rows to delete.
    """

    label: str | Promise
    field: str
    old: Callable[[datetime], QuerySet[Any]]


_keepings: list[Keeping] = []


def register_keeping(keeping: Keeping) -> None:
    _keepings.append(keeping)


def keepings() -> list[Keeping]:
    return list(_keepings)


# --- Is there an emergency? Every page's navigation asks. --------------------
EMERGENCY_KEY = "directory:emergency-open"
EMERGENCY_SECONDS = 15
_emergency_checks: list[Callable[[], bool]] = []


def register_emergency_open(check: Callable[[], bool]) -> None:
    _emergency_checks.append(check)


def emergency_open() -> bool:
    """Whether some app says so, up to 15 s old."""
    known = cache.get(EMERGENCY_KEY)
    if known is None:
        known = any(check() for check in _emergency_checks)
        cache.set(EMERGENCY_KEY, known, EMERGENCY_SECONDS)
    return bool(known)
