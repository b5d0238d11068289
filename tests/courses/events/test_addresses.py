import http.server
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from courses.events import addresses


def names(monkeypatch, *found):
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: rows)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_leads_inside_is_refused(monkeypatch, address):
    names(monkeypatch, address)
    with pytest.raises(addresses.Refused):
        addresses.resolve("hooks.example", 443)
    names(monkeypatch, "93.184.216.34", address)
    with pytest.raises(addresses.Refused):
        addresses.resolve("hooks.example", 443)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_a_public_one_is_taken(monkeypatch, address):
    names(monkeypatch, address)
    assert addresses.resolve("hooks.example", 443) == address


def test_what_the_operator_lists_is_taken(monkeypatch, settings):
    names(monkeypatch, "10.1.2.3")
    settings.ATTUNE_WEBHOOK_PRIVATE_HOSTS = ["Hooks.internal"]
    assert addresses.resolve("hooks.internal", 443) == "10.1.2.3"
    addresses.check_url("http://hooks.internal/x")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "http://localhost/",
        "ftp://hooks.example/",
        "https:///x",
        "https://user:password@hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::1/",
        "https://hooks.example:99999/",
        "https://häuser.example/",
    ],
)
def test_addresses_that_are_none_to_send_to(url):
    with pytest.raises(addresses.Refused):
        addresses.check_url(url)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    """Though the name, asked again, would lead inside."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])

    def getaddrinfo(host, port, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in next(answers)]

    reached = []

    def create_connection(address, timeout=None):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(ConnectionRefusedError):
        addresses.post("https://hooks.example/", b"", {})
    assert reached == [("93.184.216.34", 443)]


@pytest.fixture
def https_receiver(tmp_path):
    """A server with a certificate of its own for `localhost`: its port, the certificate's file, what it got."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate of a test, is not installed")
    key, certificate, got = tmp_path / "key.pem", tmp_path / "cert.pem", []
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        f"-keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.headers["Host"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, certificate, got
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_certificate_has_to_be_valid_for_the_name(https_receiver, settings, monkeypatch):
    port, certificate, got = https_receiver
    settings.ATTUNE_WEBHOOK_PRIVATE_HOSTS = ["localhost", "127.0.0.1"]
    with pytest.raises(ssl.SSLCertVerificationError):
        addresses.post(f"https://localhost:{port}/x", b"{}", {})
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert addresses.post(f"https://localhost:{port}/x", b"{}", {}) == 204
    assert got == [(f"localhost:{port}", b"{}")]
    with pytest.raises(ssl.SSLCertVerificationError):
        addresses.post(f"https://127.0.0.1:{port}/x", b"{}", {})
