"""The console: a page at `/` for the people who watch a run, live, from the web process itself."""

import logging
from ipaddress import ip_address

from mock_server.settings import Settings

log = logging.getLogger(__name__)


def is_shown(settings: Settings) -> bool:
    """Tell whether the web process shows the console: only to this machine, for it shows people and asks for no key."""
    if settings.console and not _is_loopback(settings.host):
        log.warning("no console: it is for this machine only, and the server listens on %s", settings.host)
        return False
    return settings.console


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
