from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from directory import seeing
from directory.http import TherapistRequest, therapist_required


@require_POST
@therapist_required
def seeing_stop(request: TherapistRequest) -> HttpResponse:
    """Back to oneself; to the person's page at the desk, from where it began."""
    member = seeing.end(request)
    if member is None or not request.user.is_staff:
        return redirect("home")
    return redirect("admin:directory_therapist_change", member)
