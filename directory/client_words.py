"""What in a text looks as if it were about a client. It is only asked about, never refused: a guess, in English.

Of people in general one may write: "I see clients in the evening", "adults with anxiety". What is looked for is one
person: an age beside initials, "my client", a day of birth, a diagnosis somebody was given, the number of a case.
"""

import re

MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
PERSON = r"(?:client|patient|analysand|counselee)"
SIGNS = [
    # J.M., 34 · J. M. (34) · JM (34)
    r"(?-i:\b[A-Z]\.\s?(?:[A-Z]\.\s?){1,2}),?\s?\(?\d{1,2}\b(?![:\d])",
    r"(?-i:\b[A-Z]{2,3})\s?\(\d{1,2}\)",
    r"\b\d{1,2}\s?(?:y/o|yo|y\.o\.)(?!\w)",
    r"\b\d{1,2}[- ]year[- ]old\b(?!s)",
    # my client · a patient of mine · one of my clients · the client who · client named
    rf"\b(?:my|this|that)\s+(?:new\s+|next\s+|last\s+|own\s+|\d{{1,2}}\s?(?:am|pm)\s+)?{PERSON}\b(?!s)",
    rf"\b{PERSON}s?\s+of\s+mine\b",
    rf"\bone\s+of\s+(?:my|our)\s+{PERSON}s\b",
    rf"\b{PERSON}\s+(?:named|called|who\s+(?:is|has|was|had|just))\b",
    # a day of birth
    r"\b(?:d\.?o\.?b\.?|date\s+of\s+birth|birth\s?date|born\s+(?:on|in)\s+\w*\s*\d)",
    r"\b(?:0?[1-9]|1[0-2])[/.-](?:0?[1-9]|[12]\d|3[01])[/.-](?:19[2-9]\d|200\d|201\d)\b",
    r"\b(?:19[2-9]\d|200\d|201\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b",
    rf"\b(?:{MONTHS})[a-z]*\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19[2-9]\d|200\d|201\d)\b",
    # what somebody was told they have
    r"\b(?:was|is|been|recently|newly|got)\s+diagnosed\s+with\b",
    r"\b(?:she|he|they|who)\s+suffers?\s+from\b",
    # numbers of cases and insurance
    r"\b(?:mrn|ssn|chart\s+(?:no|number|#)|case\s+(?:no|number|#)|member\s+id|policy\s+(?:no|number|#))\W*\w*\d",
    r"\b\d{3}-\d{2}-\d{4}\b",
]
LOOK = re.compile("|".join(SIGNS), re.IGNORECASE)
MOST_SAID = 3


def client_words(text: str) -> list[str]:
    """The first few places that look like it, as they were typed."""
    found = dict.fromkeys(" ".join(hit[0].split()) for hit in LOOK.finditer(text))
    return list(found)[:MOST_SAID]
