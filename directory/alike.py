"""Who may be here twice, or wants to be taken for somebody else: told to the moderators, and never a reason to refuse."""

from django.db.models import Q

from directory.models import Therapist, User
from directory.models.alike import bare_local
from directory.text import bare_address

MOST_SHOWN = 20
MOST_READ = 2000  # "info" and "office" are many


def people_with_an_address_like(therapist: Therapist) -> list[Therapist]:
    """Others whose address differs by dots, by what follows a plus, or by letters of another script."""
    if not therapist.address:
        return []
    bare = bare_address(therapist.address)
    users = User.objects.alias(bare=bare_local("email")).filter(bare=bare[0])
    asked = Therapist.objects.alias(bare=bare_local("email")).filter(bare=bare[0])
    invited = asked.exclude(email="").values("pk")
    people = (
        Therapist.objects.filter(Q(user__in=users.values("pk")) | Q(pk__in=invited))
        .exclude(pk=therapist.pk)
        .with_user()[:MOST_READ]
    )
    return [one for one in people if bare_address(one.address) == bare][:MOST_SHOWN]
