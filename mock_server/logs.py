"""The processes' logs: a line of JSON an event, on stderr."""

import json
import logging
import os
import sys
from typing import Any

_ORDINARY = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
"""What every log record has; the rest are the event's own fields, given as `extra`."""


class JsonLines(logging.Formatter):
    """Writes time (seconds since the epoch), level, process, logger and event, then the event's own fields."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time_s": round(record.created, 3),
            "level": record.levelname.lower(),
            "process": self._role,
            "pid": record.process,
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # Whatever a field holds, the line is written: a log that fails says nothing.
        return json.dumps(line, ensure_ascii=False, default=str)


def install(role: str) -> None:
    """Log as lines of JSON from now on, for the process of this role."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(role or f"process-{os.getpid()}"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
