from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = _("People")

    def ready(self) -> None:
        # ruff: noqa: PLC0415 -- models are loaded only now
        from directory import news, notifications
        from directory.queries import queues_of_people
        from directory.registry import register_queue

        notifications.register()
        news.register()
        for queue in queues_of_people():
            register_queue(queue)
