import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.hours import clock
from spaces.reply import DAYS, Part, Said, understand

WED, THU = 2, 3
NAMES = ["Mara Ellison", "Mara", "Ellison", "Dana"]
YES, EVENING = "yes", Part(WED, 17 * 60, 19 * 60)

PLAIN = {
    "yes all": Said(YES, is_all=True),
    "Yes, all of them. Thanks!\nMara": Said(YES, is_all=True),
    "Hi Dana,\n\nyes please, everything\n\nBest,\nMara Ellison": Said(YES, is_all=True),
    "yes": Said(YES),
    "Yes Wed": Said(YES, parts=(Part(WED),)),
    "yes Wed 17–19, Thu": Said(YES, parts=(EVENING, Part(THU))),
    "YES WEDNESDAY FROM 5 TO 7 PM": Said(YES, parts=(EVENING,)),
    "yes weds 5pm-7, thu 10am - 12": Said(YES, parts=(EVENING, Part(THU, 600, 720))),
    "yes wed 11-1pm": Said(YES, parts=(Part(WED, 660, 780),)),
    "yes wed 10-12am": Said(YES, parts=(Part(WED, 1320, 1440),)),
    "yes wed 17:00-18:00, 19.00—19.30": Said(
        YES, parts=(Part(WED, 1020, 1080), Part(WED, 1140, 1170))
    ),
    "yes wed 1700 - 1900 and thu": Said(YES, parts=(EVENING, Part(THU))),
    "yes Wed 5-7": Said(YES, parts=(Part(WED, 300, 420, is_either_half=True),)),
    "yes Wed 05:00-07:00": Said(YES, parts=(Part(WED, 300, 420),)),
    "no": Said("no"),
    "No, thanks.\n\nMara": Said("no"),
    "Sorry, not this time": Said("no"),
    "I can’t, sorry": Said("no"),
    "Not for this incident": Said("never"),
    "no. Not for this incident.": Said("never"),
}
VAGUE = [
    "",
    "👍",
    "yes?",
    "yes, maybe",
    "ok",
    "No problem, yes all!",
    "yes all but not Wed",
    "yes all Wed",
    "Thanks, all. Yes",
    "yes and no",
    "no Wed",
    "Wed 17-19",
    "all",
    "yes Wed, Thu 17-19",
    "yes 17-19 Wed",
    "yes Mon-Wed",
    "yes Wed 17",
    "yes Wed after 17",
    "yes Wed 19-17",
    "yes Wed 17-17",
    "yes Wed 17-19:15",
    "yes Wed 25-26",
    "yes Wed 13-15pm",
    "yes Wed 3 Dec",
    "yes Wed 17-19 for $20",
    "yes, call me at 510-555-0123",
    "yes " * 600,
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_plain_says_one_thing(text):
    said = understand(text, NAMES)

    assert said.is_plain
    assert (said.choice, said.is_all, said.parts) == (
        PLAIN[text].choice,
        PLAIN[text].is_all,
        PLAIN[text].parts,
    )


@pytest.mark.parametrize("text", VAGUE)
def test_what_is_not_plain_is_not_guessed(text):
    assert not understand(text, NAMES).is_plain


def test_what_was_understood_of_it_is_told():
    for text in ("I could do Wed 17-19 I think, yes", "Wed 17-19"):
        assert understand(text, NAMES) == Said(YES, parts=(EVENING,))
    for text in ("Not Wed, sorry", "no, but Wed 17-19?", "yes and no to Wed"):
        assert understand(text, NAMES).choice != YES


half_hours = st.integers(0, 47).map(lambda n: n * 30)
day_words = st.integers(0, 6).flatmap(
    lambda day: st.sampled_from(str(DAYS[day]).split("|")).map(lambda word: (day, word))
)
hours = st.tuples(half_hours, half_hours).filter(lambda pair: pair[0] < pair[1])
dashes = st.sampled_from(["-", "–", " - ", " to ", "—", " until "])


def said_in_24(start, end, dash):
    return f"{clock(start)}{dash}{clock(end)}"


def said_in_12(start, end, dash):
    def half(minute):
        hour, rest = divmod(minute, 60)
        return f"{hour % 12 or 12}:{rest:02}{'pm' if hour >= 12 else 'am'}"

    return f"{half(start)}{dash}{half(end)}"


@given(
    days=st.lists(
        st.tuples(day_words, hours, dashes, st.sampled_from([said_in_24, said_in_12])),
        min_size=1,
        max_size=5,
    ),
    shout=st.sampled_from([str.lower, str.upper, str.title]),
    joint=st.sampled_from([", ", "\n", "; ", " and "]),
)
def test_any_days_and_hours_are_read_as_written(days, shout, joint):
    words = [f"{word} {say(*span, dash)}" for (_, word), span, dash, say in days]

    said = understand(f"yes {shout(joint.join(words))}")

    assert said.is_plain
    assert [part[:3] for part in said.parts] == list(
        dict.fromkeys((day, *span) for (day, _), span, _, _ in days)
    ) or any(part.is_either_half for part in said.parts)


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_nothing_that_is_written_breaks_it(text, names):
    understand(text, names)


@given(
    st.sampled_from(sorted(PLAIN)),
    st.text(st.characters(categories=["L"], max_codepoint=0x7F), min_size=9),
)
def test_one_unknown_word_is_enough_to_ask(text, word):
    assert not understand(f"{text} {word}zz", NAMES).is_plain
    assert not understand(f"{word}zz {text}", NAMES).is_plain
