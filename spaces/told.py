"""Whom a wave told, why, and what became of each one's mail: for moderators. What anybody answered stays theirs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from directory.enums import DeliveryState
from directory.models import Delivery
from spaces.enums import AnswerChoice
from spaces.models import Answer, Wave, WaveRecipient

MOST_LINES = 500
S = DeliveryState
BAR = [S.SENT, S.PENDING, S.UNCERTAIN, S.SKIPPED, S.FAILED]
AS_SHOWN = {S.CLAIMED: S.PENDING, S.ATTEMPTING: S.PENDING}


class Line(NamedTuple):
    told: WaveRecipient
    delivery: Delivery | None

    @property
    def said(self) -> str:
        """Why it waits, was left out or failed."""
        return self.delivery.reason if self.delivery else ""


class Part(NamedTuple):
    """Of the bar: from where, how wide, in percent."""

    state: DeliveryState
    number: int
    start: float
    width: float

    @property
    def label(self) -> str:
        return str(self.state.label)


@dataclass(frozen=True)
class Told:
    lines: list[Line]
    total: int
    bar: list[Part]
    offered: int
    refused: int

    @property
    def is_moving(self) -> bool:
        """Mails are on their way yet."""
        return any(part.state in {S.PENDING, S.UNCERTAIN} for part in self.bar)

    @property
    def more(self) -> int:
        return self.total - len(self.lines)


def told_by(wave: Wave) -> Told:
    """In a constant number of queries; of a huge wave the first so many people, and all in the counts."""
    mails = Delivery.objects.filter(kind="wave", cause=f"wave:{wave.pk}")
    rows = list(
        wave.recipients.select_related("recipient")
        .defer("recipient__bio")
        .order_by("metres", "pk")[:MOST_LINES]
    )
    mail_to = {
        mail.recipient_id: mail
        for mail in mails.filter(recipient__in=[row.recipient_id for row in rows])
    }
    states = Counter(
        AS_SHOWN.get(DeliveryState(state), DeliveryState(state))
        for state in mails.values_list("state", flat=True)
    )
    answers = Counter(Answer.objects.filter(wave=wave).values_list("choice", flat=True))
    return Told(
        lines=[Line(row, mail_to.get(row.recipient_id)) for row in rows],
        total=wave.recipients.count(),
        bar=_bar([(state, states[state]) for state in BAR if states[state]]),
        offered=answers[AnswerChoice.OFFERS],
        refused=answers.total() - answers[AnswerChoice.OFFERS],
    )


def _bar(counts: Sequence[tuple[DeliveryState, int]]) -> list[Part]:
    total = sum(count for _state, count in counts)
    parts, start = [], 0.0
    for state, count in counts:
        width = 100 * count / total
        parts.append(Part(state, count, round(start, 2), round(width, 2)))
        start += width
    return parts
