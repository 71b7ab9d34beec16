"""Made-up network addresses, from ranges that are set aside for documentation.

IPv4: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), 762 hosts in all; IPv6: 2001:db8::/32 (RFC 3849); hardware
addresses: 00-00-5E-00-53-00 to FF (RFC 9542, before it RFC 7042), and for 64 bits 02-00-5E-10-00-00-00-00 to FF with the
same bits. A data set with more distinct IPv4 or hardware addresses than a range holds shares surrogates.
"""

from __future__ import annotations

import re

from curate.privacy.canonical import plain
from curate.privacy.surrogates.draw import Draw, laid_out

_V4 = ("192.0.2.", "198.51.100.", "203.0.113.")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")


def ip_address(value: str, draw: Draw) -> str:
    """An address for documentation; a port, a prefix length or brackets stay."""
    written = plain(value)
    if ":" not in written or written.count(":") == 1:
        return re.sub(r"\d+(?:\.\d+){3}", lambda _: draw.choice(_V4) + str(1 + draw.below(254)), written, count=1)
    return _ADDRESS.sub(lambda m: _v6(m[0], draw) if ":" in m[0] else m[0], written, count=1)


def _v6(written: str, draw: Draw) -> str:
    """As many groups as the real one has behind the documentation prefix, in its case and width."""
    wide = any(len(group) == 4 and group[0] == "0" for group in written.split(":"))
    groups = 8 if "::" not in written else max(3, min(7, len([g for g in written.split(":") if g])))
    hexes = [format(1 + draw.below(0xFFFE), "04x" if wide else "x") for _ in range(groups - 2)]
    prefix = "2001:0db8" if wide else "2001:db8"
    out = f"{prefix}:{':'.join(hexes)}" if "::" not in written else f"{prefix}::{':'.join(hexes)}"
    return out.upper() if any(c.isupper() for c in written) else out


def mac_address(value: str, draw: Draw) -> str:
    """A hardware address for documentation, in the layout of the real one."""
    written = plain(value)
    upper = any(c.isupper() for c in written)
    size = sum(c.isalnum() for c in written)
    new = ("00005e0053" if size == 12 else "02005e1000000000"[: max(0, size - 2)]) + format(draw.below(256), "02x")
    # Letters and digits trade places: the layout gives the separators only, the case is of the whole.
    out = laid_out("".join("0" if c.isalnum() else c for c in written), new)
    return out.upper() if upper else out
