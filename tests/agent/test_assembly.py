"""Assembly: what a deployment cannot do without is asked for in a plain line."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from agent.assembly import open_runs
from agent.errors import Conflict
from agent.settings import Settings


def test_a_database_that_cannot_be_reached_is_said_in_one_line_without_the_password(
    tmp_path: Path,
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else gets this port
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://ada:geheim@127.0.0.1:{taken.getsockname()[1]}/usher"
        with pytest.raises(Conflict, match="the database at 127.0.0.1") as caught:
            open_runs(Settings(data=tmp_path / "data", database_url=url))
    said = str(caught.value)
    assert "USHER_DATABASE_URL" in said and "refused" in said
    assert "\n" not in said and "geheim" not in said


async def test_what_a_deployment_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    runs = open_runs(Settings(data=tmp_path / "data", embedder="hashing"))
    await runs.start()
    modes = {
        path.name: oct(stat.S_IMODE(path.stat().st_mode))
        for path in (tmp_path / "data").iterdir()
        if path.is_file()
    }
    await runs.stop()
    assert oct(stat.S_IMODE((tmp_path / "data").stat().st_mode)) == "0o700"
    assert {"usher.db", "keys.db", "master.key"} <= set(modes)
    assert set(modes.values()) == {"0o600"}, modes


def test_a_folder_and_files_that_were_there_stay_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    open_runs(Settings(data=folder, embedder="hashing")).db.close()
    (folder / "usher.db").chmod(0o640)
    open_runs(Settings(data=folder, embedder="hashing")).db.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "usher.db").stat().st_mode) == 0o640
