from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from directory.domain.insurance import attest_insurance, remove_certificate
from directory.domain.licence import renew_licence
from directory.errors import DomainError, PictureError
from directory.forms.licence import AttestForm, DayForm
from directory.http import TherapistRequest, member_required
from directory.models import Insurance, Licence, LicenceCheck, Therapist
from directory.uploads import TOO_LARGE, ask_again, too_large

TYPES = {"pdf": "application/pdf", "webp": "image/webp"}


@require_safe
@member_required
def licences(request: TherapistRequest) -> HttpResponse:
    return _page(request)


@require_POST
@member_required
def licence_renew(request: TherapistRequest, pk: int) -> HttpResponse:
    licence = get_object_or_404(Licence, pk=pk, therapist=request.therapist)
    form = DayForm(request.POST, prefix=f"l{pk}")
    if form.is_valid():
        try:
            renew_licence(
                licence, expires_on=form.cleaned_data["day"], by=request.therapist
            )
        except DomainError as error:
            form.add_error("day", str(error))
        else:
            messages.success(
                request, _("Thank you. A moderator looks it up and writes to you.")
            )
            return redirect("directory:licences")
    return _page(request, renewal=form)


@require_POST
@member_required
def insurance(request: TherapistRequest) -> HttpResponse:
    form = AttestForm(request.POST, request.FILES)
    if "certificate" in too_large(request):
        form.add_error("certificate", TOO_LARGE)
    if form.is_valid() and _attested(form, request.therapist):
        messages.success(request, _("Saved. Hosts see until when, and nothing else."))
        return redirect("directory:licences")
    ask_again(form, request.FILES)
    return _page(request, insurance_form=form)


def _attested(form: AttestForm, me: Therapist) -> bool:
    said = form.cleaned_data
    try:
        attest_insurance(
            valid_until=said["day"], by=me, certificate=said["certificate"]
        )
    except PictureError as error:
        form.add_error("certificate", str(error))
    except DomainError as error:
        form.add_error("day", str(error))
    else:
        if said["without_certificate"] and not said["certificate"]:
            remove_certificate(me)
    return not form.errors


@require_safe
@member_required
def certificate(request: TherapistRequest, pk: int) -> HttpResponse:
    """To its owner and the moderators, to be saved: nothing of it runs or shows in a page of ours."""
    me = request.therapist
    if me.pk != pk and not me.is_moderator:
        raise Http404
    kept = get_object_or_404(Insurance.objects.exclude(certificate=""), therapist=pk)
    try:
        with kept.certificate.open("rb") as opened:
            content = opened.read()
    except FileNotFoundError as error:
        raise Http404 from error
    ending = "pdf" if str(kept.certificate).endswith(".pdf") else "webp"
    response = HttpResponse(content, content_type=TYPES[ending])
    response["Content-Disposition"] = f'attachment; filename="insurance-{pk}.{ending}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _page(
    request: TherapistRequest,
    renewal: forms.Form | None = None,
    insurance_form: forms.Form | None = None,
) -> HttpResponse:
    """``renewal``, ``insurance_form``: what was refused, shown again as it was typed."""
    me = request.therapist
    held = list(me.licences.select_related("kind", "checked_by"))
    rows = []
    for licence in held:
        form: forms.Form = DayForm(prefix=f"l{licence.pk}")
        if renewal is not None and renewal.prefix == form.prefix:
            form = renewal
        rows.append((licence, form))
    attested = Insurance.objects.filter(therapist=me).first()
    known = {"day": attested.valid_until} if attested else {}
    refused = {
        check.licence_id: check
        for check in LicenceCheck.objects.filter(licence__in=held)
    }
    context = {
        "rows": [
            (licence, form, refused.get(licence.pk)) for licence, form in rows
        ],  # with the last check
        "insurance": attested,
        "insurance_form": insurance_form or AttestForm(initial=known),
    }
    return render(request, "directory/licences.html", context)
