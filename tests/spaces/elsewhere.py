"""A server with a certificate, on an address of this machine that tests call public: 127.0.0.2."""

import datetime
import http.server
import ssl
import threading
from contextlib import contextmanager
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from spaces.fetch import Door

HERE, INSIDE = "127.0.0.2", "127.0.0.1"
NAMES = {
    "calendar.example": [HERE],
    "other.example": [HERE],
    "inside.example": [INSIDE],
}


class Server:
    """``pages``: what each path answers, as (status, headers, body); or a function of the request."""

    def __init__(self, folder):
        self.pages = {}
        self.asked = []
        self.over = threading.Event()
        self.certificates = folder / "authority.pem"
        self.http = http.server.ThreadingHTTPServer((HERE, 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(folder))
        self.http.socket = context.wrap_socket(
            self.http.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self.http.server_address[1]

    def url(self, path, host="calendar.example"):
        return f"https://{host}:{self.port}{path}"

    def door(self, **changes):
        return Door(
            **{
                "look_up": lambda host, port: NAMES.get(host, [host]),
                "is_allowed": lambda address: address == HERE,
                "port": self.port,
                "certificates": str(self.certificates),
                "seconds": 5,
                **changes,
            }
        )


@contextmanager
def serving(folder):
    server = Server(folder)
    thread = threading.Thread(target=server.http.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.http.shutdown()
        thread.join()
        server.http.server_close()


def _handler(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.asked.append(self)
            answer = server.pages.get(self.path, (404, {}, b""))
            if callable(answer):
                answer(self)
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

        def handle(self):
            try:
                super().handle()
            except OSError:  # who asked went away
                self.close_connection = True

    return Handler


def _certificate(folder):
    """Valid for calendar.example and for the address; its authority lies beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("calendar.example"),
                    x509.DNSName("inside.example"),
                    x509.IPAddress(ip_address(INSIDE)),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "authority.pem").write_bytes(public)
    (folder / "server.pem").write_bytes(private + public)
    return folder / "server.pem"
