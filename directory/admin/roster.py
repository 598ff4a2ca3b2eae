"""Lists of people from elsewhere: tried first, row by row, then imported by a worker."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.admin.rows import moderator_of
from directory.domain.roster import read_roster
from directory.errors import DomainError
from directory.tasks import import_roster, roster_key

KEPT_SECONDS = 3600
MOST_SHOWN = 200


class RosterForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("A CSV file"),
        help_text=gettext_lazy(
            "Its first line names the columns, two of them “name” and “email”. Nothing happens before you have seen "
            "what it would do."
        ),
    )


def roster(request: HttpRequest) -> HttpResponse:
    """Choose a file; look at what it would do; do it; watch it."""
    if "import" in request.POST:
        token = request.POST["import"]
        by = moderator_of(request)
        if cache.get(roster_key(token, "file")) is None or not by.is_moderator:
            messages.error(request, _("Choose the file again: it was kept an hour."))
            return redirect("admin:directory_roster")
        import_roster.delay(token, by.pk)
        return redirect(f"{request.path}?watch={token}")
    form = RosterForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"tried": None}
    if form.is_valid():
        content = form.cleaned_data["file"].read()
        try:
            rows = read_roster(content)
        except DomainError as error:
            form.add_error("file", str(error))
        else:
            token = get_random_string(32)
            cache.set(roster_key(token, "file"), content, KEPT_SECONDS)
            wrong = [row for row in rows if row.wrong]
            context = {
                "tried": token,
                "new": sum(row.is_new for row in rows),
                "known": sum(row.is_known for row in rows),
                "wrong": wrong[:MOST_SHOWN],
                "wrong_count": len(wrong),
            }
    watched = request.GET.get("watch", "")
    context |= admin.site.each_context(request) | {
        "title": _("Import a list of people"),
        "form": form,
        "progress": cache.get(roster_key(watched, "progress")) if watched else None,
        "is_watched": bool(watched),
    }
    return TemplateResponse(request, "admin/directory/roster.html", context)
