"""One page of the web, fetched within limits; addresses inside the user's own network are never asked.

A host is resolved here, every address it has is checked, and the connection is made to the address that was checked:
a name cannot point elsewhere in between. Every redirect goes through the same.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from ingestion.load.sniff import sniff
from kb_app.errors import (
    WebAddressError,
    WebKindError,
    WebPrivateError,
    WebRedirectsError,
    WebStatusError,
    WebTimeoutError,
    WebTooLargeError,
    WebUnreachableError,
)
from kb_app.providers.bounds import unpacked
from kb_app.providers.stream import Hangup
from kb_app.services.documents.intake import WEB_PREFIXES

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_TYPES = (*_HTML_TYPES, "text/plain", "text/markdown", "application/pdf")
_DOCTYPE = b"<!DOCTYPE html>\n"
_HEADERS = {"User-Agent": "kb-app", "Accept": ", ".join(_TYPES), "Accept-Encoding": "identity"}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

AddressPolicy = Callable[[str], bool]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLimits:
    """Bounds of fetching one page, redirects included."""

    max_bytes: int = 50_000_000
    seconds: float = 60.0
    redirects: int = 5


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: not private, local, shared, reserved or a tunnel to such."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def clean_url(url: str) -> str:
    """Return an address fit to fetch and to name a document: http or https, no password in it, no fragment.

    Raises:
        WebAddressError: it is none.
    """
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise WebAddressError(str(error)) from error
    is_plain = parsed.host and not parsed.userinfo and not any(character.isspace() for character in url.strip())
    if parsed.scheme not in ("http", "https") or not is_plain:
        raise WebAddressError("not a plain http(s) address")
    return str(parsed.copy_with(fragment=None))


def loading_name(name: str, data: bytes) -> str:
    """Return the name a loader can tell the format of; the same as ``name`` for anything but a page of the web."""
    if not name.startswith(WEB_PREFIXES):
        return name
    kind = sniff(data)
    if kind in ("PDF", "HTML"):
        return f"page.{kind.lower()}"
    return "page.md" if httpx.URL(name).path.lower().endswith((".md", ".markdown")) else "page.txt"


class Fetch:
    """One exchange, redirects included; :meth:`hang_up` ends it from any thread."""

    def __init__(self, limits: WebLimits, allows: AddressPolicy = is_public) -> None:
        """Connect only to IP addresses that ``allows`` accepts."""
        self._limits = limits
        self._allows = allows
        self._hangup = Hangup()

    def hang_up(self) -> None:
        """End the exchange; it fails with WebUnreachableError."""
        self._hangup.hang_up()

    def run(self, url: str, on_progress: OnProgress) -> bytes:
        """Return the page's bytes; what is HTML begins so that it is known for HTML.

        Raises:
            WebError: one subclass per reason.
        """
        hooks = {"request": [self._hangup.watch]}
        timeout = httpx.Timeout(min(15.0, self._limits.seconds))
        try:
            with (
                self._hangup.deadline(self._limits.seconds),
                httpx.Client(trust_env=False, timeout=timeout, headers=_HEADERS, event_hooks=hooks) as client,
            ):
                return self._follow(client, httpx.URL(url), on_progress)
        except httpx.TimeoutException as error:
            raise WebTimeoutError(str(error), host=httpx.URL(url).host) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if self._hangup.expired:
                raise WebTimeoutError(str(error), host=httpx.URL(url).host) from error
            raise WebUnreachableError(str(error), host=httpx.URL(url).host) from error

    def _follow(self, client: httpx.Client, url: httpx.URL, on_progress: OnProgress) -> bytes:
        for _ in range(self._limits.redirects + 1):
            address = self._address(url)
            request = client.build_request(
                "GET",
                url.copy_with(host=address),
                headers={"Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            response = client.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    return self._body(response, url, on_progress)
                url = httpx.URL(clean_url(str(url.join(response.headers["location"]))))
            finally:
                response.close()
        raise WebRedirectsError(str(url), count=self._limits.redirects)

    def _address(self, url: httpx.URL) -> str:
        """Return the address to connect to, after checking all that the host has."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise WebUnreachableError(str(error), host=url.host) from error
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            if not self._allows(address):
                raise WebPrivateError(address, host=url.host)
        return addresses[0]

    def _body(self, response: httpx.Response, url: httpx.URL, on_progress: OnProgress) -> bytes:
        if response.status_code != 200:
            raise WebStatusError(str(response.status_code), host=url.host, status=response.status_code)
        limit_mb = self._limits.max_bytes // 1_000_000
        total = int(declared) if (declared := response.headers.get("content-length", "")).isdigit() else 0
        pieces: list[bytes] = []
        size = 0
        if total > self._limits.max_bytes:
            raise WebTooLargeError(declared, limit_mb=limit_mb)
        packing = response.headers.get("content-encoding", "")  # some servers pack though asked not to
        for piece in unpacked(response.iter_raw(), packing, httpx.DecodingError, self._limits.max_bytes + 1):
            size += len(piece)
            if size > self._limits.max_bytes:
                raise WebTooLargeError(str(size), limit_mb=limit_mb)
            pieces.append(piece)
            on_progress(size, total)
        return _recognisable(b"".join(pieces), response.headers.get("content-type", ""))


def _recognisable(data: bytes, content_type: str) -> bytes:
    kind = content_type.partition(";")[0].strip().lower()
    looks_like = sniff(data)
    if kind not in _TYPES and looks_like not in ("PDF", "HTML"):
        raise WebKindError(kind, kind=kind or "?")
    return _DOCTYPE + data if kind in _HTML_TYPES and looks_like is None else data
