"""Access to the files of a catalogue: signed addresses, and options of GDAL for the host of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Answers that mean that a signature or a token is missing or has expired.
REFUSED = ("HTTP response code: 401", "HTTP response code: 403")


@dataclass(frozen=True)
class Access:
    """Access files by their plain address; base class of all other kinds of access.

    An instance is sent to workers with the graph of a cube, so it holds no secret: credentials are read from the
    environment when a file is opened.
    """

    def address(self, href: str) -> str:
        """Return the address that GDAL opens for a file."""
        return href

    def options(self, href: str) -> Mapping[str, str]:
        """Return the options of GDAL for a file."""
        return {}

    def renew(self, href: str) -> bool:
        """Discard the signature of a file that a server refused; return whether another try can succeed."""
        return False


@dataclass(frozen=True)
class Signed(Access):
    """Reach files through a function of the user that signs addresses.

    Attributes
    ----------
    signer : callable
        Turns an address into a signed one.
    """

    signer: Callable[[str], str]

    def address(self, href: str) -> str:
        """Return the signed address."""
        return self.signer(href)


def access_of(signer: Callable[[str], str] | Access | None) -> Access:
    """Return the access that a signer stands for."""
    if signer is None or isinstance(signer, Access):
        return signer or Access()
    return Signed(signer)


def is_refused(error: BaseException) -> bool:
    """Return whether GDAL reports that a signature or a token was not accepted."""
    return any(code in str(error) for code in REFUSED)
