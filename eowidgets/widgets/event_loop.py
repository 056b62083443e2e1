"""Call back from another thread on the event loop, where all other changes of widgets are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def on_this_loop(function: Callable[[], Any]) -> Callable[[], None]:
    """Return a function that any thread may call, and that calls ``function`` on the event loop of this thread.

    In a kernel that loop handles the messages of the widgets. Without a loop, or once it is closed, ``function`` is called
    immediately.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None

    def call() -> None:
        if loop is None or loop.is_closed():
            function()
        else:
            loop.call_soon_threadsafe(function)

    return call
