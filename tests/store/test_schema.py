"""The schema: migrated and made afresh it is the same on both databases, named throughout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Integer, LargeBinary, MetaData, Text, inspect, text
from sqlalchemy.exc import IntegrityError

from store import migrate
from store.engines import postgresql_engine, sqlite_engine
from store.schema import key_metadata, metadata
from tests.postgresql import PostgreSQLServer


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    if request.param == "sqlite":
        made = sqlite_engine(tmp_path / "usher.db", begin="BEGIN IMMEDIATE")
    else:
        server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
        made = postgresql_engine(server.empty_url(), pool_size=2)
    yield made
    made.dispose()


def shape(engine: Engine) -> dict[str, dict[str, Any]]:
    """Everything the database itself says about its tables."""
    inspector = inspect(engine)
    return {
        name: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"] is not None)
                for c in sorted(inspector.get_columns(name), key=lambda c: c["name"])
            ],
            "primary key": inspector.get_pk_constraint(name),
            "unique": _sorted(inspector.get_unique_constraints(name)),
            "checks": _sorted(inspector.get_check_constraints(name)),
            "foreign keys": _sorted(inspector.get_foreign_keys(name)),
            "indexes": _sorted(
                {**i, "dialect_options": {k: str(v) for k, v in i["dialect_options"].items()}}
                for i in inspector.get_indexes(name)
            ),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def _sorted(things: Any) -> list[Any]:
    return sorted(things, key=lambda thing: str(thing["name"]))


def test_migrated_and_made_afresh_are_the_same(engine: Engine) -> None:
    migrate.step_by_step(engine)
    migrated = shape(engine)
    with engine.begin() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    with engine.begin() as conn:
        conn.execute(text("DROP TABLE alembic_version"))
        metadata.drop_all(conn)
    assert shape(engine) == {}
    migrate.upgrade(engine)
    assert shape(engine) == migrated
    assert set(migrated) == set(metadata.tables)


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate.upgrade(engine)
    before = shape(engine)
    migrate.upgrade(engine)
    migrate.step_by_step(engine)
    assert shape(engine) == before


def test_a_database_of_an_older_version_is_brought_up_step_by_step(engine: Engine) -> None:
    migrate.step_by_step(engine, to="0009")
    assert "deliveries" not in shape(engine)
    migrate.upgrade(engine)
    brought_up = shape(engine)
    migrate.step_by_step(engine)
    assert set(brought_up) == set(metadata.tables)
    assert shape(engine) == brought_up


def test_what_is_due_stays_due_when_more_kinds_of_it_come(engine: Engine) -> None:
    migrate.step_by_step(engine, to="0003")
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO wakeups (id, due_at, kind, ref, state)"
                " VALUES (7, 5, 'release', 'eff_1', 'due')"
            )
        )
    migrate.upgrade(engine)
    with engine.begin() as conn:
        assert conn.execute(text("SELECT id, due_at, kind, ref, state FROM wakeups")).all() == [
            (7, 5, "release", "eff_1", "due")
        ]
        conn.execute(
            text(
                "INSERT INTO wakeups (id, due_at, kind, ref, state)"
                " VALUES (8, 1, 'held_back', 'd', 'due')"
            )
        )
    with pytest.raises(IntegrityError), engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO wakeups (id, due_at, kind, ref, state)"
                " VALUES (9, 1, 'release', 'eff_1', 'due')"
            )
        )


def test_memories_from_before_their_standing_are_ordinary_and_stand(engine: Engine) -> None:
    migrate.step_by_step(engine, to="0009")
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO memories (id, customer_id, kind, at, weight_bp, purpose, text_sealed,"
                " indexed) VALUES ('mem_1', 'cus_1', 'reply', 5, 10000, 'any', :sealed, 1)"
            ),
            {"sealed": b"sealed"},
        )
    migrate.upgrade(engine)
    columns = "id, at, text_sealed, indexed, sensitivity, topic, superseded_by"
    with engine.begin() as conn:
        kept = conn.execute(text(f"SELECT {columns} FROM memories")).all()
    assert [(*row[:2], bytes(row[2]), *row[3:]) for row in kept] == [
        ("mem_1", 5, b"sealed", 1, "ordinary", None, None)
    ]
    for wrong in ("sensitivity = 'secret'", "superseded_by = id"):
        with pytest.raises(IntegrityError), engine.begin() as conn:
            conn.execute(text(f"UPDATE memories SET {wrong}"))


def test_every_constraint_in_the_database_has_a_name(engine: Engine) -> None:
    migrate.upgrade(engine)
    for table, parts in shape(engine).items():
        assert parts["primary key"]["name"] == f"pk_{table}"
        for kind in ("unique", "checks", "foreign keys", "indexes"):
            assert all(part["name"] for part in parts[kind]), (table, kind)


def test_a_partial_index_is_partial_on_both(engine: Engine) -> None:
    migrate.upgrade(engine)
    partial = {
        index["name"]
        for parts in shape(engine).values()
        for index in parts["indexes"]
        if any(key.endswith("_where") for key in index["dialect_options"])
    }
    assert partial >= {"ix_inbox_open", "ix_events_waiting", "ix_wakeups_pending"}
    declared = {
        index.name
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert partial == declared


def test_every_table_is_strict_on_sqlite(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        migrate.upgrade(engine)
        with engine.begin() as conn:
            conn.execute(text("DROP TABLE alembic_version"))
            rows = conn.execute(text("PRAGMA table_list")).all()
        strict = {row.name: row.strict for row in rows if not row.name.startswith("sqlite_")}
        assert strict == dict.fromkeys(metadata.tables, 1)
    else:
        assert all(t.dialect_options["sqlite"]["strict"] for t in metadata.tables.values())


@pytest.mark.parametrize("tables", [metadata, key_metadata], ids=["data", "keys"])
def test_columns_are_integers_text_and_bytes_only(tables: MetaData) -> None:
    for table in tables.tables.values():
        for column in table.columns:
            assert isinstance(column.type, Integer | Text | LargeBinary), f"{table}.{column.name}"


@pytest.mark.parametrize("tables", [metadata, key_metadata], ids=["data", "keys"])
def test_p10_what_is_sealed_is_bytes_and_what_is_hashed_is_text(tables: MetaData) -> None:
    for table in tables.tables.values():
        for column in table.columns:
            if column.name.endswith("_sealed"):
                assert isinstance(column.type, LargeBinary), f"{table}.{column.name}"
            if column.name.endswith("_hash"):
                assert isinstance(column.type, Text), f"{table}.{column.name}"


def test_a_number_of_64_bits_is_kept_whole(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO clock (id, now_us) VALUES (1, 9223372036854775807)"))
        assert conn.execute(text("SELECT now_us FROM clock")).scalar_one() == 2**63 - 1


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO clock (id, now_us) VALUES (2, 0)",
        "INSERT INTO counters (key, ceiling, reserved, committed) VALUES ('a', 1, -1, 0)",
        "INSERT INTO reservations VALUES ('eff_1', 'a', 0, 'reserved')",
        "INSERT INTO principals VALUES ('p', 'p', 'king', 'x', 0, NULL)",
        "INSERT INTO live_documents VALUES ('policy', 'commerce', 1, 0)",
    ],
    ids=["two clocks", "below nothing", "nothing reserved", "unknown role", "no such version"],
)
def test_the_database_itself_refuses_what_cannot_be(engine: Engine, statement: str) -> None:
    migrate.upgrade(engine)
    with pytest.raises(IntegrityError), engine.begin() as conn:
        conn.execute(text(statement))
