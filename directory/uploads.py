"""A file that is too large is not kept while it comes in, whatever its form says afterwards."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.forms import BaseForm
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_BYTES = 12 * 1024 * 1024
TOO_LARGE = gettext_lazy("That file is larger than 12 MB. Send a smaller copy of it.")


class SizeLimit(FileUploadHandler):
    """First in ``FILE_UPLOAD_HANDLERS``. Past the limit the rest of a file is read and forgotten, and the file is not
    among ``request.FILES``; ``too_large(request)`` says which fields that happened to."""

    received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MOST_BYTES:
            too_large(self.request).add(self.field_name)
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None  # the next handler keeps it


def ask_again(form: BaseForm, files: MultiValueDict[str, UploadedFile]) -> None:
    """Where something else is wrong with a form: the page that says so cannot hold the file that was chosen."""
    if form.errors:
        for name in files.keys() & form.fields.keys() - form.errors.keys():
            form.add_error(name, _("Choose the file once more, please."))


def too_large(request: Any) -> set[str | None]:
    """Names of the fields whose files were too large."""
    if not hasattr(request, "files_too_large"):
        request.files_too_large = set()
    found: set[str | None] = request.files_too_large
    return found
