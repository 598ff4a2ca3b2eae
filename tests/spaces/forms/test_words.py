from importlib import import_module
from pkgutil import iter_modules

import pytest
from django.forms import BaseForm
from django.forms.fields import Field

import spaces.forms

MODULES = [
    import_module(f"spaces.forms.{module.name}")
    for module in iter_modules(spaces.forms.__path__)
]
FORMS = {
    found
    for module in MODULES
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, BaseForm)
}


@pytest.mark.parametrize(
    "form",
    sorted(FORMS, key=lambda form: form.__name__),
    ids=lambda form: form.__name__,
)
def test_what_is_missing_is_asked_for_in_words_of_its_own(form):
    usual = Field.default_error_messages["required"]

    assert [
        name
        for name, field in getattr(form, "base_fields", {}).items()
        if field.required and field.error_messages["required"] == usual
    ] == []
