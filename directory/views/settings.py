from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
)

from directory.domain.preference import mail_works_again, set_frequencies
from directory.domain.profile import set_photo
from directory.errors import DomainError
from directory.forms.profile import ProfileForm
from directory.forms.settings import SettingsForm
from directory.http import (
    TherapistRequest,
    member_or_applicant_required,
    member_required,
)
from directory.models import Therapist
from directory.queries import topics_complained_about
from directory.uploads import TOO_LARGE, ask_again, too_large


@require_http_methods(["GET", "HEAD", "POST"])
@member_or_applicant_required
def profile_edit(request: TherapistRequest) -> HttpResponse:
    form = ProfileForm(
        request.POST or None, request.FILES or None, instance=request.therapist
    )
    if "photo" in too_large(request):
        form.add_error("photo", TOO_LARGE)
    if form.is_valid() and _kept(form, request.therapist):
        form.save()
        if not request.therapist.is_member:
            messages.success(request, _("Kept. Members see it once you are in."))
            return redirect("home")
        messages.success(request, _("Saved. This is how members see you now."))
        return redirect("directory:therapist_detail", request.therapist.pk)
    ask_again(form, request.FILES)
    return render(request, "directory/profile_form.html", {"form": form})


def _kept(form: ProfileForm, me: Therapist) -> bool:
    """Whether the picture, if there is one, could be kept."""
    file = form.cleaned_data.get("photo")
    if not file:
        return True
    try:
        set_photo(me, file=file)
    except DomainError as error:
        form.add_error("photo", str(error))
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def settings(request: TherapistRequest) -> HttpResponse:
    form = SettingsForm(
        request.POST or None, instance=request.therapist, community=request.community
    )
    if form.is_valid():
        form.save()
        set_frequencies(request.therapist, form.frequencies)
        messages.success(request, _("Saved."))
        return redirect("directory:settings")
    blocked = Therapist.objects.filter(blocks_received__blocker=request.therapist)
    context = {
        "form": form,
        "blocked": blocked,
        "complaints": topics_complained_about(request.therapist),
    }
    return render(request, "directory/settings.html", context)


@require_POST
@member_required
def mail_works(request: TherapistRequest) -> HttpResponse:
    mail_works_again(request.therapist)
    messages.success(request, _("Good. We write to you again."))
    return redirect("directory:settings")
