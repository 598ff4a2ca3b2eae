"""Liability insurance: one's own word, and the certificate where somebody wants to show one.

Hosts see until when, nothing else. The file is for its owner and the moderators.
"""

from datetime import date
from hashlib import sha256
from typing import IO

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.licence import sensible
from directory.errors import PictureError
from directory.models import Insurance, Therapist
from directory.pictures import draw
from directory.uploads import MOST_BYTES

SIDE = 2000  # pixels of the longer side: small print stays readable
PDF, END_OF_PDF = b"%PDF-", b"%%EOF"
TAIL = 1024


@transaction.atomic
def attest_insurance(
    *, valid_until: date, by: Therapist, certificate: IO[bytes] | None = None
) -> Insurance:
    """With another certificate the one before is gone. Raises ``PictureError`` with words for whoever sent it."""
    sensible(valid_until)
    content, ending = _read(certificate) if certificate else (b"", "")
    insurance, _made = Insurance.objects.update_or_create(
        therapist=by,
        defaults={"valid_until": valid_until, "attested_at": timezone.now()},
    )
    if content:
        before = insurance.certificate.name
        name = f"{by.pk}-{sha256(content).hexdigest()[:24]}.{ending}"
        insurance.certificate.save(name, ContentFile(content), save=False)
        insurance.save(update_fields=["certificate"])
        _forget(insurance, before)
    return insurance


@transaction.atomic
def remove_certificate(therapist: Therapist) -> None:
    for insurance in Insurance.objects.filter(therapist=therapist):
        before = insurance.certificate.name
        insurance.certificate = ""
        insurance.save(update_fields=["certificate"])
        _forget(insurance, before)


def _read(file: IO[bytes]) -> tuple[bytes, str]:
    """Known by its content: a PDF as it came, a picture drawn anew."""
    sent = file.read(MOST_BYTES + 1)
    if not sent.startswith(PDF):
        try:
            return draw(sent, {"page": SIDE})["page"].content, "webp"
        except PictureError as error:
            raise PictureError(f"{error} {_('A PDF can be sent, too.')}") from error
    if len(sent) > MOST_BYTES or END_OF_PDF not in sent[-TAIL:]:
        raise PictureError(
            _("That PDF is larger than 12 MB, or it is cut off. Send it once more.")
        )
    return sent, "pdf"


def _forget(insurance: Insurance, name: str | None) -> None:
    """Once it is certain that nothing shows it."""
    storage = insurance.certificate.storage
    if name and name != insurance.certificate.name:
        transaction.on_commit(lambda: storage.delete(name), robust=True)
