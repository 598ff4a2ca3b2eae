from allauth.account.forms import SignupForm
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth has no types
    """Whose address is known gets the same answer, and for no less work: how long it takes tells nothing either."""

    def try_save(
        self, request: HttpRequest
    ) -> tuple[AbstractBaseUser | None, HttpResponse | None]:
        if self.account_already_exists:
            self._try_in_vain(request)
        saved: tuple[AbstractBaseUser | None, HttpResponse | None] = super().try_save(
            request
        )
        return saved

    def _try_in_vain(self, request: HttpRequest) -> None:
        address = self.cleaned_data["email"]
        self.cleaned_data["email"] = f"{get_random_string(20).lower()}@known.invalid"
        self.account_already_exists = False
        with transaction.atomic():
            self.save(request)
            transaction.set_rollback(True)
        self.account_already_exists = True
        self.cleaned_data["email"] = address
