"""The moderation desk: Django's admin, its front page led by what waits for somebody."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.registry import what_waits


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

    def admin_view(  # type: ignore[override]  # any view
        self, view: Callable[..., Any], cacheable: bool = False
    ) -> Callable[..., Any]:
        """Whatever is decided here is written down; of forms the admin itself does so."""
        inner: Callable[..., Any] = super().admin_view(view, cacheable)

        @wraps(inner)
        def audited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            since = timezone.now()
            response = inner(request, *args, **kwargs)
            if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
                _write_down(request, since)
            return response

        return audited

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        more = {**(extra_context or {}), "queues": what_waits()}
        return super().index(request, more)


def _write_down(request: HttpRequest, since: datetime) -> None:
    """What was posted, unless the page has written its own, better line."""
    if not request.user.is_authenticated or not request.user.is_staff:
        return
    own = LogEntry.objects.filter(user=request.user.pk, action_time__gte=since)
    if own.exists():
        return
    said = [request.POST.get(name, "") for name in ("action", "to", "reason")]
    LogEntry.objects.create(
        user_id=request.user.pk,
        object_id=",".join(request.POST.getlist("_selected_action")),
        object_repr=request.path[:200],
        action_flag=CHANGE,
        change_message=": ".join(filter(None, said)),
    )
