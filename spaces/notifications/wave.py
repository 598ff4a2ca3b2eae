"""The mail of a wave: it tells what is open when it leaves, or is not sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.enums import Topic
from directory.geo import METRES
from directory.links import address_for
from directory.models import Community, Delivery
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.registry import Mail, Postpone, Skip
from spaces.appeal import Appeal, appeals_of
from spaces.enums import AnswerChoice, WaveState
from spaces.models import Answer, Wave, WaveRecipient
from spaces.notifications.links import HELP, help_path
from spaces.week import day_name, say_spans
from spaces.words import say_price

PAUSE = timedelta(minutes=10)  # how soon a paused wave's mails are looked at again


def render_wave(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    community = Community.objects.current()
    appeals = _appeals(rows)
    mails = {pk: _wave_mail(appeal, community) for pk, appeal in appeals.items()}
    return mails | _to_answer(mails, appeals) if settings.INBOUND_ADDRESS else mails


def _to_answer(
    mails: Mapping[int, Mail | Skip], appeals: Mapping[int, Appeal]
) -> dict[int, Mail | Skip]:
    """Each with an address of its own to answer to. What is listed is written down: "yes all" will mean no more."""
    told = {
        (row.wave_id, row.recipient_id): row
        for row in WaveRecipient.objects.filter(
            wave__in={appeal.wave.pk for appeal in appeals.values()},
            recipient__in={appeal.helper.pk for appeal in appeals.values()},
        )
    }
    found: dict[int, Mail | Skip] = {}
    for pk, mail in mails.items():
        row = told.get((appeals[pk].wave.pk, appeals[pk].helper.pk))
        if row and isinstance(mail, Mail):
            row.listed = [
                [*asked.span, asked.office.pk if asked.office else None]
                for asked in appeals[pk].open
            ]
            found[pk] = to_answer(mail, row.pk)
    WaveRecipient.objects.bulk_update(told.values(), ["listed"])
    return found


def to_answer(mail: Mail, told: int) -> Mail:
    """Who answers it speaks for the person it was sent to; to an address that is theirs alone, for this wave."""
    address = address_for(HELP, told)
    return replace(mail, headers={"Reply-To": address}) if address else mail


def _wave_mail(appeal: Appeal, community: Community) -> Mail | Skip:
    if not appeal.open:
        return Skip("nothing is open any more")
    most = appeal.most_cents
    return mail_from_templates(
        "spaces",
        "wave",
        {
            "appeal": appeal,
            "lines": [asked_line(asked) for asked in appeal.open],
            "nice": say_spans(asked.span for asked in appeal.nice),
            "has": ", ".join(appeal.must_have),
            "fits": any(asked.is_free for asked in appeal.open),
            "weeks": appeal.weeks,
            "by_mail": settings.INBOUND_ADDRESS and say_answers(appeal),
            "most": None if most is None else say_price(most, community.currency),
            "action_url": absolute_url(help_path(appeal.wave, appeal.helper)),
            "reason": _why_told(appeal, community),
            "unsubscribe_url": unsubscribe_url(appeal.helper, Topic.EMERGENCIES),
            "community": community,
            "timezone": appeal.needs[0].timezone,
        },
    )


def say_answers(appeal: Appeal) -> str:
    """Ways to answer by mail, with hours of this very mail: what ``spaces.reply`` takes as plain."""
    span = appeal.open[0].span
    never = (
        _("not for this incident")
        if appeal.incident
        else _("do not ask me about this again")
    )
    ways = [
        _("yes all"),
        _("yes %(hours)s") % {"hours": day_name(span.weekday)},
        _("yes %(hours)s") % {"hours": say_spans([span])},
        _("no"),
        never,
    ]
    return ", ".join(f"“{way}”" for way in ways)


def asked_line(asked: Any) -> dict[str, str]:
    if asked.office and asked.is_pledged:
        you = _("you: pledged, %(office)s") % {"office": asked.office}
    elif asked.office:
        you = _("you: free, %(office)s") % {"office": asked.office}
    else:
        you = _("you: not posted")
    people = (
        _(", group of %(count)s") % {"count": asked.people} if asked.people > 2 else ""
    )
    return {
        "hours": say_spans([asked.span]) + people,
        "since": _("from %(date)s") % {"date": date_format(asked.dates[0].day, "j M")},
        "you": you,
    }


def _why_told(appeal: Appeal, community: Community) -> str:
    cap = appeal.helper.daily_cap or community.daily_cap
    far = f"{appeal.helper.emergency_radius_km * 1000 / METRES[community.distance_unit]:.0f} {community.distance_unit}"  # type: ignore[index]
    return _(
        "You get this because you said you would help within %(far)s. At most %(cap)s a day, in your quiet hours only "
        "if the first hour is needed within a day."
    ) % {"far": far, "cap": cap}


def wanted_wave(rows: Sequence[Delivery]) -> Mapping[int, Skip | Postpone]:
    """Standing, topic, quiet hours and cap are looked at for every kind; this is what a wave adds."""
    waves = Wave.objects.in_bulk({row.payload["wave"] for row in rows})
    refused, superseded = _refused(rows, waves), _superseded(rows, waves)
    objections: dict[int, Skip | Postpone] = {}
    for row in rows:
        wave = waves.get(row.payload["wave"])
        if row.recipient is None or not row.recipient.helps_in_emergencies:
            objections[row.pk] = Skip("opted out")
        elif wave is None or wave.state == WaveState.STOPPED:
            objections[row.pk] = Skip("the wave was stopped")
        elif row.pk in refused:
            objections[row.pk] = Skip("not for this incident")
        elif row.pk in superseded:
            objections[row.pk] = Skip("a later wave tells them")
        elif wave.state == WaveState.PAUSED:
            objections[row.pk] = Postpone(timezone.now() + PAUSE, "the wave is paused")
    return objections


def _refused(rows: Sequence[Delivery], waves: Mapping[int, Wave]) -> set[int]:
    """Rows to people who said that they do not want to hear of this incident."""
    said = Answer.objects.filter(
        recipient__in=[row.recipient_id for row in rows if row.recipient_id],
        choice=AnswerChoice.NOT_THIS_INCIDENT,
    )
    causes = {
        (pk, incident, need)
        for pk, incident, need in said.values_list(
            "recipient", "wave__incident", "wave__need"
        )
    }
    return {
        row.pk
        for row in rows
        if (wave := waves.get(row.payload["wave"]))
        and (row.recipient_id, wave.incident_id, wave.need_id) in causes
    }


def _superseded(rows: Sequence[Delivery], waves: Mapping[int, Wave]) -> set[int]:
    """Rows that waited, for quiet hours say, until a later wave told the same person: one mail says it all."""
    told = WaveRecipient.objects.filter(
        recipient__in=[row.recipient_id for row in rows if row.recipient_id]
    ).order_by("wave__number")
    latest: dict[tuple[int | None, int | None, int | None], int] = {
        (recipient, incident, need): number
        for recipient, incident, need, number in told.values_list(
            "recipient", "wave__incident", "wave__need", "wave__number"
        )
    }
    return {
        row.pk
        for row in rows
        if (wave := waves.get(row.payload["wave"]))
        and latest.get((row.recipient_id, wave.incident_id, wave.need_id), 0)
        > wave.number
    }


def urgent_wave(rows: Sequence[Delivery]) -> set[int]:
    """The first needed hour is within a day: then, and only then, quiet hours yield."""
    return {
        pk
        for pk, appeal in _appeals(rows).items()
        if appeal.open and appeal.is_urgent()
    }


def _appeals(rows: Sequence[Delivery]) -> dict[int, Appeal]:
    waves = Wave.objects.select_related("incident").in_bulk(
        {row.payload["wave"] for row in rows}
    )
    pairs = {
        row.pk: (waves[row.payload["wave"]], row.recipient)
        for row in rows
        if row.recipient and row.payload["wave"] in waves
    }
    appeals = appeals_of(pairs.values())
    return {pk: appeals[wave.pk, helper.pk] for pk, (wave, helper) in pairs.items()}
