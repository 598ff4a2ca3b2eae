"""The moderation desk: Django's admin, its front page led by what waits for somebody."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from directory.registry import queues


class Desk(AdminSite):
    index_template = "admin/desk.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever is suspended or has left moderates nothing. A sign-in without a profile may look."""
        therapist = getattr(request, "therapist", None)
        return super().has_permission(request) and (
            therapist is None or therapist.is_member
        )

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One sign-in for all, with its rate limits and passkeys; whoever does not moderate is told so."""
        response: HttpResponse = secure_admin_login(super().login)(
            request, extra_context
        )
        return response

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        waiting = [
            {"label": queue.label, "count": queue.count(), "url": queue.url()}
            for queue in queues()
        ]
        return super().index(request, {**(extra_context or {}), "queues": waiting})
