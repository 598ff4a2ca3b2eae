"""Links in mail: signed for one purpose, readable for a while, changing nothing on GET."""

from datetime import timedelta
from typing import Any, cast

from django.core import signing
from django.utils.translation import gettext as _

from directory.errors import LinkExpired, LinkInvalid


def sign(purpose: str, **ids: Any) -> str:
    return signing.dumps(ids, salt=f"directory.links:{purpose}")


def read(purpose: str, token: str, max_age: timedelta | int) -> dict[str, Any]:
    """What was signed. Raises ``LinkExpired`` or ``LinkInvalid``, with words for the person who followed it."""
    try:
        return cast(
            "dict[str, Any]",
            signing.loads(token, salt=f"directory.links:{purpose}", max_age=max_age),
        )
    except signing.SignatureExpired as error:
        raise LinkExpired(
            _("This link is too old. A newer mail has one that works.")
        ) from error
    except signing.BadSignature as error:
        raise LinkInvalid(
            _("This link is not whole. Open it from the mail again.")
        ) from error
