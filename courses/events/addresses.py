"""Which addresses of other machines we talk to: public ones, and what the operator lists."""

import http.client
import ipaddress
import socket
import ssl
import threading
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

TIMEOUT = 15  # seconds, for a whole request
# Addresses that carry an IPv4 address inside: the inner one is what is reached.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(ValueError):
    """We do not send there; the message says why."""


def is_listed(host: str) -> bool:
    return host.lower().strip("[]") in {h.lower().strip("[]") for h in settings.ATTUNE_WEBHOOK_PRIVATE_HOSTS}


def check_url(url: str) -> SplitResult:
    """The parts of an address we may send to, as far as it can be told without asking for its host. Raises Refused."""
    if not url.isascii():
        raise Refused(_("Write the address without accents and special letters."))
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (reading the port is what validates it)
    except ValueError:
        raise Refused(_("This is not an address.")) from None
    if not parts.hostname:
        raise Refused(_("This is not an address."))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_listed(parts.hostname)):
        raise Refused(_("The address has to begin with https://."))
    if parts.username or parts.password:
        raise Refused(_("The address must not hold a name or a password."))
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return parts
    if not is_listed(parts.hostname) and not is_public(literal):
        raise Refused(_("The address lies inside a private network."))
    return parts


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def resolve(host: str, port: int) -> str:
    """An address of the host to connect to. One that is not public refuses the host, whatever others it has."""
    try:
        found = [row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise Refused(_("There is no machine of this name.")) from None
    if not is_listed(host):
        for address in found:
            if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                raise Refused(_("The address lies inside a private network."))
    return found[0]


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send, and answer the status code. Redirects are not followed. Raises Refused, OSError or HTTPException.

    The connection is made to the very address that was checked: a name that points elsewhere a moment later gains
    nothing.
    """
    parts = check_url(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = resolve(parts.hostname, port)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=TIMEOUT)
    connection.sock = socket.create_connection((address, port), timeout=TIMEOUT)
    # A socket's own timeout begins anew with each byte that drips in.
    guard = threading.Timer(TIMEOUT, _cut, [connection])
    guard.daemon = True
    guard.start()
    try:
        if context:
            connection.sock = context.wrap_socket(
                connection.sock, server_hostname=parts.hostname, do_handshake_on_connect=False
            )
            connection.sock.do_handshake()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {"User-Agent": "Attune", **headers, "Host": parts.netloc})
        return connection.getresponse().status
    finally:
        guard.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    try:
        # Of the plain class: the encrypted one's tears down state that the waiting thread still reads.
        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
    except (OSError, TypeError, AttributeError):
        pass  # it ended by itself just now
