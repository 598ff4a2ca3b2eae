"""Lists of people: from elsewhere, tried first, row by row, then imported by a worker; and for elsewhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.admin.rows import moderator_of
from directory.domain.roster import read_roster
from directory.errors import DomainError
from directory.models import Therapist
from directory.tasks import (
    ROSTER_SECONDS,
    export_roster,
    import_roster,
    roster_key,
)

MOST_SHOWN = 200
MOST_BYTES = 20_000_000
SHEETS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class RosterForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("A CSV or Excel file"),
        help_text=gettext_lazy(
            "Its first line names the columns, two of them “name” and “email”. Nothing happens before you have seen "
            "what it would do."
        ),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("At most 20 MB."))
        return bytes(file.read())


class ImportForm(forms.Form):
    checked_on = forms.DateField(
        label=gettext_lazy("The association looked up their licences on"),
        help_text=gettext_lazy(
            "Empty if it did not. It stands in each person’s history."
        ),
        widget=forms.DateInput({"type": "date"}),
        required=False,
    )


def roster(request: HttpRequest) -> HttpResponse:
    """Choose a file; look at what it would do; do it; watch it."""
    if "import" in request.POST:
        return _import(request, request.POST["import"])
    form = RosterForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"tried": None}
    if form.is_valid():
        try:
            context = _tried(form.cleaned_data["file"])
        except DomainError as error:
            form.add_error("file", str(error))
    watched = request.GET.get("watch", "")
    context |= admin.site.each_context(request) | {
        "title": _("Lists of people"),
        "form": form,
        "import_form": ImportForm(),
        "progress": cache.get(roster_key(watched, "progress")) if watched else None,
        "is_watched": bool(watched),
    }
    return _again_until_done(
        TemplateResponse(request, "admin/directory/roster.html", context)
    )


def _tried(content: bytes) -> dict[str, Any]:
    rows = read_roster(content)
    token = get_random_string(32)
    cache.set(roster_key(token, "file"), content, ROSTER_SECONDS)
    wrong = [row for row in rows if row.wrong]
    return {
        "tried": token,
        "new": sum(row.is_new for row in rows),
        "known": sum(row.is_known for row in rows),
        "wrong": wrong[:MOST_SHOWN],
        "alike": [row for row in rows if row.like][:MOST_SHOWN],
        "wrong_count": len(wrong),
    }


def _import(request: HttpRequest, token: str) -> HttpResponse:
    by, form = moderator_of(request), ImportForm(request.POST)
    if not by.is_moderator or cache.get(roster_key(token, "file")) is None:
        messages.error(request, _("Choose the file again: it was kept an hour."))
        return redirect("admin:directory_roster")
    if not form.is_valid():
        messages.error(request, _("That is no date. Nobody was invited yet."))
        return redirect("admin:directory_roster")
    day = form.cleaned_data["checked_on"]
    _log(by, _("Imported a list of people."))
    import_roster.delay(token, by.pk, day.isoformat() if day else "")
    return redirect(f"{request.path}?watch={token}")


def _log(by: Therapist, said: str) -> None:
    """With whoever did it: it is about everybody."""
    LogEntry.objects.log_actions(by.user_id or 0, [by], CHANGE, said)


def _again_until_done(response: TemplateResponse) -> TemplateResponse:
    """A page that tells how far a worker is looks again by itself."""
    context = response.context_data or {}
    done, total = context["progress"] or (0, 1)
    if context["is_watched"] and done < total and not context.get("sheet"):
        response["Refresh"] = "3"
    return response


def roster_export(request: HttpRequest) -> HttpResponse:
    """Ask for a sheet of everybody; watch a worker write it; fetch it."""
    by = moderator_of(request)
    if not by.is_moderator:
        raise PermissionDenied
    if request.method == "POST":
        kind = "xlsx" if request.POST.get("kind") == "xlsx" else "csv"
        token = f"{by.pk}-{kind}-{get_random_string(32)}"
        _log(by, _("Asked for a list of everybody (%(kind)s).") % {"kind": kind})
        export_roster.delay(token, kind == "xlsx")
        return redirect(f"{request.path}?watch={token}")
    token = request.GET.get("watch", "")
    owner, _dash, rest = token.partition("-")
    kind = rest.partition("-")[0]
    if owner != str(by.pk) or kind not in SHEETS:
        return redirect("admin:directory_roster")
    sheet = cache.get(roster_key(token, "sheet"))
    if sheet is not None and "fetch" in request.GET:
        return HttpResponse(
            sheet,
            content_type=SHEETS[kind],
            headers={"Content-Disposition": f'attachment; filename="people.{kind}"'},
        )
    context = admin.site.each_context(request) | {
        "title": _("A list of everybody"),
        "progress": cache.get(roster_key(token, "progress")),
        "is_watched": True,
        "sheet": sheet is not None,
        "token": token,
    }
    return _again_until_done(
        TemplateResponse(request, "admin/directory/roster_export.html", context)
    )
