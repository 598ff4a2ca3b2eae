from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest
from spaces.domain.wave import pause_wave, resume_wave, stop_wave
from spaces.enums import WaveState
from spaces.matching import waves_of
from spaces.models import Need
from spaces.views.links import asker_required

VERBS = {
    WaveState.PAUSED: pause_wave,
    WaveState.RUNNING: resume_wave,
    WaveState.STOPPED: stop_wave,
}
SAID = {
    WaveState.PAUSED: _("Paused. Nobody else is asked until you let it go on."),
    WaveState.RUNNING: _("Colleagues are being asked again."),
    WaveState.STOPPED: _("Stopped. Mails that were still waiting are not sent."),
}


@require_POST
@asker_required
def wave_answer(
    request: TherapistRequest, pk: int, wave_pk: int, state: str
) -> HttpResponse:
    """Pause, go on, stop: from the page of a need."""
    me = request.therapist
    need = get_object_or_404(
        Need.objects.all() if me.is_moderator else Need.objects.of(me), pk=pk
    )
    wave = get_object_or_404(waves_of(need), pk=wave_pk)
    if state not in set(VERBS):
        raise Http404
    chosen = WaveState(state)
    try:
        VERBS[chosen](wave, by=me)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, SAID[chosen])
    return redirect(need)
