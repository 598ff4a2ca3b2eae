"""Pages of the demo only: be somebody with one click, read the mail that was sent. Never routed on a real server."""

from dataclasses import dataclass

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_safe

from community.demo.mail import CaughtMail, caught_mail, caught_mails
from directory.models import User


@dataclass(frozen=True)
class Role:
    slug: str
    label: str | Promise
    story: str | Promise

    @property
    def email(self) -> str:
        return f"{self.slug}@demo.example.org"


ROLES = [
    Role(
        "moderator",
        _("The moderator"),
        _("Approves newcomers, confirms incidents, sees every delivery."),
    ),
    Role(
        "host",
        _("A host"),
        _("Lets rooms to colleagues; two of them are waiting for an answer."),
    ),
    Role(
        "displaced",
        _("A displaced therapist"),
        _(
            "A burst pipe closed her building; colleagues have offered hours, some are still open."
        ),
    ),
    Role("newcomer", _("A newcomer"), _("Has just applied and waits for approval.")),
]


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/people.html", {"roles": ROLES})


@require_GET
def sign_in(request: HttpRequest, role: str) -> HttpResponse:
    """One click, by GET, as the printed links need it: the people and the data are invented."""
    chosen = next((known for known in ROLES if known.slug == role), None)
    if chosen is None:
        raise Http404
    user = get_object_or_404(User, email=chosen.email)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("home")


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mail_list.html", {"mails": caught_mails()})


@require_safe
@csp_replace({"frame-src": [SELF]})  # type: ignore[arg-type]  # typed for views without arguments
def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "demo/mail_detail.html", {"mail": _mail_or_404(name)})


@require_safe
@xframe_options_sameorigin
@csp_replace(  # type: ignore[arg-type]  # as above
    {
        "default-src": [NONE],
        "script-src": [NONE],
        "style-src": ["'unsafe-inline'"],  # mail styles itself; nothing in it can run
        "img-src": ["data:"],
        "connect-src": [NONE],
        "form-action": [NONE],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The mail as its reader sees it, in a page of its own that is shown in a frame."""
    return HttpResponse(_mail_or_404(name).html)


def _mail_or_404(name: str) -> CaughtMail:
    mail = caught_mail(name)
    if mail is None:
        raise Http404
    return mail
