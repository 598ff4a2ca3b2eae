"""Where apps register, at start, what ``directory`` must know without importing them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.cache import cache
from django.utils.functional import Promise

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
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


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
    Of a secret kind the payload is wiped once the row is sent, skipped or failed.
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


# --- What waits for a moderator ---------------------------------------------
@dataclass(frozen=True)
class Queue:
    """One line of the moderation desk's front page: how many wait, and where they are seen."""

    label: str | Promise
    count: Callable[[], int]
    url: Callable[[], str]


_queues: list[Queue] = []


def register_queue(queue: Queue) -> None:
    _queues.append(queue)


def queues() -> list[Queue]:
    return list(_queues)


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
