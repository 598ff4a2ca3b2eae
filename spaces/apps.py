from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SpacesConfig(AppConfig):
    name = "spaces"
    verbose_name = _("Rooms, hours and emergencies")

    def ready(self) -> None:
        from spaces.notifications import booking, emergency  # noqa: PLC0415 -- models are loaded only now

        booking.register()
        emergency.register()
