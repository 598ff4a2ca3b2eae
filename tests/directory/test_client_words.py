"""What looks as if it were about a client is asked about before it is sent, and never refused."""

import pytest
from django.urls import reverse

from directory.client_words import client_words
from directory.models import Message
from tests.factories.directory import TherapistFactory

ABOUT_SOMEBODY = """\
J.M., 34, needs a ground floor
for J. M. (34)
JM (12) on Tuesdays
a 12-year-old boy
a 34 year old with a dog
34 y/o, anxious
I see my client at nine
My 5 pm client would wait
this patient is loud
a patient of mine limps
one of my clients uses a wheelchair
a client who has panic attacks
born on March 3
DOB 3/4/1987
date of birth: 1987-03-04
12/03/1987
March 12, 1987
was diagnosed with ADHD
she suffers from migraine
MRN 00123
case no. 77
123-45-6789"""
ABOUT_NOBODY = """\
I see clients in the evening, adults with anxiety.
My clients are adults; a client can wait in the hall.
Children from 6 to 12 years old, 16-year-olds too.
Two chairs, a couch, no stairs. Wed 17:00–21:00, 9 AM, room 12.
From 12/03/2026 until 2026-12-20, at CA 94611, BART 2 blocks.
I treat people diagnosed with ADHD or PTSD.
Patients come by the side door. LMFT 12345, since 1998.
St. 12, A. 3rd floor; suite B 12; EMDR, CBT.
My colleague J. Miller, 510 555 0100."""


def test_one_person_is_told_from_people():
    missed = [line for line in ABOUT_SOMEBODY.splitlines() if not client_words(line)]
    alarms = {
        line: found
        for line in ABOUT_NOBODY.splitlines()
        if (found := client_words(line))
    }
    assert (missed, alarms) == ([], {})


@pytest.mark.django_db
def test_a_message_is_asked_about_then_sent_all_the_same(client, therapist):
    url = reverse("directory:conversation", args=[TherapistFactory().pk])
    typed = {"text": "May my client & I come <b>early</b>?"}

    asked = client.post(url, typed)
    page = asked.content.decode()

    assert "“my client” looks as if" in page
    assert "May my client &amp; I come &lt;b&gt;early&lt;/b&gt;?" in page
    assert 'value="keep"' in page
    assert 'value="leave-out"' not in page  # a message must say something
    assert not Message.objects.exists()

    client.post(url, {**typed, "client_words": "keep"})
    assert Message.objects.get().text == typed["text"]
