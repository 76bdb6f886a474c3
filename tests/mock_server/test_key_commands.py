"""`python -m mock_server key ...`."""

import json
from pathlib import Path

from mock_server.settings import Settings
from tests.mock_server.centre import serving
from tests.mock_server.commands import run
from tests.mock_server.keyholders import Showing
from tests.mock_server.packets import OFFICE, OTHER_OFFICE


def test_a_key_is_printed_once_works_and_is_revoked(settings: Settings, showing: Showing) -> None:
    said = json.loads(run(settings, "key", "issue", "--role", "operator", "--office", OFFICE).stdout)
    assert said["key"].startswith(f"ank_{said['id']}_")
    with serving(settings) as client:
        assert showing(client, said["key"]).get("/v1/queues").is_success
    assert run(settings, "key", "revoke", said["id"]).returncode == 0
    listed = run(settings, "key", "list").stdout
    row = json.loads(listed)
    assert (row["id"], row["role"], row["office"]) == (said["id"], "operator", OFFICE)
    assert row["created_at"] < row["revoked_at"] < row["expires_at"]
    assert said["key"] not in listed
    assert "argon2" not in listed
    with serving(settings) as client:
        assert showing(client, said["key"]).get("/v1/queues").status_code == 401


def test_keys_of_several_offices_go_to_a_file_of_the_owners_only(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    offices = ("--office", OFFICE, "--office", OTHER_OFFICE)
    issued = run(settings, "key", "issue", "--role", "operator", *offices, "--to", str(file))
    assert (issued.returncode, issued.stdout) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(file.read_text())) == {OFFICE, OTHER_OFFICE}
    again = run(settings, "key", "issue", "--role", "admin", "--to", str(file))
    assert again.returncode == 1
    assert "File exists" in again.stderr
    # Nobody was given the third one.
    assert len(run(settings, "key", "list").stdout.splitlines()) == 2


def test_operators_get_passwords_with_which_they_log_in(settings: Settings, showing: Showing, tmp_path: Path) -> None:
    key = json.loads(run(settings, "key", "issue", "--role", "operator", "--office", OFFICE).stdout)["key"]
    given = run(settings, "key", "operators", "--office", OFFICE, "--counters", "2").stdout.splitlines()
    first, second = (json.loads(line) for line in given)
    assert [first["operator"], second["operator"]] == [f"{OFFICE}/counter-1", f"{OFFICE}/counter-2"]
    with serving(settings) as client:
        assert showing(client, key).post("/v1/sessions", json=second).status_code == 201
    file = tmp_path / "passwords.json"
    other = run(settings, "key", "operators", "--office", OTHER_OFFICE, "--to", str(file))
    assert (other.returncode, other.stdout, file.stat().st_mode & 0o777) == (0, "", 0o600)
    for office, why in ((OFFICE, "has a password already"), ("99.99", "there is no office '99.99'")):
        refused = run(settings, "key", "operators", "--office", office)
        assert refused.returncode == 1
        assert why in refused.stderr
        assert "Traceback" not in refused.stderr


def test_what_does_not_fit_is_refused(settings: Settings) -> None:
    for arguments, why in (
        (("issue", "--role", "operator"), "role operator needs an office"),
        (("issue", "--role", "auditor", "--office", OFFICE), "role auditor needs no office"),
        (("issue", "--role", "operator", "--office", "99.99"), "there is no office '99.99'"),
        (("revoke", "0123"), "there is no key '0123'"),
    ):
        refused = run(settings, "key", *arguments)
        assert refused.returncode == 1
        assert why in refused.stderr
        assert "Traceback" not in refused.stderr
    assert run(settings, "key", "list").stdout == ""


def test_the_server_ends_with_a_message_when_it_may_not_listen(settings: Settings) -> None:
    refused = run(settings.model_copy(update={"host": "0.0.0.0"}), "web")  # noqa: S104 - it is refused
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no active key exists" in refused.stderr
    assert "Traceback" not in refused.stderr
