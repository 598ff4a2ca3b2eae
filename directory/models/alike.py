from django.db.models import Func, TextField, Value
from django.db.models.functions import Lower, Replace


def bare_local(column: str) -> Func:
    """What stands before the @ of an address, without dots and what follows a plus: as ``text.bare_address()`` has it."""
    local = _first_part(Lower(column), "@")
    person = _first_part(local, "+")
    return Replace(person, Value("."), Value(""), output_field=TextField())


def _first_part(text: Func, mark: str) -> Func:
    return Func(
        text,
        Value(mark),
        Value(1),
        function="split_part",
        output_field=TextField(),
    )
