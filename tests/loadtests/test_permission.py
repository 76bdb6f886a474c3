import pytest

from loadtests.permission import PermissionDeniedError, check_target


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "https://[::1]:1", "http://127.9.9.9"])
def test_this_machine_may_always_be_loaded(url: str) -> None:
    check_target(url, None)


@pytest.mark.parametrize("url", ["http://cards.example:8000", "https://192.0.2.7", "http://127.0.0.1.example"])
def test_another_machine_needs_its_own_name_letter_by_letter(url: str) -> None:
    host = url.split("//")[1].split(":")[0]
    check_target(url, host)
    for permitted in (None, "", "example", f"{host}x", host[:-1], f"*{host[1:]}", host.upper() + "."):
        with pytest.raises(PermissionDeniedError, match=f"--i-may-load-this-host {host}"):
            check_target(url, permitted)


def test_a_user_before_the_host_does_not_deceive() -> None:
    with pytest.raises(PermissionDeniedError, match=r"cards\.example is not this machine"):
        check_target("http://127.0.0.1@cards.example/", None)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_what_is_no_address_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(PermissionDeniedError, match="write it as http://HOST:PORT"):
        check_target(url, "cards.example")
