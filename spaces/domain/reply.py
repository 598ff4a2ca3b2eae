"""Answers by mail: whose they are, whether they are plain, what is done. Not plain means asked, by mail, never guessed.

The signed address a wave's mail is answered to is what lets somebody speak for its recipient; the sender's name proves
nothing. What we say goes to the recipient's own address, so a forged sender gets no mail from us.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import DomainError, LinkInvalid
from directory.links import number_in
from directory.models import Therapist
from spaces.appeal import Appeal, appeal_to, offices_of
from spaces.domain.allotting import suits
from spaces.domain.offer import offer_hours, say_no
from spaces.domain.wave import lock_cause
from spaces.enums import AnswerChoice, ReplyOutcome
from spaces.hours import DAY, Span, common_spans, merge_spans
from spaces.incoming import Incoming
from spaces.matching import needs_asked_of
from spaces.models import Answer, Offer, Office, Reply, WaveRecipient
from spaces.notifications.links import HELP, LINK_DAYS
from spaces.reply import Part, Said, understand
from spaces.week import say_spans

S = ReplyOutcome
CHOICES = {"no": AnswerChoice.NOT_NOW, "never": AnswerChoice.NOT_THIS_INCIDENT}
MOST_REPLIES = 12  # of one person to one mail: two machines must not talk to each other


@dataclass
class Plan:
    """What a yes comes to. With a ``doubt``, said to the person, nothing is done."""

    spans: list[Span] = field(default_factory=list)
    office: Office | None = None
    doubt: str = ""


def take_reply(mail: Incoming) -> Reply | None:
    """The same mail again changes nothing. None where it is not an answer of anybody we asked."""
    told = _told_by(mail)
    if told is None:
        return None
    with transaction.atomic():
        lock_cause(told.wave.incident_id, told.wave.need_id)
        if told.replies.count() >= MOST_REPLIES:
            return None
        reply, is_new = Reply.objects.get_or_create(told=told, key=mail.key)
        if is_new:
            _answer(reply, mail)
            reply.save()
    return reply


def is_for_us(address: str) -> bool:
    """Whole and signed. What the door of one's own mail server asks before it takes anything."""
    try:
        return number_in(HELP, address) is not None
    except LinkInvalid:
        return False


def _told_by(mail: Incoming) -> WaveRecipient | None:
    told = WaveRecipient.objects.select_related("wave__incident", "recipient__user")
    is_forged = False
    for address in mail.addresses:
        try:
            number = number_in(HELP, address)
        except LinkInvalid:
            is_forged = True
            continue
        if number is not None:
            return told.filter(pk=number).first()
    if is_forged and not mail.is_automatic:
        _refuse_unsigned(mail.sender)
    return None


def _refuse_unsigned(sender: str) -> None:
    """A member is told, at most once a month, however many such mails carry their address. Strangers get no mail."""
    member = Therapist.objects.members().filter(user__email=sender).first()
    if member:
        enqueue("reply_refused", to=member, cause=f"unsigned:{timezone.now():%Y-%m}")


def _answer(reply: Reply, mail: Incoming) -> None:
    told = reply.told
    if mail.is_automatic:
        reply.outcome = S.AUTOMATIC
    elif not Therapist.objects.members().filter(pk=told.recipient_id).exists():
        reply.outcome = S.NOT_ALLOWED
    elif told.created_at + LINK_DAYS[HELP] < timezone.now():
        reply.outcome = S.EXPIRED
        enqueue("reply_refused", to=told.recipient, cause=f"expired:{told.pk}")
    else:
        appeal = appeal_to(told.wave, told.recipient)
        people = [told.recipient, *(need.therapist for need in appeal.needs)]
        names = {name for person in people for name in _names(person)}
        said = understand(mail.text, names)
        if said.is_thanks and _has_answered(told):
            reply.outcome = S.DONE
            return
        _do(reply, said, appeal)
        kind = "reply_noted" if reply.outcome == S.DONE else "reply_asked"
        payload = {"reply": reply.pk}
        cause = f"reply:{reply.pk}"
        enqueue(kind, to=told.recipient, cause=cause, payload=payload)


def _has_answered(told: WaveRecipient) -> bool:
    return Answer.objects.filter(wave=told.wave, recipient=told.recipient).exists()


def _do(reply: Reply, said: Said, appeal: Appeal) -> None:
    reply.choice = said.choice
    if said.is_plain and said.choice in CHOICES:
        say_no(appeal.wave, by=appeal.helper, choice=CHOICES[said.choice])
        reply.outcome = S.DONE
        return
    if not appeal.asked:
        reply.outcome = S.TOO_LATE
        return
    if said.choice != "yes":
        return  # nothing to suggest: hours beside a no that is not plain are no offer
    plan = plan_of(said, appeal, reply.told)
    reply.price_cents, reply.last_date = appeal.terms
    if not plan.doubt and plan.office:
        plan.doubt = _offer(reply, plan.office, plan.spans)
        reply.outcome = S.ASKED if plan.doubt else S.DONE
    reply.hours = [list(span) for span in plan.spans]
    reply.office, reply.note = plan.office, plan.doubt[:300]


