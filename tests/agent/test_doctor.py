"""The doctor: says what is wrong and what leaves, holds no secret, changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from agent import doctor
from agent.doctor import Line, Look, Report, examine
from agent.settings import Settings
from store import brakes as store_brakes
from store.database import Database
from store.looking import revisions
from tests.agent.deployment import CART, deployment
from tests.agent.test_stuck import LATE

SECRET = "sk-very-secret-indeed"


def lines(report: Report, name: str) -> list[Line]:
    return [line for check, line in report.lines if check == name]


def states(report: Report, name: str) -> list[str]:
    return [line.state for line in lines(report, name)]


def files(folder: Path) -> dict[str, str]:
    """What lies in a folder, each file by its digest; a write-ahead log may be folded in."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("usher.db", "usher.db-shm", "usher.db-wal")
    }


def dump(folder: Path) -> list[str]:
    """Every row of the database."""
    conn = sqlite3.connect(folder / "usher.db")
    try:
        return list(conn.iterdump())
    finally:
        conn.close()


@pytest_asyncio.fixture
async def lived(tmp_path: Path) -> Path:
    """A folder in which something was decided, whose server has stopped."""
    async with deployment(tmp_path / "data") as d:
        await d.person()
        await d.decide(cart=CART)
    return tmp_path / "data"


def test_where_nothing_is_yet_nothing_fails_and_nothing_is_made(tmp_path: Path) -> None:
    report = examine(Settings(data=tmp_path / "none"), server=None)
    assert report.worst == "warn" and report.leaves == []
    assert not (tmp_path / "none").exists()


async def test_a_folder_that_has_lived_is_well_and_is_not_changed(lived: Path) -> None:
    before, rows = files(lived), dump(lived)
    report = examine(Settings(data=lived), server=None)
    assert {name for name, line in report.lines if line.state == "fail"} == set()
    assert states(report, "journal") == ["ok"]
    assert "every chain is whole" in lines(report, "journal")[0].said
    assert "commerce version 1" in lines(report, "policy pack")[0].said
    assert "simulated" in lines(report, "clock")[0].said
    assert files(lived) == before
    assert dump(lived) == rows


async def test_p8_a_changed_journal_and_open_keys_fail_and_say_what_to_do(lived: Path) -> None:
    with sqlite3.connect(lived / "usher.db") as conn:
        conn.execute("UPDATE journal SET kind = kind || 'x' WHERE seq = 1")
    conn.close()
    (lived / "master.key").chmod(0o644)
    report = examine(Settings(data=lived), server=None)
    assert report.worst == "fail"
    assert "fail" in states(report, "journal")
    [mode] = [line for line in lines(report, "data folder") if line.state == "fail"]
    assert mode.todo == f"chmod 600 {lived / 'master.key'}"
    (lived / "master.key").unlink()
    report = examine(Settings(data=lived), server=None)
    assert states(report, "master key") == states(report, "journal") == ["fail"]
    assert not (lived / "master.key").exists()


@pytest.mark.parametrize(("stands", "says"), [("0001", "usher migrate"), ("9999", "that version")])
async def test_another_schema_is_not_read(lived: Path, stands: str, says: str) -> None:
    with sqlite3.connect(lived / "usher.db") as conn:
        conn.execute("UPDATE alembic_version SET version_num = ?", (stands,))
    conn.close()
    report = examine(Settings(data=lived), server=None)
    [line] = lines(report, "database")
    assert line.state == "fail" and says in str(line.todo)
    assert lines(report, "journal") == []


async def test_stuck_work_brakes_and_what_waits_for_people_are_named(lived: Path) -> None:
    db = Database.open(lived)
    brake = store_brakes.Brake("brk_1", "all", "hold", "ann", "a test", 0)
    db.write_now(LATE["scheduled"](0))
    db.write_now(store_brakes.pull, brake)
    db.close()
    report = examine(Settings(data=lived), server=None)
    assert [line.state for line in lines(report, "brake")] == ["warn"]
    assert any("queued messages" in line.said for line in lines(report, "work"))
    assert report.worst == "warn"


