import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def one_line(text: str) -> str:
    """Without anything that could end a header, break a card or turn the direction of what follows."""
    return " ".join(CONTROL.sub(" ", text).split())
