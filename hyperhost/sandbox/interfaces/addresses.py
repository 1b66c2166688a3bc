"""Which network addresses are public, and so may be reached without being granted by address."""

from __future__ import annotations

import ipaddress

__all__ = ["is_public"]

# The lists of the IANA special-purpose registries, written out because ``ipaddress.is_global``
# differs between Python versions.
_SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, cloud metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # everything else is special or not handed out
_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def is_public(address: str) -> bool:
    """Whether ``address`` belongs to the public unicast internet.

    IPv6 addresses that carry an IPv4 address (mapped, NAT64, 6to4, ISATAP) are as public as that one.
    Text that is no address is not public.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _SPECIAL_V4)
    carried = _carried_v4(parsed)
    if carried is not None and not is_public(str(carried)):
        return False
    if parsed in _MAPPED or parsed in _NAT64:
        return True
    return parsed in _GLOBAL_V6 and not any(parsed in network for network in _SPECIAL_V6)


def _carried_v4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    packed = address.packed
    if address in _MAPPED or address in _NAT64 or packed[8:12] in _ISATAP:
        return ipaddress.IPv4Address(packed[12:])
    if address in _6TO4:
        return ipaddress.IPv4Address(packed[2:6])
    return None
