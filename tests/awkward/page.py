"""Forms as a browser reads and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

FREE = {"text", "search", "textarea"}  # what takes any words
BOXES = {"radio", "checkbox"}
NOT_SENT = {"file", "submit", "button"}
SHOWN = ("value", "title", "alt", "aria-label")


@dataclass
class Field:
    name: str
    kind: str
    value: str = ""
    longest: int | None = None


@dataclass
class Form:
    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    def sent(self, **typed):
        """By name, as lists: what stands in it, but for what is typed."""
        data = {}
        for item in self.fields:
            if item.name and item.name not in typed:
                data.setdefault(item.name, []).append(item.value)
        return data | typed

    @property
    def free(self):
        return [item for item in self.fields if item.kind in FREE]


class Page(HTMLParser):
    """Its forms, and all its words."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.words = []
        self._form = self._area = self._select = None
        self._has_option = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.words += filter(None, map(given.get, SHOWN))
        if tag == "form":
            self._form = Form(given.get("action") or "", given.get("method", "get"))
            self.forms.append(self._form)
        elif self._form is not None and tag in {"input", "textarea", "select"}:
            self._add(tag, given)
        elif tag == "option" and self._select is not None:
            if not self._has_option or "selected" in given:
                self._select.value = given.get("value") or ""
            self._has_option = True

    def _add(self, tag, given):
        kind = given.get("type", "text") if tag == "input" else tag
        is_box = kind in BOXES
        if kind in NOT_SENT or (is_box and "checked" not in given):
            return
        longest = int(given["maxlength"]) if given.get("maxlength") else None
        value = given.get("value") or ("on" if is_box else "")
        item = Field(given.get("name") or "", kind, value, longest)
        self._form.fields.append(item)
        if tag == "textarea":
            self._area = item
        if tag == "select":
            self._select, self._has_option = item, False

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._area is not None:
            # the parser gives what a browser would after the first line break
            self._area.value = self._area.value.removeprefix("\n")
            self.words.append(self._area.value)
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data):
        if self._area is not None:
            self._area.value += data
        else:
            self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)
