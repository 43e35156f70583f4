"""Settings: a typing error is an error that names it, in the file and in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.settings import Settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def toml(text: str) -> None:
    Path("usher.toml").write_text(text, encoding="utf-8")


def test_nothing_set_is_a_deployment_in_this_folder() -> None:
    made = Settings()
    assert (made.data, made.database_url, made.pack) == (Path(".usher"), None, "commerce")
    assert (made.settle, made.planner, made.clock) == (2.0, "auto", None)


def test_the_file_sets_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    toml('pack = "finance"\nsettle = 1.5\n')
    assert (Settings().pack, Settings().settle) == ("finance", 1.5)
    monkeypatch.setenv("USHER_SETTLE", "0")
    assert (Settings().pack, Settings().settle) == ("finance", 0)
    assert Settings(settle=3).settle == 3


def test_an_unknown_key_in_the_file_is_an_error_that_names_it() -> None:
    toml("settel = 1\n")
    with pytest.raises(ValidationError, match="settel"):
        Settings()


def test_an_unknown_variable_is_an_error_that_names_it_and_the_nearest_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USHER_SETTEL", "1")
    with pytest.raises(
        ValidationError, match="USHER_SETTEL is no setting; did you mean 'USHER_SETTLE'"
    ):
        Settings()


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHER_CLOCK", "")
    assert Settings().clock is None


def test_a_secret_is_in_no_error_and_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "c2VjcmV0IHNlY3JldA"
    monkeypatch.setenv("USHER_MASTER_KEY", secret)
    assert secret not in repr(Settings())
    monkeypatch.delenv("USHER_MASTER_KEY")
    toml(f'master_kye = "{secret}"\n')
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USHER_CLOCK", "2026-03-03T12:00:00"),
        ("USHER_CLOCK", "soon"),
        ("USHER_SETTLE", "-1"),
        ("USHER_SETTLE", "61"),
        ("USHER_PLANNER", "magic"),
        ("USHER_LANES", "0"),
        ("USHER_BODY_LIMIT", "10"),
        ("USHER_EMBEDDER", "chatty"),
    ],
)
def test_a_value_out_of_bounds_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("url", ["mysql://ada:geheim@h/usher", "sqlite:///usher.db", "h:5432"])
def test_a_database_that_is_no_postgresql_is_an_error_that_names_the_setting(url: str) -> None:
    with pytest.raises(ValidationError, match="a PostgreSQL URL is meant") as caught:
        Settings(database_url=url)
    assert [error["loc"] for error in caught.value.errors()] == [("database_url",)]
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_name_of_postgresql_is_taken(scheme: str) -> None:
    url = f"{scheme}://ada@127.0.0.1/usher"
    assert Settings(database_url=url).database_url == url


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8001", "ftp://127.0.0.1", "http://", "http://u:geheim@h:1", "http://h:1/api"]
    + ["http://h:1?x=1", "http://h:0", "http://h:99999", "http://[h"],
)
def test_a_chroma_url_that_is_no_plain_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(chroma_url=url)
    assert [error["loc"] for error in caught.value.errors()] == [("chroma_url",)]
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001", "https://chroma.example", "http://[::1]:8001"]
)
def test_a_chroma_url_names_a_server_and_nothing_else(url: str) -> None:
    assert Settings(chroma_url=f"{url}/").chroma_url == url
