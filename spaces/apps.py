from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SpacesConfig(AppConfig):
    name = "spaces"
    verbose_name = _("Rooms, hours and emergencies")

    def ready(self) -> None:
        # ruff: noqa: PLC0415 -- models are loaded only now
        from directory.registry import register_queue
        from spaces.notifications import (
            agreement,
            booking,
            emergency,
            entry,
            exchange,
            hours,
            loan,
            pledge,
            proposal,
            reopening,
            search,
        )
        from spaces.queues import queues_of_places

        agreement.register()
        booking.register()
        emergency.register()
        hours.register()
        entry.register()
        exchange.register()
        loan.register()
        pledge.register()
        proposal.register()
        reopening.register()
        search.register()
        for queue in queues_of_places():
            register_queue(queue)
