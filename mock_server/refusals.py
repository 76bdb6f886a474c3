"""Why the web cannot do what it was asked; the routes answer with 404 and 409."""


class MissingError(LookupError):
    """There is nothing of that name; the message says what was looked for."""


class RefusedError(ValueError):
    """As things stand it cannot be done; the message says why, for the person who asked."""
