"""The offices' tab in Locust's web page: who waits, which counters are open, who works overtime.

It uses what Locust 2 offers extensions: `template_args` for a tab with a table, and `extended_stats` in the answers
that the page polls for the table's rows.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from loadtests.news import OfficeFigures

KEY = "offices"
COLUMNS = {
    "office": "Office",
    "waiting": "Waiting citizens",
    "open_counters": "Open counters",
    "at_centre": "At the centre",
    "in_store": "In the store",
    "left": "Left",
    "to_come_back": "To come back",
    "overtime": "Overtime",
}
SUMMED = ("waiting", "open_counters", "at_centre", "in_store", "left", "to_come_back")
"""Columns that add up over the offices."""


def add_tab(app: Flask, template_args: dict[str, Any], figures: Callable[[], list[OfficeFigures]]) -> None:
    """Show what `figures` returns in a tab of its own, with a row for all offices together first.

    Args:
        app: the page's.
        template_args: what Locust's `WebUI` hands to the page.
        figures: how the offices stand now.
    """
    structure = [{"key": key, "title": title} for key, title in COLUMNS.items()]
    template_args["extended_tabs"] = [{"title": "Offices", "key": KEY}]
    template_args["extended_tables"] = [{"key": KEY, "structure": structure}]

    @app.after_request
    def add_rows(response: Response) -> Response:
        if request.path.endswith("/stats/requests") and response.is_json:
            content = response.get_json()
            content["extended_stats"] = [{"key": KEY, "data": rows(figures())}]
            response.set_data(app.json.dumps(content))
        return response


def rows(figures: list[OfficeFigures]) -> list[dict[str, Any]]:
    """Return the table's rows; numbers as words of Locust's page, which adds units to none."""
    counts: list[dict[str, int]] = [{key: office[key] for key in SUMMED} for office in figures]  # type: ignore[literal-required] # keys of OfficeFigures
    together = {
        "office": "All offices",
        **{key: sum(count[key] for count in counts) for key in SUMMED},
        "overtime": f"{sum(office['overtime'] for office in figures)} of {len(figures)}",
    }
    return [together] + [
        {
            "office": f"{office['name']} ({office['office']})",
            **count,
            "overtime": "yes" if office["overtime"] else "no",
        }
        for office, count in zip(figures, counts, strict=True)
    ]
