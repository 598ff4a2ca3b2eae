from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from directory.domain.preference import set_frequency
from directory.enums import Frequency, Topic
from directory.errors import LinkError
from directory.links import read
from directory.models import Therapist

LINK_LIFE = timedelta(days=365)


@csrf_exempt  # RFC 8058: the mail program posts, without our cookie; the signed link is the permission
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing: mail scanners open every link."""
    try:
        signed = read("unsubscribe", token, LINK_LIFE)
    except LinkError as error:
        return render(
            request,
            "directory/unsubscribe.html",
            {"error": str(error), "topic": None},
            status=410,
        )
    therapist = get_object_or_404(Therapist, pk=signed["therapist"])
    topic = Topic(signed["topic"])
    if request.method == "POST":
        undo = request.POST.get("undo")
        set_frequency(
            therapist,
            topic=topic,
            frequency=Frequency.AT_ONCE if undo else Frequency.OFF,
        )
    is_off = therapist.preferences.filter(topic=topic, frequency=Frequency.OFF).exists()
    context = {"topic": topic, "is_off": is_off, "error": ""}
    return render(request, "directory/unsubscribe.html", context)