def _offer(reply: Reply, office: Office, spans: Sequence[Span]) -> str:
    """On the terms the page begins with. Why not, where a rule says no."""
    try:
        with transaction.atomic():
            offer_hours(
                reply.told.wave,
                by=reply.told.recipient,
                office=office,
                spans=spans,
                price_cents=reply.price_cents,
                last_date=reply.last_date,
            )
    except DomainError as error:
        return str(error)
    return ""


def _names(person: Therapist) -> list[str]:
    return [person.name, *person.name.split()]


# --- Which hours, which room -----------------------------------------------------------


def plan_of(said: Said, appeal: Appeal, told: WaveRecipient) -> Plan:
    """The hours that a yes names, as far as they are open; with a doubt wherever it could mean something else."""
    earlier = _offered_earlier(appeal)
    mine = [span for offer in earlier for span in offer.spans]
    still_open = merge_spans([*(asked.span for asked in appeal.open), *mine])
    listed = common_spans(still_open, [Span(*row[:3]) for row in told.listed])
    plan = Plan()
    if said.parts:
        found = [_named(part, still_open, listed) for part in said.parts]
        plan.spans = merge_spans(span for spans, _doubt in found for span in spans)
        plan.doubt = next((doubt for _spans, doubt in found if doubt), "")
    else:
        plan.spans = listed
        if not said.is_all and len(told.listed) != 1:
            plan.doubt = _("Which of the hours do you mean?")
    plan.office = _room(plan.spans, appeal, told)
    plan.doubt = plan.doubt or _doubt(said, plan, appeal, earlier)
    return plan


def _doubt(said: Said, plan: Plan, appeal: Appeal, earlier: Sequence[Offer]) -> str:
    mine = merge_spans(span for offer in earlier for span in offer.spans)
    is_other = mine != plan.spans or not all(
        _is_as_now(offer, plan, appeal) for offer in earlier
    )
    if not said.is_plain:
        return _("We did not understand every word, and do not guess.")
    if not plan.spans:
        return _("Colleagues have offered these hours already.")
    if earlier and is_other:
        return _(
            "You have offered %(hours)s already: do these come on top, or instead?"
        ) % {"hours": say_spans(mine)}
    if plan.office is None:
        return _("Which room do you mean?")
    if appeal.pledge and not _is_pledged(plan, appeal):
        return _(
            "This goes beyond your pledge: for how much do you offer it, and until when?"
        )
    return ""


def _offered_earlier(appeal: Appeal) -> list[Offer]:
    needs = needs_asked_of(appeal.wave, appeal.helper).values("pk")
    offers = Offer.objects.undecided().filter(helper=appeal.helper, need__in=needs)
    return list(offers.select_related("need").prefetch_related("hours"))


def _is_as_now(offer: Offer, plan: Plan, appeal: Appeal) -> bool:
    """The same room, price and last date as an offer by mail would have: offering it again changes nothing."""
    cents, last = appeal.terms
    until = min(last or offer.need.last_date, offer.need.last_date)
    return (offer.office_id, offer.price_cents, offer.last_date) == (
        plan.office and plan.office.pk,
        cents,
        until,
    )


def _is_pledged(plan: Plan, appeal: Appeal) -> bool:
    pledged = [asked.span for asked in appeal.asked if asked.is_pledged]
    is_room = appeal.pledge is not None and plan.office == appeal.pledge.office
    return is_room and common_spans(plan.spans, pledged) == plan.spans


def _named(
    part: Part, still_open: Sequence[Span], listed: Sequence[Span]
) -> tuple[list[Span], str]:
    """A whole day means what the mail listed of it; hours mean themselves, where all of them are open."""
    gone = _("Some of the hours you name are not open, or not any more.")
    if part.start is None or part.end is None:
        spans = common_spans([Span(part.weekday, 0, DAY)], listed)
        return spans, "" if spans else gone
    span = Span(part.weekday, part.start, part.end)
    later = Span(part.weekday, part.start + DAY // 2, part.end + DAY // 2)
    is_open = common_spans([span], still_open) == [span]
    if part.is_either_half and common_spans([later], still_open):
        either = _("We were not sure whether you mean the morning or the evening.")
        return [span if is_open else later], either
    return ([span], "") if is_open else (common_spans([span], still_open), gone)


def _room(spans: Sequence[Span], appeal: Appeal, told: WaveRecipient) -> Office | None:
    """Their only one that would do; else the one which the mail named beside all of these hours."""
    wanting = [
        need
        for asked in appeal.asked
        if common_spans([asked.span], spans)
        for need in asked.needs
    ]
    rooms = {
        room.pk: room
        for room in offices_of([appeal.helper.pk])[appeal.helper.pk]
        if any(suits(room, need) for need in wanting)
    }
    named = {row[3] for row in told.listed if common_spans([Span(*row[:3])], spans)}
    if len(rooms) == 1:
        return next(iter(rooms.values()))
    return rooms.get(named.pop()) if len(named) == 1 else None
