import time

import pytest

from spaces.fetch import (
    REDIRECTS,
    Fetched,
    FetchError,
    Problem,
    fetch,
    is_public,
    tidy_url,
)
from tests.spaces.elsewhere import HERE, INSIDE, serving

P = Problem


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server):
    server.pages = {"/good.ics": (200, {"ETag": '"7"'}, b"BEGIN:VCALENDAR")}
    server.asked.clear()


def problem_of(url, **more):
    with pytest.raises(FetchError) as caught:
        fetch(url, **more)
    return caught.value.problem


# --- Where one may go -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("0.0.0.0", False),  # noqa: S104 -- nothing is bound to it
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("127.8.9.10", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.0.0.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:93.184.216.34", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::1", False),
        ("2001::1", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::1", False),
        ("3fff::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("nonsense", False),
    ],
)
def test_only_public_addresses_are_public(address, expected):
    assert is_public(address) is expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (" webcal://Example.org/a.ics?x=1#y ", "https://example.org/a.ics?x=1"),
        ("https://example.org:443", "https://example.org:443/"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("http://example.org/a.ics", None),
        ("ftp://example.org/a.ics", None),
        ("file:///etc/passwd", None),
        ("https://example.org:8443/a.ics", None),
        ("https://example.org:99999/a.ics", None),
        ("https://user@example.org/a.ics", None),
        ("https://user:password@example.org/a.ics", None),
        ("https://example.org\\@inside/a.ics", None),
        ("https://example.org/a b", None),
        ("https://example.org/a\r\nHost: inside", None),
        ("https://[::1", None),
        ("https:///a.ics", None),
        ("example.org/a.ics", None),
        ("", None),
    ],
)
def test_an_address_is_https_or_nothing(typed, expected):
    if expected is None:
        with pytest.raises(FetchError) as caught:
            tidy_url(typed)
        assert caught.value.problem == P.ADDRESS
    else:
        assert tidy_url(typed) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_nothing_on_this_machine_is_read_whatever_it_is_called(url):
    assert problem_of(url) == P.NOT_PUBLIC


# --- Reading -----------------------------------------------------------------------------


def test_what_is_there_is_read_with_nothing_but_the_question(server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    found = fetch(server.url("/good.ics"), door=server.door())

    assert found == Fetched(b"BEGIN:VCALENDAR", '"7"')
    headers = server.asked[0].headers
    assert headers["Host"] == f"calendar.example:{server.port}"
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization", "If-None-Match"} & set(headers)


def test_what_is_still_the_same_is_not_sent_again(server):
    def answer(asked):
        assert asked.headers["If-None-Match"] == '"7"'
        asked.send_response(304)
        asked.end_headers()

    server.pages["/same.ics"] = answer

    found = fetch(server.url("/same.ics"), etag='"7"', door=server.door())

    assert found.content is None


def test_the_name_is_looked_up_once_and_that_address_is_used(server):
    answers = [[HERE], [INSIDE]]

    fetch(
        server.url("/good.ics"),
        door=server.door(look_up=lambda host, port: answers.pop(0)),
    )

    assert answers == [[INSIDE]]


@pytest.mark.parametrize(
    ("addresses", "problem"),
    [
        ([HERE, "10.0.0.1"], P.NOT_PUBLIC),
        ([INSIDE, HERE], P.NOT_PUBLIC),
        ([], P.NO_SERVER),
    ],
)
def test_one_address_inside_is_enough_to_refuse(server, addresses, problem):
    door = server.door(look_up=lambda host, port: addresses)

    assert problem_of(server.url("/good.ics"), door=door) == problem
    assert server.asked == []


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("https://127.0.0.1:{port}/good.ics", P.NOT_PUBLIC),
        ("//inside.example:{port}/good.ics", P.NOT_PUBLIC),
        ("http://calendar.example/good.ics", P.ADDRESS),
        ("https://me:secret@calendar.example:{port}/good.ics", P.ADDRESS),
        ("file:///etc/passwd", P.ADDRESS),
        ("https://[calendar.example/good.ics", P.ADDRESS),
        ("//[/good.ics", P.ADDRESS),
        ("/elsewhere.ics", P.REDIRECTS),
    ],
)
def test_a_redirect_is_looked_at_as_hard(server, location, problem):
    there = (302, {"Location": location.format(port=server.port)}, b"")
    server.pages["/elsewhere.ics"] = there

    assert problem_of(server.url("/elsewhere.ics"), door=server.door()) == problem
    assert "/good.ics" not in [asked.path for asked in server.asked]


