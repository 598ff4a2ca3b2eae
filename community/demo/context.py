from django.conf import settings
from django.http import HttpRequest


def demo(request: HttpRequest) -> dict[str, bool]:
    """In every template: ``is_demo``, for the footer's way to be somebody else."""
    return {"is_demo": settings.DEMO}
