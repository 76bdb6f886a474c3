"""Parts of which the page is made."""

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement


def text(tag: str, words: str) -> TextElement:
    """Make an element that holds nothing but words."""
    return TextElement(tag=tag, text=words)


def section(title: str) -> ui.element:
    """Make a part of the page under a heading."""
    made = ui.element("section").props(f'aria-label="{title}"')
    with made:
        text("h2", title)
    return made


def duration(seconds: float) -> str:
    """Word a duration as one reads it from across a room."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
