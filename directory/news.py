"""What members hear of each other by mail: messages, reports, who is new, whether a profile is still true."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import Frequency, Priority, Topic
from directory.links import sign
from directory.models import (
    ColleagueSearch,
    Community,
    Delivery,
    Message,
    Report,
    Therapist,
)
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.queries import people_shown_to
from directory.registry import Mail, MessageKind, Skip, register_message

CONFIRM = "confirm-profile"  # purpose of the signed link
Rendered = Mapping[int, Mail | Skip]


def register() -> None:
    """Called once, at start."""
    for name, render in (
        ("member_message", render_messages),
        ("report_received", render_reports),
        ("report_decided", render_decided),
        ("seen_as", render_seen_as),
        ("profiles_merged", render_merged),
    ):
        register_message(MessageKind(name, Priority.ESSENTIAL, None, render))
    for name, render in (
        ("colleagues_found", render_found),
        ("profile_confirm", render_confirm),
    ):
        register_message(MessageKind(name, Priority.DIGEST, Topic.COMMUNITY, render))


def _each(
    rows: Sequence[Delivery], context: Callable[[Delivery], dict[str, Any] | None]
) -> Rendered:
    community = Community.objects.current()
    return {
        row.pk: mail_from_templates(
            "directory", row.kind, {"community": community, **said}
        )
        for row in rows
        if (said := context(row)) is not None
    }


def render_messages(rows: Sequence[Delivery]) -> Rendered:
    """The words themselves, and the page to answer on; skipped where the two were parted meanwhile."""
    messages = Message.objects.select_related("author").in_bulk(
        [row.payload["message"] for row in rows]
    )
    parted = _parted(rows, messages)

    def said(row: Delivery) -> dict[str, Any] | None:
        message = messages.get(row.payload["message"])
        if message is None or row.pk in parted:
            return None
        path = reverse("directory:conversation", args=[message.author_id])
        return {
            "message": message,
            "action_url": absolute_url(path),
            "reason": _(
                "You get this because a member wrote to you. They do not see your address. On the page you can block or report them."
            ),
        }

    return _each(rows, said)


def _parted(rows: Sequence[Delivery], messages: Mapping[int, Message]) -> set[int]:
    found = set()
    for row in rows:
        message = messages.get(row.payload["message"])
        if message and row.recipient:
            blocked = set(row.recipient.blocked_either_way())
            if message.author_id in blocked:
                found.add(row.pk)
    return found


def render_reports(rows: Sequence[Delivery]) -> Rendered:
    reports = (
        Report.objects.undecided()
        .select_related("about")
        .in_bulk([row.payload["report"] for row in rows])
    )

    def said(row: Delivery) -> dict[str, Any] | None:
        report = reports.get(row.payload["report"])
        if report is None:
            return None
        path = reverse("admin:directory_report_change", args=[report.pk])
        return {"report": report, "action_url": absolute_url(path)}

    return _each(rows, said)


def render_decided(rows: Sequence[Delivery]) -> Rendered:
    reports = Report.objects.select_related("about", "decided_by").in_bulk(
        [row.payload["report"] for row in rows]
    )

    def said(row: Delivery) -> dict[str, Any] | None:
        report = reports.get(row.payload["report"])
        if report is None:
            return None
        return {
            "report": report,
            "is_about_me": report.about_id == row.recipient_id,
            "action_url": absolute_url("/"),
        }

    return _each(rows, said)


def render_found(rows: Sequence[Delivery]) -> Rendered:
    """Who is still to be met when the mail leaves."""
    searches = ColleagueSearch.objects.exclude(frequency=Frequency.OFF).in_bulk(
        [row.payload["search"] for row in rows]
    )

    def said(row: Delivery) -> dict[str, Any] | None:
        search = searches.get(row.payload["search"])
        if search is None or row.recipient is None:
            return None
        people = list(
            people_shown_to(row.recipient)
            .filter(pk__in=row.payload["people"])
            .order_by("name", "pk")
        )
        if not people:
            return None
        page = reverse("directory:therapist_list")
        return {
            "search": search,
            "people": people,
            "person": people[0],
            "site": settings.BASE_URL,
            "action_url": absolute_url(f"{page}?{search.query}&sort=newest"),
            "stop_url": absolute_url(reverse("directory:colleague_search_list")),
            "reason": _(
                "You get this because you asked to be told of such colleagues."
            ),
            "unsubscribe_url": unsubscribe_url(row.recipient, Topic.COMMUNITY),
        }

    return _each(rows, said)


def render_confirm(rows: Sequence[Delivery]) -> Rendered:
    def said(row: Delivery) -> dict[str, Any] | None:
        person = row.recipient
        if person is None or not person.is_member:
            return None
        token = sign(CONFIRM, therapist=person.pk)
        return {
            "person": person,
            "action_url": absolute_url(reverse("directory:confirm", args=[token])),
            "reason": _(
                "You get this once a year, so that colleagues can trust what they read."
            ),
            "unsubscribe_url": unsubscribe_url(person, Topic.COMMUNITY),
        }

    return _each(rows, said)


def render_seen_as(rows: Sequence[Delivery]) -> Rendered:
    people = Therapist.objects.in_bulk([row.payload["by"] for row in rows])

    def said(row: Delivery) -> dict[str, Any]:
        return {
            "by": people.get(row.payload["by"]),
            "at": datetime.fromisoformat(row.payload["at"]),
            "why": row.payload["reason"],
            "reason": _("You get this because it was about you."),
        }

    return _each(rows, said)


def render_merged(rows: Sequence[Delivery]) -> Rendered:
    def said(row: Delivery) -> dict[str, Any]:
        return {
            "why": row.payload["reason"],
            "action_url": absolute_url(reverse("directory:profile_edit")),
            "reason": _("You get this because it was about you."),
        }

    return _each(rows, said)
