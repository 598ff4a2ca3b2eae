from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """The admin, with the moderation desk as its site."""

    default_site = "directory.desk.Desk"
