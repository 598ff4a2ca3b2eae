from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = _("People")

    def ready(self) -> None:
        from directory.notifications import register  # noqa: PLC0415 -- models are loaded only now

        register()