def test_a_few_redirects_are_followed(server):
    for step in range(REDIRECTS):
        server.pages[f"/{step}"] = (301, {"Location": f"/{step + 1}"}, b"")
    server.pages[f"/{REDIRECTS}"] = server.pages["/good.ics"]

    assert fetch(server.url("/0"), door=server.door()).content == b"BEGIN:VCALENDAR"


def test_the_certificate_is_for_the_name_and_from_an_authority(server):
    door = server.door()

    other = problem_of(server.url("/good.ics", host="other.example"), door=door)
    unknown = problem_of(server.url("/good.ics"), door=server.door(certificates=None))

    assert (other, unknown) == (P.CERTIFICATE, P.CERTIFICATE)
    assert server.asked == []


# --- Too long, too much, broken ---------------------------------------------------------------


def _hang(asked):
    _server(asked).wait(10)


def _drip(asked):
    """A byte now and then, of a header that never ends."""
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not _server(asked).wait(0.05):
        asked.wfile.write(b"x")


def _drip_body(asked):
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not _server(asked).wait(0.05):
        asked.wfile.write(b"x")


def _continue(asked):
    while not _server(asked).wait(0.01):
        asked.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _server(asked):
    return asked.server.over


@pytest.mark.parametrize("answer", [_hang, _drip, _drip_body, _continue])
def test_a_server_that_takes_its_time_is_left_alone(server, answer):
    server.http.over = server.over
    server.pages["/slow.ics"] = answer
    began = time.monotonic()

    problem = problem_of(server.url("/slow.ics"), door=server.door(seconds=0.2))

    assert problem == P.SLOW
    assert time.monotonic() - began < 2


def test_a_name_server_that_keeps_silent_is_left_alone(server):
    def look_up(host, port):
        server.over.wait(10)
        return []

    door = server.door(look_up=look_up, seconds=0.2)

    assert problem_of(server.url("/good.ics"), door=door) == P.SLOW


def _endless(asked):
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        asked.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")


def _headers(asked):
    asked.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n")


def _broken_off(asked):
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nBEGIN")
    asked.close_connection = True


def _nonsense(asked):
    asked.wfile.write(b"\x00\x01\x02 hello\r\n\r\n")
    asked.close_connection = True


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((200, {"Content-Length": "2001"}, b""), P.LARGE),
        ((200, {}, b"x" * 2001), P.LARGE),
        (_endless, P.LARGE),
        (_headers, P.NO_ANSWER),
        (_broken_off, P.NO_ANSWER),
        (_nonsense, P.NO_ANSWER),
        ((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), P.PACKED),
        ((404, {}, b""), P.GONE),
        ((403, {}, b""), P.CLOSED),
        ((500, {}, b""), P.SERVER),
        ((206, {}, b"BEGIN"), P.SERVER),
    ],
)
def test_what_cannot_be_read_says_why(server, answer, problem):
    server.pages["/bad.ics"] = answer

    door = server.door(most_bytes=2000)

    assert problem_of(server.url("/bad.ics"), door=door) == problem


def test_a_server_that_is_not_there_says_so(server):
    door = server.door(look_up=lambda host, port: ["127.0.0.3"], is_allowed=bool)

    assert problem_of(server.url("/good.ics"), door=door) == P.NO_ANSWER
