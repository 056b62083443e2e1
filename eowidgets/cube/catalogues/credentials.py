"""Access to the files of a catalogue, with credentials from the environment."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from eowidgets.cube.catalogues.catalogue import Catalogue
from eowidgets.cube.sources.stac.access import Access
from eowidgets.cube.sources.stac.addresses import is_url, short
from eowidgets.errors import InputError, SourceError

#: A token is replaced this long before it expires.
_EARLY = timedelta(seconds=60)
#: A token that is younger than this (seconds) is not replaced when a file is refused: another thread has just replaced it.
_FRESH = 5.0
_TIMEOUT = 20.0


def access_to(catalogue: Catalogue) -> Access:
    """Return the access to the files of a catalogue."""
    if catalogue.signing == "planetary-computer":
        return TokenAccess(catalogue)
    if catalogue.signing == "bearer":
        return BearerAccess(catalogue)
    if catalogue.options or catalogue.signing == "s3":
        return BucketAccess(catalogue)
    return Access()


def missing_credentials(catalogue: Catalogue) -> str:
    """Return a sentence on the environment variables that reading needs and that are not set; empty if none."""
    missing = [v for v in catalogue.environment if not os.environ.get(v)]
    if not missing:
        return ""
    where = f" (register at {catalogue.register})" if catalogue.register else ""
    variables = "variable" if len(missing) == 1 else "variables"
    return (
        f"Reading from {catalogue.label} needs the environment {variables} {' and '.join(missing)}{where}: set "
        f"{'it' if len(missing) == 1 else 'them'} before Python starts."
    )


def need_credentials(catalogue: Catalogue) -> None:
    """Raise an InputError that names the environment variables that are missing."""
    if sentence := missing_credentials(catalogue):
        raise InputError(sentence)


@dataclass(frozen=True)
class BucketAccess(Access):
    """Reach files on S3 by GDAL, which reads the keys from the environment itself."""

    catalogue: Catalogue

    def address(self, href: str) -> str:
        """Return the path of GDAL for an address on S3; other addresses are returned as they are."""
        return f"/vsis3/{href[len('s3://') :]}" if href.lower().startswith("s3://") else href

    def options(self, href: str) -> Mapping[str, str]:
        """Return the endpoint and who pays, for files on S3."""
        return dict(self.catalogue.options) if href.lower().startswith("s3://") else {}


@dataclass(frozen=True)
class BearerAccess(Access):
    """Send a token in a header, to the hosts of the catalogue only."""

    catalogue: Catalogue

    def options(self, href: str) -> Mapping[str, str]:
        """Return the options that make GDAL send the token.

        Raises
        ------
        InputError
            If the environment variable is not set.
        """
        if not is_meant(href, self.catalogue.hosts):
            return {}
        need_credentials(self.catalogue)
        return {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": os.environ[self.catalogue.environment[0]]}


@dataclass(frozen=True)
class Token:
    """A token for one container of a storage account."""

    text: str
    expires: datetime
    fetched: float


@dataclass(frozen=True)
class TokenAccess(Access):
    """Add a token of the Planetary Computer to addresses, one for each container.

    A container holds the files of one collection. Its token is kept for all threads of the process until it expires.
    """

    catalogue: Catalogue

    def address(self, href: str) -> str:
        """Return the address with a token in its query; an address that has one already is returned as it is.

        Raises
        ------
        SourceError
            If no token can be fetched.
        """
        if not is_meant(href, self.catalogue.hosts) or "sig=" in urlsplit(href).query:
            return href
        return f"{href}{'&' if '?' in href else '?'}{_TOKENS.get(self._source(href))}"

    def renew(self, href: str) -> bool:
        """Discard the token of a file that was refused."""
        if not is_meant(href, self.catalogue.hosts):
            return False
        _TOKENS.discard(self._source(href))
        return True

    def _source(self, href: str) -> str:
        parts = urlsplit(href)
        account, container = (parts.hostname or "").split(".")[0], parts.path.strip("/").split("/")[0]
        return f"{self.catalogue.tokens.rstrip('/')}/{account}/{container}"


class _Tokens:
    """Tokens of this process by the address of their source."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Token] = {}

    def get(self, source: str) -> str:
        with self._lock:
            token = self._found.get(source)
            if token is None or datetime.now(UTC) >= token.expires - _EARLY:
                token = self._found[source] = _fetch(source)
            return token.text

    def discard(self, source: str) -> None:
        with self._lock:
            token = self._found.get(source)
            if token is not None and monotonic() - token.fetched >= _FRESH:
                del self._found[source]


def _fetch(source: str) -> Token:
    document = _document(source)
    text, noted = document.get("token"), document.get("msft:expiry")
    if not isinstance(text, str) or not text:
        raise SourceError(
            f"{short(source)} gives no token, so the files of this catalogue cannot be read: try again later."
        )
    try:
        expires = datetime.fromisoformat(str(noted).replace("Z", "+00:00"))
    except ValueError:
        expires = datetime.now(UTC) + timedelta(minutes=5)
    return Token(text, expires.replace(tzinfo=UTC) if expires.tzinfo is None else expires, monotonic())


def _document(source: str) -> dict[str, Any]:
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    if not is_url(source):
        raise SourceError(
            f"{short(source)} is not an http(s) address, so it gives no token: correct the catalogue's entry."
        )
    try:
        with urlopen(Request(source, headers={"Accept": "application/json"}), timeout=_TIMEOUT) as answer:  # noqa: S310
            found = json.loads(answer.read(1_000_000))
    except (URLError, OSError, ValueError) as error:
        why = " ".join(str(error).split())[:60]
        raise SourceError(f"{short(source)} gives no token ({why}): try again later.") from None
    return found if isinstance(found, dict) else {}


def is_meant(href: str, hosts: tuple[str, ...]) -> bool:
    """Return whether a token for these hosts may be sent to an address."""
    if not is_url(href):
        return False
    host = (urlsplit(href).hostname or "").rstrip(".").lower()
    return any(host == h.lower() or (h.startswith(".") and host.endswith(h.lower())) for h in hosts)


_TOKENS = _Tokens()
