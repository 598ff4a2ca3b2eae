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
from directory.models.preference import USUAL
from directory.queries import frequencies_of

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
    before = frequencies_of([therapist.pk])[therapist.pk][topic]
    if request.method == "POST":
        back = request.POST.get("undo", "")
        wanted = back if back in Frequency.values else Frequency.OFF
        set_frequency(therapist, topic=topic, frequency=Frequency(wanted))
    now = frequencies_of([therapist.pk])[therapist.pk][topic]
    context = {
        "topic": topic,
        "is_off": now == Frequency.OFF,
        "before": USUAL[topic] if before == Frequency.OFF else before,
        "error": "",
    }
    return render(request, "directory/unsubscribe.html", context)
