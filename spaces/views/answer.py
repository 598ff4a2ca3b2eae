"""What the link in a wave's mail opens, and the one in our answer to an answer by mail."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from directory.errors import DomainError, LinkInvalid
from directory.http import TherapistRequest
from directory.links import read
from directory.models import Therapist
from spaces.appeal import Appeal, appeal_to, offices_of
from spaces.asked import Asked
from spaces.domain.offer import (
    offer_hours,
    say_no,
)
from spaces.domain.place import draft_office
from spaces.enums import AnswerChoice, OfferStatus
from spaces.forms.offer import OfferForm
from spaces.hours import Span, common_spans, merge_spans
from spaces.models import Answer, Need, Offer, Wave
from spaces.notifications.links import HELP, LINK_DAYS, help_path
from spaces.views.links import unreadable
from spaces.week import say_spans
from spaces.words import say_date


class Suggested(NamedTuple):
    """What an answer by mail was understood to say: ticked already, for one tap."""

    spans: list[Span]
    office: int | None


SAID_NO = {"no": AnswerChoice.NOT_NOW, "never": AnswerChoice.NOT_THIS_INCIDENT}


@require_http_methods(["GET", "HEAD", "POST"])
def offer_answer(request: TherapistRequest, token: str) -> HttpResponse:
    """Which hours are needed, ticked where they fit; signed in or not. Opening it, as mail scanners do, offers nothing."""
    try:
        wave, helper, suggested = _asked(token)
    except DomainError as error:
        return unreadable(request, error)
    appeal = appeal_to(wave, helper)
    if request.POST.get("answer") in SAID_NO:
        return _no(request, token, wave, helper)
    form = OfferForm(
        request.POST or None,
        offices=offices_of([helper.pk])[helper.pk],
        initial=_initial(appeal, suggested),
    )
    if form.is_valid() and _offered(request, form, wave, helper, appeal):
        return redirect(help_path(wave, helper))
    with timezone.override(
        appeal.needs[0].timezone if appeal.needs else request.community.timezone
    ):
        return render(
            request,
            "spaces/offer_answer.html",
            _context(form, wave, helper, appeal, suggested)
            | _for_members(request, helper, appeal),
        )


def _asked(token: str) -> tuple[Wave, Therapist, Suggested]:
    """Whom the link asks, for what; and what an answer by mail was understood to say, where one led here."""
    said = read(HELP, token, LINK_DAYS[HELP])
    wave = Wave.objects.select_related("incident").filter(pk=said["wave"]).first()
    helper = (
        Therapist.objects.members().filter(pk=said["to"]).select_related("user").first()
    )
    if wave is None or helper is None:
        raise LinkInvalid(_("This link leads nowhere any more."))
    spans = [Span(*hour) for hour in said.get("hours", [])]
    return wave, helper, Suggested(spans, said.get("office"))


def _initial(appeal: Appeal, suggested: Suggested) -> dict[str, Any]:
    """The room that was meant, or fits best, on the terms of their pledge; hours that are a part of a card are painted."""
    whole = [asked.span for asked in appeal.asked]
    parts = [span for span in suggested.spans if not _is_ticked(span, whole)]
    office = suggested.office or (appeal.room.pk if appeal.room else None)
    found: dict[str, Any] = {"more": parts} | (
        {"office": str(office)} if office else {}
    )
    if appeal.pledge:
        cents, until = appeal.terms
        found |= {"price": cents or "free", "until": until}
    return found


def _is_ticked(span: Span, cards: list[Span]) -> bool:
    """Of these cards those inside of it are all there is of it."""
    inside = [card for card in cards if common_spans([card], [span]) == [card]]
    return merge_spans(inside) == [span]


def _no(
    request: HttpRequest, token: str, wave: Wave, helper: Therapist
) -> HttpResponse:
    choice = SAID_NO[request.POST["answer"]]
    had_offered = (
        Offer.objects.undecided()
        .filter(helper=helper, need__in=_needs_of(wave))
        .exists()
    )
    say_no(wave, by=helper, choice=choice)
    if had_offered:
        messages.info(request, _("What you had offered is taken back."))
    messages.success(
        request,
        _("That is fine, thank you for saying so. Nobody sees it.")
        if choice == AnswerChoice.NOT_NOW
        else _("That is fine. You get no more mail about this; nobody sees why."),
    )
    return redirect("spaces:offer_answer", token)


def _offered(
    request: HttpRequest, form: OfferForm, wave: Wave, helper: Therapist, appeal: Appeal
) -> bool:
    """False where a rule said no; the form says which."""
    spans = (
        [asked.span for asked in appeal.asked]
        if request.POST.get("answer") == "all"
        else form.spans
    )
    try:
        office = form.chosen_office or draft_office(form.place(), by=helper)
        offers = offer_hours(
            wave,
            by=helper,
            office=office,
            spans=spans,
            price_cents=form.cleaned_data["price"] or 0,
            last_date=form.cleaned_data["until"],
            message=form.cleaned_data["message"],
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return False
    names = ", ".join(
        dict.fromkeys(offer.need.therapist.first_name for offer in offers)
    )
    messages.success(
        request,
        _("Thank you! %(names)s will hear at once, and you as soon as they answer.")
        % {"names": names},
    )
    return True


def _context(
    form: OfferForm,
    wave: Wave,
    helper: Therapist,
    appeal: Appeal,
    suggested: Suggested,
) -> dict[str, Any]:
    ticked = set(form["hours"].data) if form.is_bound else None
    if ticked is None and suggested.spans:
        ticked = {
            asked.value
            for asked in appeal.asked
            if common_spans([asked.span], suggested.spans) == [asked.span]
        }
    cards = [_card(asked, ticked) for asked in appeal.asked]
    offers = Offer.objects.filter(
        helper=helper, need__in=_needs_of(wave)
    ).with_parties()
    return {
        "form": form,
        "suggested": say_spans(suggested.spans),
        "appeal": appeal,
        "helper": helper,
        "incident": wave.incident,
        "cards": cards,
        "has_fits": any(card["is_ticked"] for card in cards),
        "all_offered": bool(cards) and not appeal.open,
        "answer": Answer.objects.filter(wave=wave, recipient=helper).first(),
        "offers": [
            offer
            for offer in offers
            if offer.status in {OfferStatus.OFFERED, OfferStatus.ACCEPTED}
        ],
    }


def _for_members(
    request: TherapistRequest, helper: Therapist, appeal: Appeal
) -> dict[str, Any]:
    """Their own words and what they can pay, to whoever is signed in; the link alone shows hours only."""
    known = getattr(request, "therapist", None)
    is_in = known is not None and known.pk == helper.pk
    return {
        "notes": [
            (need.therapist.first_name, need.note) for need in appeal.needs if need.note
        ]
        if is_in
        else [],
        "most_cents": appeal.most_cents,
    }


def _needs_of(wave: Wave) -> Any:
    return (
        Need.objects.filter(incident=wave.incident_id)
        if wave.incident_id
        else Need.objects.filter(pk__in=[wave.need_id])
    )


def _card(asked: Asked, ticked: set[str] | None) -> dict[str, Any]:
    count = len(asked.dates)
    first, last = say_date(asked.dates[0].day), say_date(asked.dates[-1].day)
    when = ngettext("%(first)s", "%(count)s weeks, %(first)s – %(last)s", count) % {
        "count": count,
        "first": first,
        "last": last,
    }
    return {
        "asked": asked,
        "value": asked.value,
        "hours": say_spans([asked.span]),
        "when": when,
        "fit": _fit(asked),
        "is_nice": not asked.is_must,
        "wants": len(asked.needs),
        "group": asked.people if asked.people > 2 else 0,
        "is_ticked": asked.is_free and not asked.is_offered
        if ticked is None
        else asked.value in ticked,
    }


def _fit(asked: Asked) -> str:
    if asked.is_offered:
        return _("a colleague has offered it already")
    if asked.office and asked.is_pledged:
        return _("you pledged these in %(office)s") % {"office": asked.office}
    if asked.office and asked.free_dates >= len(asked.dates):
        return _("you have these free in %(office)s") % {"office": asked.office}
    if asked.office:
        return _("free in %(office)s on %(count)s of %(total)s dates") % {
            "office": asked.office,
            "count": asked.free_dates,
            "total": len(asked.dates),
        }
    return _("partly free") if asked.is_free else _("not among your posted hours")
