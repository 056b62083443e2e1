"""Checks of addresses in STAC documents: a document must not make this machine read files that its author cannot."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from eowidgets.errors import SourceError

#: Prefixes of the addresses of remote files.
REMOTE = ("http://", "https://", "s3://", "gs://", "az://", "abfs://", "abfss://")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\\\x7f<>]")
_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")
_PREFIX = re.compile(r"^[A-Za-z][A-Za-z0-9+._-]*:")


def is_url(href: object) -> bool:
    """Return whether a source is an http(s) address."""
    return isinstance(href, str) and href.split("://")[0].lower() in _PORTS and "://" in href


def short(href: str) -> str:
    """Return an address for a message: no folder of this machine, no user, no query, at most 80 characters."""
    if "://" in href:
        parts = urlsplit(href)
        href = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return repr(href if len(href) <= 80 else f"{href[:38]}...{href[-39:]}")
    return repr(re.split(r"[\\/]", href.split("?")[0])[-1][:80])


@dataclass(frozen=True)
class Origin:
    """Origin of a document, which determines the addresses that it may name.

    Attributes
    ----------
    base : str
        Path or address of the document; relative references start there.
    root : Path or None
        Of a local source: the folder that it was opened in, resolved. Only files in it or below it may be named.
    home : tuple of str and int, or None
        Of a remote source: host and port of the address that was opened. A document may name its own host, and hosts
        with public addresses.
    trusted : bool
        The user passed ``remote=True``: a local source may name files elsewhere and servers, a remote one may name
        hosts in private networks. A server may never name files of this machine.

    An origin without root and home is an object in memory, which comes from the user.
    """

    base: str = ""
    root: Path | None = None
    home: tuple[str, int] | None = None
    trusted: bool = False

    @classmethod
    def of(cls, source: str, trusted: bool = False) -> Origin:
        """Return the origin of a document that the user names by path or address."""
        if is_url(source):
            return cls(source, home=_host(source), trusted=trusted)
        path = Path(source).expanduser()
        return cls(str(path), root=path.resolve().parent, trusted=trusted)

    @classmethod
    def in_memory(cls, link: str, trusted: bool = False) -> Origin:
        """Return the origin of an object in memory with this ``self`` link."""
        return cls(link, home=_host(link), trusted=trusted) if is_url(link) else cls(link)

    def follow(self, href: str) -> Origin:
        """Return the origin of a document that this one links to, by its resolved address."""
        if is_url(href) and self.home is None:
            return Origin(href, home=_host(href), trusted=self.trusted)
        return replace(self, base=href)

    def resolve(self, href: str, kind: Literal["asset", "link"] = "asset") -> str:
        """Return the full path or address of a reference in the document.

        Raises
        ------
        SourceError
            If the document must not name it.
        """
        href = href.strip()
        if self.home is not None:
            return self._remote(href, kind)
        if href.lower().startswith("file://"):
            href = _path_of(href)
        if self.root is None:
            return (
                href if _absolute(href) or not self.base else str((Path(_path_of(self.base)).parent / href).resolve())
            )
        return self._local(href)

    def _local(self, href: str) -> str:
        if href.lower().startswith(REMOTE):
            if self.trusted:
                if is_url(href):
                    self.check_host(href)
                return href
            raise SourceError(
                f"{short(self.base)} names {short(href)}, but a local source opens only files in its own folder or "
                "below: pass remote=True if you trust it."
            )
        if href.startswith(("/vsi", "//", "\\\\", "<", "{")) or (_PREFIX.match(href) and not _WINDOWS.match(href)):
            if self.trusted and href.startswith("/vsi"):
                return href
            raise SourceError(f"{short(self.base)} names {href[:80]!r}, which is not the path of a file.")
        try:
            path = (Path(self.base).parent / href).resolve()
        except (OSError, RuntimeError, ValueError):
            raise SourceError(f"{short(self.base)} names {href[:80]!r}, which is not the path of a file.") from None
        if self.trusted or path.is_relative_to(self.root or ""):
            return str(path)
        raise SourceError(
            f"{short(self.base)} names {short(href)} outside its folder, but a local source opens only files in its own "
            "folder or below: pass remote=True if you trust it."
        )

    def _remote(self, href: str, kind: str) -> str:
        joined = href
        if "://" not in href and not (kind == "asset" and href.startswith(("/", "\\"))) and not _PREFIX.match(href):
            joined = urljoin(self.base, href)
        if not joined.lower().startswith(REMOTE) or (is_url(joined) and _UNSAFE.search(joined)):
            raise SourceError(
                f"{short(self.base)} names {href[:80]!r}, which no server may point to: report it to the provider of the "
                "catalogue."
            )
        if is_url(joined):
            self.check_host(joined)
        return joined

    def check_host(self, url: str) -> None:
        """Raise a SourceError if a remote document must not name the host of an http(s) address."""
        netloc = urlsplit(url).netloc
        if "@" in netloc and netloc != urlsplit(self.base).netloc:
            raise SourceError(f"{short(self.base)} names {short(url)} with a user name, which no server may point to.")
        host = _host(url)
        if host == self.home:
            return
        addresses = _addresses(host[0])
        if any(a.is_link_local for a in addresses) or not (self.trusted or all(_public(a) for a in addresses)):
            raise SourceError(
                f"{short(self.base)} names {short(url)}, an address inside this machine or a private network, which no "
                "server may point to: pass remote=True if you trust the catalogue."
            )

    def same_host(self, url: str) -> bool:
        """Return whether an address is on the host that was opened; https instead of http counts as the same."""
        if self.home is None or not is_url(url):
            return False
        host, port = _host(url)
        return host == self.home[0] and (port == self.home[1] or {port, self.home[1]} == {80, 443})


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise SourceError(f"The port in {short(url)} is not a number from 0 to 65535.") from None
    return (parts.hostname or "").rstrip("."), port or _PORTS.get(parts.scheme.lower(), 0)


def _absolute(href: str) -> bool:
    return "://" in href or href.startswith(("/", "\\")) or bool(_WINDOWS.match(href))


def _path_of(href: str) -> str:
    if not href.lower().startswith("file://"):
        return href
    parts = urlsplit(href)
    return f"//{parts.netloc}{parts.path}" if parts.netloc not in ("", "localhost") else url2pathname(parts.path)


@lru_cache(maxsize=256)
def _addresses(host: str) -> tuple[Address, ...]:
    """Return the addresses of a host; empty if its name does not resolve, since it cannot be reached then."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple({_plain(ipaddress.ip_address(str(entry[4][0]).split("%")[0])) for entry in found})


def _plain(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 address that stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _public(address: Address) -> bool:
    return address.is_global and not address.is_multicast
