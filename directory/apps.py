from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = _("People")

    def ready(self) -> None:
        # ruff: noqa: PLC0415 -- models are loaded only now
        from anymail.signals import tracking

        from directory import digests, news
        from directory.notifications import (
            account,
            delivery,
            licence,
            membership,
            supervision,
        )
        from directory.queues import queues_of_people
        from directory.registry import register_queue, register_subjects
        from directory.subjects import SUBJECTS
        from directory.views.tracking import mail_tracked

        for module in (
            account,
            membership,
            licence,
            supervision,
            delivery,
            news,
            digests,
        ):
            module.register()
        register_subjects(SUBJECTS)
        tracking.connect(mail_tracked, dispatch_uid="fates of mails")
        for queue in queues_of_people():
            register_queue(queue)
