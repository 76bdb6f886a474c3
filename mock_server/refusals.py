"""Why the web cannot do what it was asked; the routes answer with 404 and 409."""


class MissingError(LookupError):
    """There is nothing of that name; the message says what was looked for."""


class RefusedError(ValueError):
    """As things stand it cannot be done; the message says why, for the person who asked."""


class UnsupportedError(RefusedError):
    """The version that runs cannot do it; a later one can."""

    def __init__(self, version: str, lacks: str, since: str) -> None:
        super().__init__(f"version {version} runs, which lacks {lacks}; version {since} brings it")
        self.version = version
        self.since = since
