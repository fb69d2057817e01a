"""Who we are: nothing secret in a message, and no token to an address that anybody can listen to."""

from pathlib import Path

import pytest

from bot.commands.credentials import Credentials, action_of, api_of, credentials, data_folder
from bot.errors import UserError

PEM = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"
APP = {"FLYWHEEL_APP_ID": "7"}


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"FLYWHEEL_APP_ID": "seven"}, "FLYWHEEL_APP_ID"),
        (APP, "FLYWHEEL_PRIVATE_KEY: it is not set"),
        ({**APP, "FLYWHEEL_PRIVATE_KEY": "c2VjcmV0"}, "no PEM key"),
        ({**APP, "FLYWHEEL_PRIVATE_KEY_FILE": "/nowhere/key.pem"}, "/nowhere/key.pem: the App's private key cannot"),
        ({**APP, "FLYWHEEL_PRIVATE_KEY": PEM, "GITHUB_API_URL": "http://ghes.example/api/v3"}, "no https address"),
        ({**APP, "FLYWHEEL_PRIVATE_KEY": PEM, "GITHUB_API_URL": "ghes.example"}, "no https address"),
    ],
)
def test_a_mistake_names_the_variable_and_no_secret(environment: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        credentials(environment)

    assert "c2VjcmV0" not in str(error.value)


def test_without_an_app_there_are_none() -> None:
    assert credentials({}) is None


def test_a_key_is_taken_from_the_variable_with_its_lines_escaped_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(f"{PEM}\n", encoding="ascii")

    expected = Credentials(7, f"{PEM}\n", "https://api.github.com")

    assert expected == credentials({**APP, "FLYWHEEL_PRIVATE_KEY": PEM.replace("\n", "\\n")})
    assert expected == credentials({**APP, "FLYWHEEL_PRIVATE_KEY_FILE": str(file)})
    assert "c2VjcmV0" not in repr(expected)


def test_a_server_of_ones_own_and_this_machine_may_be_spoken_to() -> None:
    assert "https://ghes.example/api/v3" == api_of({"GITHUB_API_URL": "https://ghes.example/api/v3/"})
    assert "http://127.0.0.1:8080" == api_of({"GITHUB_API_URL": "http://127.0.0.1:8080"})


def test_what_is_kept_lies_where_it_is_said() -> None:
    assert Path("flywheel-data") == data_folder({})
    assert Path("/srv/x") == data_folder({"FLYWHEEL_DATA": "/srv/x"})


def test_an_action_is_named_as_a_workflow_names_it() -> None:
    assert "" == action_of({})
    assert "octo/flywheel@0123abc" == action_of({"FLYWHEEL_ACTION": "octo/flywheel@0123abc"})
    with pytest.raises(UserError, match="OWNER/NAME@COMMIT"):
        action_of({"FLYWHEEL_ACTION": "x; rm -rf /"})
