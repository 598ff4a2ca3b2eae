"""The moderation desk: Django's admin, its front page led by what waits for somebody."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from directory.registry import queues


class Desk(AdminSite):
    index_template = "admin/desk.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever is suspended or has left moderates nothing. A sign-in without a profile may look."""
        therapist = getattr(request, "therapist", None)
        return (
            super().has_permission(request)
            and (therapist is None or therapist.is_member)
            and not self._lacks_second_factor(request)
        )

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One sign-in for all, with its rate limits and passkeys; whoever does not moderate is told so, and whoever
        does is sent to make a second factor first."""
        if super().has_permission(request) and self._lacks_second_factor(request):
            messages.warning(
                request,
                _(
                    "Moderators see what members tell nobody else. Add a passkey or an authenticator app first, then"
                    " open the desk again."
                ),
            )
            return redirect("mfa_index")
        response: HttpResponse = secure_admin_login(super().login)(
            request, extra_context
        )
        return response

    def _lacks_second_factor(self, request: HttpRequest) -> bool:
        """Once there is one, nobody signs in without it (``directory.adapters.MFAAdapter``)."""
        if not settings.STAFF_NEED_SECOND_FACTOR:
            return False
        known: bool | None = getattr(request, "has_second_factor", None)
        if known is None:  # a page of the desk asks twice
            known = is_mfa_enabled(request.user)
            request.has_second_factor = known  # type: ignore[attr-defined]
        return not known

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        waiting = [
            {"label": queue.label, "count": queue.count(), "url": queue.url()}
            for queue in queues()
        ]
        return super().index(request, {**(extra_context or {}), "queues": waiting})
