"""What every answer says to browsers, and that no page needs more."""

import re

HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OFF = {"camera", "geolocation", "microphone", "payment", "usb"}
ONLY_OURS = {"'self'", "'none'", "sandbox"}
INLINE = re.compile(
    r"""<script(?![^>]*\ssrc=)(?![^>]*type="application/json")|<style\b|<[a-z][^<>]*\s(style|on[a-z]+)\s*=|javascript:|<base\b""",
    re.IGNORECASE,
)


def assert_strict(response):
    for name, value in HEADERS.items():
        assert response.headers[name] == value, name
    off = response.headers["Permissions-Policy"]
    assert {part.strip().removesuffix("=()") for part in off.split(",")} >= OFF
    directives = {
        name: values
        for name, *values in map(
            str.split, response.headers["Content-Security-Policy"].split(";")
        )
    }
    assert directives["default-src"] == ["'none'"]
    if "sandbox" not in directives:
        assert directives["frame-ancestors"] == ["'none'"]
        assert directives["base-uri"] == ["'none'"]
        assert directives["form-action"] == ["'self'"]
    assert {value for values in directives.values() for value in values} <= ONLY_OURS
    if "html" in response.headers["Content-Type"] and not response.streaming:
        found = INLINE.search(response.text)
        assert found is None, found
