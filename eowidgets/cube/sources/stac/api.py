"""Requests to a STAC API that stay on the host that the user named."""

from __future__ import annotations

from typing import Any

from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO

from eowidgets.cube.sources.stac.addresses import Origin, short


class SameHostIO(StacApiIO):
    """pystac-client's input and output, without redirects and links (``next``, ``search``) to another host.

    Attributes
    ----------
    refused : str
        Why the last request was refused, as a sentence; empty if none was.
    """

    def __init__(self, origin: Origin, timeout: float) -> None:
        super().__init__(timeout=timeout, max_retries=0)
        self.refused = ""
        self._origin = origin
        self.session.hooks["response"].append(self._check_redirect)

    def request(self, href: str, *args: Any, **kwargs: Any) -> str:
        """Make a request on the host of the API, or raise."""
        self._check(href, "links")
        return str(super().request(href, *args, **kwargs))

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Read a document of the API; a file of this machine is never read."""
        if isinstance(source, str):
            self._check(source, "links")
        return str(super().read_text(source, *args, **kwargs))

    def _check_redirect(self, response: Any, **_: Any) -> None:
        if response.is_redirect:
            from urllib.parse import urljoin

            self._check(urljoin(response.url, response.headers["location"]), "redirects")

    def _check(self, href: str, verb: str) -> None:
        if not self._origin.same_host(href):
            self.refused = f"{short(self._origin.base)} {verb} to another host ({short(href)}), which is not followed."
            raise APIError(self.refused)
