from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Block, Therapist


def block_therapist(therapist: Therapist, *, by: Therapist) -> None:
    """The two no longer meet anywhere; neither is told. Again is a no-op."""
    if therapist.pk == by.pk:
        raise NotAllowedError(_("You cannot block yourself."))
    Block.objects.get_or_create(blocker=by, blocked=therapist)


def unblock_therapist(therapist: Therapist, *, by: Therapist) -> None:
    """Take back one's own block; one that the other set stays."""
    Block.objects.filter(blocker=by, blocked=therapist).delete()