def test_p5_what_leaves_is_named_by_host_and_no_secret_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_SECRET", SECRET)
    mail = {"provider": "smtp", "kind": "email", "host": "smtp.shop.example", "username": "shop"}
    settings = Settings(
        data=tmp_path,
        llm_base_url=f"https://user:{SECRET}@models.example/v1",
        llm_api_key=SecretStr(SECRET),
        chroma_url="http://127.0.0.1:1",
        channels={"mail": mail | {"password_env": "MAIL_SECRET"}},  # type: ignore[dict-item]
    )
    report = examine(settings, server="http://127.0.0.1:1")
    assert report.leaves == ["models.example", "smtp.shop.example"]
    assert SECRET not in str(report.as_json())
    assert states(report, "memory") == states(report, "server") == ["fail"]
    assert states(report, "public address") == ["warn"]
    assert "its secret is set" in lines(report, "channels and systems")[0].said
    monkeypatch.delenv("MAIL_SECRET")
    report = examine(settings, server=None)
    [unset] = lines(report, "channels and systems")
    assert unset.state == "fail" and "MAIL_SECRET" in str(unset.todo)


def test_every_table_of_a_provider_names_its_hosts_and_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever provider is added later: a URL or host of it is told, and so is a missing secret."""
    monkeypatch.setenv("SLACK_URL", f"https://hooks.slack.example/{SECRET}")
    settings = Settings.model_validate(
        {
            "data": tmp_path,
            "systems": {"cdp": {"provider": "webhook", "url": "https://cdp.example/in",
                                "secret_env": "B"},
                        "esp": {"provider": "sendgrid", "key_env": "C",
                                "marketing_only": True}},
            "alerts": {"ops": {"provider": "slack", "url_env": "SLACK_URL"}},
            "receipts": {"twilio": {"provider": "twilio", "secret_env": "D"}},
        }
    )  # fmt: skip
    report = examine(settings, server=None)
    assert report.leaves == ["api.sendgrid.com", "cdp.example", "hooks.slack.example"]
    told = {line.said.partition(":")[0]: line for line in lines(report, "channels and systems")}
    assert {name: line.state for name, line in told.items()} == {
        "systems.cdp": "fail",
        "systems.esp": "fail",
        "alerts.ops": "ok",
        "receipts.twilio": "fail",
    }
    assert told["receipts.twilio"].leaves is None
    assert SECRET not in str(report.as_json())


def test_a_database_that_cannot_be_reached_is_a_line_and_the_others_are_still_asked(
    tmp_path: Path,
) -> None:
    url = f"postgresql://usher:{SECRET}@127.0.0.1:1/usher"
    report = examine(Settings(data=tmp_path, database_url=url), server=None)
    assert states(report, "database") == ["fail"]
    assert lines(report, "planner") and SECRET not in str(report.as_json())


async def test_it_reads_postgresql_too(postgresql_place: Any) -> None:
    postgresql_place.open().close()
    settings = Settings(
        data=postgresql_place.folder,
        database_url=postgresql_place.url,
        master_key=SecretStr("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    )
    report = examine(settings, server=None)
    assert states(report, "database") == states(report, "journal") == ["ok"]
    assert revisions()[-1] in lines(report, "database")[0].said


def test_a_new_check_is_one_function_and_one_that_breaks_hides_no_other(tmp_path: Path) -> None:
    @doctor.check("a test's own")
    def _breaks(look: Look) -> Iterator[Line]:
        yield Line("ok", "so far")
        raise RuntimeError(SECRET)

    try:
        report = examine(Settings(data=tmp_path), server=None)
    finally:
        doctor.forget("a test's own")
    [line] = lines(report, "a test's own")
    assert line.state == "fail" and "RuntimeError" in line.said and SECRET not in line.said
    assert states(report, "disk")
