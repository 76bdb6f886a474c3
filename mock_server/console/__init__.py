"""The console: a page at `/` for the people who watch a run, live, from the web process itself."""

import logging

from mock_server.settings import Settings
from model.loopback import is_loopback

log = logging.getLogger(__name__)


def is_shown(settings: Settings) -> bool:
    """Tell whether the web process shows the console: only to this machine, for it shows people and asks for no key."""
    if settings.console and not is_loopback(settings.host):
        log.warning("no console: it is for this machine only, and the server listens on %s", settings.host)
        return False
    return settings.console
