"""Mounts the console on the web application.

NiceGUI keeps one application a process. The console therefore belongs to the web process (`mock_server.app.serve`)
and not to `create_app`, of which a process may make as many as it likes.
"""

from fastapi import FastAPI
from nicegui import ui
from starlette.routing import Match, Mount
from starlette.types import Scope

from mock_server.console import pictures
from mock_server.console.page import show
from mock_server.console.snapshot import Board

TITLE = "antrean console"
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="2" y="6" width="28" height="20" rx="3" '
    'fill="#0b4f8a"/><rect x="6" y="11" width="8" height="10" fill="#fff"/><path d="M17 12h9M17 16h9M17 20h6" '
    'stroke="#fff" stroke-width="2"/></svg>'
)


def mount(app: FastAPI) -> None:
    """Put the console's page at `/` of an application that keeps its engine in `app.state.engine`."""
    app.include_router(pictures.router)
    boards: list[Board] = []

    def page() -> None:
        # Made when the first page asks: the engine is there from the application's start on.
        if not boards:
            boards.append(Board(app.state.engine))
        show(boards[0])

    ui.page("/")(page)
    ui.run_with(
        app,
        title=TITLE,
        favicon=ICON,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )
    mounted = app.router.routes.pop()
    assert isinstance(mounted, Mount)  # noqa: S101 - narrows: it is what run_with has just mounted
    app.router.routes.append(_Own(mounted.path, mounted.app))


class _Own(Mount):
    """Takes the console's own paths and no others: the API goes on answering for what is not there in its own way."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the page, its assets and its socket."""
        path = scope.get("path", "")
        if path in ("/", "/favicon.ico") or path.startswith(("/_nicegui/", "/_nicegui_ws/")):
            return super().matches(scope)
        return Match.NONE, {}
