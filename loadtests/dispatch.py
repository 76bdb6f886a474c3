"""Dispatch: how many of Locust's users each worker starts, by its share; Locust would spread them evenly."""

from collections.abc import Callable, Iterator
from typing import Any

from locust.dispatch import UsersDispatcher


class ShareDispatcher(UsersDispatcher):
    """Gives every worker the users of its share, all at once; a lost worker's are nobody's."""

    def __init__(self, users_of: Callable[[str], dict[str, int]], worker_nodes: list[Any], user_classes: Any) -> None:
        """Ask `users_of` for a worker's users, by its id: the users' class names and how many of each."""
        super().__init__(worker_nodes=worker_nodes, user_classes=user_classes)
        self._users_of = users_of
        self._handed_out: Iterator[dict[str, dict[str, int]]] = iter(())

    def new_dispatch(self, target_user_count: int, spawn_rate: float, user_classes: Any = None) -> None:  # noqa: ARG002
        """Begin: whatever Locust or its page asks for, a share is what its offices have counters."""
        # Users who are too many, because others of the share went home already, find no seat and end at once.
        self._handed_out = iter([{node.id: self._users_of(node.id) for node in self._worker_nodes}])

    def __next__(self) -> dict[str, dict[str, int]]:
        return next(self._handed_out)
