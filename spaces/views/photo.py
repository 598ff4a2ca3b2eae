"""Photos of rooms: sent, put in order, and served to those who may see the room."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.uploads import too_large
from spaces.domain.photo import add_photo, delete_photo, describe_photo, move_photo
from spaces.forms.photo import ROWS, PhotoForm, WordsForm
from spaces.models import Office, OfficePhoto
from spaces.models.photo import MOST_PHOTOS, SIDES
from spaces.views.office import get_own_office, seen_by


@require_http_methods(["GET", "POST"])
@member_required
def office_photos(request: TherapistRequest, pk: int) -> HttpResponse:
    """What is a picture is kept, whatever is wrong with the row beside it."""
    office = get_own_office(request, pk)
    rows = _rows(request, sent=request.method == "POST")
    if request.method == "POST":
        kept = _keep(rows, office, request)
        if kept:
            said = ngettext(
                "%(count)s photo is here.", "%(count)s photos are here.", kept
            )
            messages.success(request, said % {"count": kept})
        rows = [row for row in rows if row.errors]
        if not rows:
            return redirect("spaces:office_photos", office.pk)
    return _page(request, office, rows)


def _page(
    request: TherapistRequest,
    office: Office,
    rows: list[PhotoForm],
    refused: WordsForm | None = None,
) -> HttpResponse:
    """``refused``: words for one of the photos, shown in their field as they were typed."""
    photos = list(office.photos.all())
    forms = {
        photo.pk: WordsForm(instance=photo, prefix=f"p{photo.pk}") for photo in photos
    }
    if refused:
        forms[refused.instance.pk] = refused
    has_errors = any(row.is_bound and row.errors for row in rows)
    context = {
        "office": office,
        "photos": [(photo, forms[photo.pk]) for photo in photos],
        "rows": rows[: max(MOST_PHOTOS - len(photos), int(has_errors))],
        "most": MOST_PHOTOS,
    }
    return render(request, "spaces/office_photos.html", context)


def _rows(request: TherapistRequest, *, sent: bool) -> list[PhotoForm]:
    return [
        PhotoForm(
            request.POST if sent else None,
            request.FILES if sent else None,
            prefix=f"photo{number}",
            too_large=too_large(request),
        )
        for number in range(ROWS)
    ]


def _keep(rows: list[PhotoForm], office: Office, request: TherapistRequest) -> int:
    kept = 0
    for row in rows:
        if not row.is_valid() or row.is_empty:
            continue
        try:
            add_photo(office, by=request.therapist, **row.cleaned_data)
        except DomainError as error:
            row.add_error("file", str(error))
        else:
            kept += 1
    return kept


@require_POST
@member_required
def photo_words(request: TherapistRequest, pk: int) -> HttpResponse:
    photo = _own(request, pk)
    form = WordsForm(request.POST, instance=photo, prefix=f"p{photo.pk}")
    if not form.is_valid():
        return _page(request, photo.office, _rows(request, sent=False), form)
    describe_photo(photo, by=request.therapist, alt=form.cleaned_data["alt"])
    messages.success(request, _("Saved."))
    return redirect("spaces:office_photos", photo.office_id)


@require_POST
@member_required
def photo_move(request: TherapistRequest, pk: int) -> HttpResponse:
    photo = _own(request, pk)
    steps = -1 if request.POST.get("to") == "earlier" else 1
    move_photo(photo, by=request.therapist, steps=steps)
    return redirect("spaces:office_photos", photo.office_id)


@require_POST
@member_required
def photo_delete(request: TherapistRequest, pk: int) -> HttpResponse:
    photo = _own(request, pk)
    delete_photo(photo, by=request.therapist)
    messages.success(request, _("The photo is gone."))
    return redirect("spaces:office_photos", photo.office_id)


def _own(request: TherapistRequest, pk: int) -> OfficePhoto:
    photos = OfficePhoto.objects.filter(office__hosts=request.therapist)
    return get_object_or_404(photos.select_related("office"), pk=pk)


@require_safe
@member_required
def photo(request: TherapistRequest, pk: int, size: str) -> HttpResponse:
    """The picture itself. An address never shows another one, so a browser may keep it for good, for this person."""
    if size not in SIDES:
        raise Http404
    photos = OfficePhoto.objects.filter(
        office__in=seen_by(request.therapist).order_by().values("pk")
    )
    found = getattr(get_object_or_404(photos, pk=pk), size)
    try:
        with found.open("rb") as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
