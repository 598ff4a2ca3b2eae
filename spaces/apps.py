from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SpacesConfig(AppConfig):
    name = "spaces"
    verbose_name = _("Rooms, hours and emergencies")

    def ready(self) -> None:
        # ruff: noqa: PLC0415 -- models are loaded only now
        from anymail.signals import inbound

        from directory.registry import (
            register_acquaintances,
            register_departure,
            register_keeping,
            register_merging,
            register_person,
            register_queue,
            register_subjects,
        )
        from spaces.commitments import (
            calendar_of,
            commitments_of,
            keepings,
            partners_of,
            tables_of,
        )
        from spaces.domain import merging
        from spaces.domain.departure import run_out
        from spaces.domain.erasure import erase_traces
        from spaces.notifications import (
            agreement,
            booking,
            building_post,
            closing,
            digest,
            emergency,
            entry,
            exchange,
            hours,
            loan,
            pledge,
            proposal,
            reopening,
            reply,
            search,
        )
        from spaces.queues import queues_of_places
        from spaces.subjects import SUBJECTS
        from spaces.views.inbound import inbound_mail

        agreement.register()
        booking.register()
        closing.register()
        building_post.register()
        digest.register()
        emergency.register()
        hours.register()
        entry.register()
        exchange.register()
        loan.register()
        pledge.register()
        proposal.register()
        reopening.register()
        reply.register()
        search.register()
        register_subjects(SUBJECTS)
        inbound.connect(inbound_mail, dispatch_uid="answers by mail")
        register_person(commitments_of, tables_of, calendar_of)
        register_departure(run_out, erase_traces)
        register_acquaintances(partners_of)
        register_merging(merging.clashes, merging.settle)
        for keeping in keepings():
            register_keeping(keeping)
        for queue in queues_of_places():
            register_queue(queue)
