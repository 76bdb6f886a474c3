"""Permission: which servers may be loaded."""

from urllib.parse import urlsplit

from model.loopback import is_loopback


class PermissionDeniedError(ValueError):
    """A target that is not this machine, and that nobody said may be loaded."""


def check_target(url: str, permitted_host: str | None) -> None:
    """Make sure that a server may be loaded: one on this machine, or the host that was permitted, letter by letter.

    Raises:
        PermissionDeniedError: it may not, or the URL is none of a server.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PermissionDeniedError(f"{url!r} is no server's address; write it as http://HOST:PORT")
    if is_loopback(parts.hostname) or parts.hostname == permitted_host:
        return
    said = f", and --i-may-load-this-host names {permitted_host!r}" if permitted_host else ""
    raise PermissionDeniedError(
        f"{parts.hostname} is not this machine{said}; a load test can take a server down. "
        f"If you may do that, add: --i-may-load-this-host {parts.hostname}"
    )
