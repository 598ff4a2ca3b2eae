from typing import Any

from django.http import HttpRequest

from directory.models import Community
from directory.registry import emergency_open


def community(request: HttpRequest) -> dict[str, Any]:
    """In every template: ``community``, ``me`` (the Therapist or None), ``emergency_open``."""
    return {
        "community": getattr(request, "community", None) or Community.objects.current(),
        "me": getattr(request, "therapist", None),
        "emergency_open": emergency_open(),
    }
