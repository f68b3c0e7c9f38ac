"""Where a download may go: schemes, hosts of the allow-list, and public addresses only."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from kb.errors import DownloadRefused, SourceUnavailable

Resolver = Callable[[str, int], list[str]]
"""Host and port to IP addresses, in the order in which they are to be tried; raises OSError."""

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """The system's answer for a host name, each address once.

    Raises:
        OSError: when the name is not known.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not this machine, its networks, or a reserved range.

    IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4) are judged as the IPv4 address that they lead to.
    """
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


class AddressPolicy:
    """Decides on every address before a connection is made, again for each redirect.

    Args:
        allowed_hosts: host names that downloads may go to, on the usual ports.
        base_urls: addresses the user set; their host and port are allowed too.
        allow_private: let names resolve to this machine or a private network.
        resolver: host and port to IP addresses.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str],
        base_urls: Iterable[str] = (),
        allow_private: bool = False,
        resolver: Resolver = resolve,
    ) -> None:
        self._places = {(_plain(host), port) for host in allowed_hosts for port in _PORTS.values()}
        self._places |= {place for url in base_urls if (place := _place(url)) is not None}
        self._allow_private = allow_private
        self._resolver = resolver

    def addresses(self, url: str) -> list[str]:
        """The IP addresses to connect to for ``url``, all of them allowed.

        Raises:
            DownloadRefused: scheme, host, port or address not allowed.
            SourceUnavailable: the host's name cannot be resolved.
        """
        place = _place(url)
        if place is None:
            raise DownloadRefused(f"{url[:120]!r} is not a plain http or https address: use one that is")
        if place not in self._places:
            raise DownloadRefused(
                f"downloads from {_shown(place)} are not allowed: add the host to allowed_hosts if you trust it"
            )
        host, port = place
        try:
            found = self._resolver(host, port)
        except OSError as err:
            raise SourceUnavailable(
                f"{host} cannot be found ({err.strerror or err}): check the network and try again", retry=True
            ) from err
        if not self._allow_private and (bad := [address for address in found if not is_public(address)]):
            raise DownloadRefused(
                f"{host} leads to {bad[0]}, which is not a public address: set allow_private_addresses to allow it"
            )
        return found


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
        return None
    return _plain(parts.hostname), port or _PORTS[parts.scheme]


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _shown(place: tuple[str, int]) -> str:
    host, port = place
    return host if port in _PORTS.values() else f"{host}:{port}"
