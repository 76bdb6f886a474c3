import pytest

from model.loopback import is_loopback


@pytest.mark.parametrize(
    ("host", "only_us"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - it is asked about
        ("::", False), ("", False), ("192.0.2.1", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_what_counts_as_loopback(host: str, only_us: bool) -> None:
    assert is_loopback(host) is only_us
