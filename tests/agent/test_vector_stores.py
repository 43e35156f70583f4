"""Both keepers of vectors answer alike: a folder of this process, and a real Chroma server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from agent.assembly import open_runs
from agent.embedder import HashingEmbedder
from agent.memory_index import MemoryIndex
from agent.recall import Recall
from agent.settings import Settings
from agent.vector_server import ServerVectors
from agent.vector_store import VectorStore, VectorsUnavailable
from agent.vectors import MemoryVectors
from customers import memory_text
from store.clock import SimulatedClock
from store.database import Database
from store.sealing import Erased
from tests.agent.test_recall import NOW, Reversed, found, remember, somebody
from tests.agent.test_vectors import unit
from tests.chroma_server import ChromaServer

Make = Callable[[str], VectorStore]


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path_factory.mktemp("chroma"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(one_server: ChromaServer) -> Iterator[ChromaServer]:
    """The one server of this module, with nothing on it."""
    yield one_server
    emptying = ServerVectors(one_server.url, "emptying")
    emptying.rebuild()  # takes the place of all others
    emptying._client.delete_collection(emptying._collection.name)
    emptying.close()


@pytest.fixture(params=["folder", "server"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Opens vectors of an embedder at the same place each time."""
    made: list[VectorStore] = []
    url = request.getfixturevalue("server").url if request.param == "server" else None

    def opened(embedder: str = "test-256") -> VectorStore:
        for each in made:
            if url is None:
                each.close()  # a folder is one store's
        folder = tmp_path / "memory"
        store = MemoryVectors(folder, embedder) if url is None else ServerVectors(url, embedder)
        made.append(store)
        return store

    yield opened
    for each in made:
        each.close()


def test_vectors_are_found_by_id_and_only_those_that_are_there(make: Make) -> None:
    store, rows = make("test-256"), unit(3, 3)
    assert store.get(["m1"]) == {} and store.get([]) == {} and store.count() == 0
    store.add(["m1", "m2", "m3"], rows)
    kept = store.get(["m3", "m1", "never"])
    assert set(kept) == {"m1", "m3"} and store.count() == 3
    assert np.allclose(kept["m3"], rows[2]) and kept["m3"].dtype == np.float32
    store.add(["m1"], rows[1:2])
    assert np.allclose(store.get(["m1"])["m1"], rows[1])
    store.delete(["m3", "never"])
    store.delete([])
    assert store.get(["m3"]) == {} and store.count() == 2


def test_more_than_one_request_can_hold_are_stored_found_and_deleted(make: Make) -> None:
    store, rows = make("test-256"), unit(7, 2_300)
    ids = [f"m{n}" for n in range(2_300)]
    store.add(ids, rows)
    kept = store.get(ids)
    assert len(kept) == store.count() == 2_300
    assert np.allclose(kept["m2299"], rows[2_299])
    assert store.rebuild() == 2_300
    store.delete(ids[:2_200])
    assert set(store.get(ids)) == set(ids[2_200:])


def test_whoever_opens_them_next_finds_what_is_there(make: Make) -> None:
    rows = unit(4, 2)
    make("test-256").add(["m1", "m2"], rows)
    assert np.allclose(make("test-256").get(["m2"])["m2"], rows[1])


def test_vectors_of_another_embedder_are_named_and_never_found(make: Make) -> None:
    make("other-256").add(["m1"], unit(4, 1))
    store = make("test-256")
    assert store.get(["m1"]) == {} and store.count() == 0
    assert store.of_others() == ["other-256"]


def test_a_rebuild_keeps_what_is_left_and_throws_everything_else_away(make: Make) -> None:
    make("other-256").add(["m1"], unit(4, 1))
    store, rows = make("test-256"), unit(5, 40)
    store.add([f"m{n}" for n in range(40)], rows)
    store.delete(["m7"])
    assert store.rebuild() == 39
    assert set(store.get([f"m{n}" for n in range(40)])) == {f"m{n}" for n in range(40)} - {"m7"}
    assert np.allclose(store.get(["m8"])["m8"], rows[8])
    assert store.of_others() == []
    store.add(["m99"], rows[:1])
    assert set(make("test-256").get(["m99", "m7", "m8"])) == {"m99", "m8"}


def test_rebuilding_nothing_is_no_error(make: Make) -> None:
    store = make("test-256")
    assert store.rebuild() == 0 and store.get(["m1"]) == {}


def test_what_is_written_anew_takes_the_place_of_the_old_and_of_other_embedders(
    make: Make,
) -> None:
    make("other-256").add(["m0"], unit(4, 1))
    store, rows = make("test-256"), unit(8, 3)
    store.add(["m1"], rows[:1])
    with store.anew() as new:
        new.add(["m2", "m3"], rows[1:])
        assert set(store.get(["m1", "m2", "m3"])) == {"m1"}
        store.delete(["m1"])
        assert new.take_place(lambda ids: set(ids) - {"m3"}) == 1
    assert set(store.get(["m1", "m2", "m3"])) == {"m2"} and store.of_others() == []
    store.delete(["m2"])
    assert set(make("test-256").get(["m1", "m2", "m3"])) == set()


@pytest.mark.parametrize("raised", [False, True])
def test_what_was_begun_anew_and_given_up_changes_nothing(make: Make, raised: bool) -> None:
    store, rows = make("test-256"), unit(9, 2)
    store.add(["m1"], rows[:1])
    try:
        with store.anew() as new:
            new.add(["m2"], rows[1:])
            if raised:
                raise KeyError("something else")
    except KeyError:
        pass
    assert set(store.get(["m1", "m2"])) == {"m1"} and store.count() == 1
    assert store.rebuild() == 1


# -- the server's own -----------------------------------------------------------------------------


def test_a_process_that_holds_the_old_collection_finds_the_new_one(server: ChromaServer) -> None:
    rows = unit(6, 3)
    one, other = (ServerVectors(server.url, "test-256") for _ in range(2))
    one.add(["m1"], rows[:1])
    assert set(other.get(["m1"])) == {"m1"}
    one.rebuild()
    other.add(["m2"], rows[1:2])
    one.rebuild()
    other.delete(["m1"])
    assert (set(one.get(["m1", "m2"])), other.count()) == ({"m2"}, 1)
    one.close()
    other.close()


@pytest.mark.parametrize("killed", ["while copying", "before tidying up"])
def test_a_rebuild_that_was_killed_leaves_one_whole_collection(
    server: ChromaServer, killed: str
) -> None:
    rows, dies = unit(6, 2), ServerVectors(server.url, "test-256")
    dies.add(["m1", "m2"], rows)
    begun = dies._begin()
    begun.add(ids=["m1"], embeddings=rows[:1].tolist())
    if killed == "before tidying up":
        begun.add(ids=["m2"], embeddings=rows[1:].tolist())
        begun.modify(metadata=dies._metadata(2, "in use"))
    dies.close()
    again = ServerVectors(server.url, "test-256")
    assert set(again.get(["m1", "m2"])) == {"m1", "m2"}
    assert again.rebuild() == 2
    assert [each.name for each in again._listed()] == [again._collection.name]
    again.close()


def test_collections_of_others_on_the_server_are_left_alone(server: ChromaServer) -> None:
    store = ServerVectors(server.url, "test-256")
    store.open()
    store._client.create_collection("theirs", metadata={"kind": "x"}, embedding_function=None)
    store._client.create_collection("bare", embedding_function=None)
    store.add(["m1"], unit(1, 1))
    store.rebuild()
    names = {each.name for each in store._client.list_collections()}
    assert {"theirs", "bare"} < names and store.of_others() == []
    for name in ("theirs", "bare"):
        store._client.delete_collection(name)
    store.close()


async def test_the_index_is_kept_and_written_anew_on_a_server_as_in_a_folder(
    db: Database, server: ChromaServer
) -> None:
    ada, bob = somebody(db, "ada"), somebody(db, "bob")
    for who, text in ((ada, "blue lamp"), (ada, "red vase"), (bob, "green chair")):
        remember(db, who, text)
    before = ServerVectors(server.url, HashingEmbedder.name)
    assert await Recall(db, HashingEmbedder(), before).index() == 3
    vectors = ServerVectors(server.url, Reversed.name)
    recall = Recall(db, Reversed(), vectors)
    index = MemoryIndex(db, SimulatedClock(NOW), recall)
    assert "hashing-256" in (await index.status())["why"][0]
    await index.rebuild()
    await index.idle()
    told = await index.status()
    assert (told["vectors"], told["rebuild_needed"], told["rebuild"]["state"]) == (3, False, "done")
    assert await found(recall, ada, "vase", top=1) == ["red vase"]
    assert recall.without_vectors == 0 and told["unreachable"] is None
    before.close()
    vectors.close()


async def test_a_server_that_goes_away_costs_time_and_never_an_answer(
    db: Database, tmp_path: Path
) -> None:
    server = ChromaServer(tmp_path / "chroma")
    server.start()
    vectors = ServerVectors(server.url, HashingEmbedder.name)
    recall = Recall(db, HashingEmbedder(), vectors)
    index = MemoryIndex(db, SimulatedClock(NOW), recall)
    try:
        ada = somebody(db, "ada")
        remember(db, ada, "blue lamp")
        kept = remember(db, ada, "red vase")
        await recall.index()
        await asyncio.to_thread(server.stop)
        with capture_logs() as logs:
            assert await found(recall, ada, "vase") == ["red vase", "blue lamp"]
        assert [{**each, "log_level": ""} for each in logs] == [
            {
                "event": "memory_vectors_unavailable",
                "error": "VectorsUnavailable",
                "log_level": "",
            }
        ]
        assert recall.without_vectors == 1
        told = await index.status()
        assert told["vectors"] is None and server.url in told["unreachable"]
        assert told["recalled_without_vectors"] == 1 and not told["rebuild_needed"]
        with pytest.raises(VectorsUnavailable):
            await asyncio.to_thread(vectors.delete, [kept])
        remember(db, ada, "green chair")
        with pytest.raises(VectorsUnavailable):
            await recall.index()
        assert len(db.read_now(memory_text.not_indexed, limit=10)) == 1
        await index.rebuild()
        await index.idle()
        failed = (await index.status())["rebuild"]
        assert (failed["state"], failed["error"]) == ("failed", "VectorsUnavailable")
        await asyncio.to_thread(server.start)
        assert await recall.index() == 1
        assert await found(recall, ada, "chair", top=1) == ["green chair"]
        assert recall.without_vectors == 1 and (await index.status())["vectors"] == 3
    finally:
        vectors.close()
        server.stop()


def test_a_server_that_is_down_at_the_start_is_named_with_what_to_do(tmp_path: Path) -> None:
    server = ChromaServer(tmp_path / "never")
    settings = Settings(data=tmp_path / "data", embedder="hashing", chroma_url=server.url)
    with pytest.raises(VectorsUnavailable, match="USHER_CHROMA_URL") as caught:
        open_runs(settings)
    said = str(caught.value)
    assert server.url in said and "chroma run" in said and "\n" not in said
    Database.open(tmp_path / "data").close()  # nothing holds the folder


async def test_a_deployment_keeps_its_vectors_on_the_server_and_none_in_its_folder(
    tmp_path: Path, server: ChromaServer
) -> None:
    settings = Settings(data=tmp_path / "data", embedder="hashing", chroma_url=server.url)
    runs = open_runs(settings)
    await runs.start()
    try:
        ada = somebody(runs.db, "ada")
        remember(runs.db, ada, "blue lamp")
        await runs.env.recall.index()
        assert (await runs.memory.status())["vectors"] == 1
        await runs.people.erase(ada, by="ann")
        assert (await runs.memory.status())["vectors"] == 0
    finally:
        await runs.stop()
    assert not (tmp_path / "data" / "memory").exists()


async def test_p10_an_erasure_while_the_server_is_away_destroys_the_keys_and_is_taken_up_again(
    tmp_path: Path,
) -> None:
    server = ChromaServer(tmp_path / "chroma")
    server.start()
    settings = Settings(data=tmp_path / "data", embedder="hashing", chroma_url=server.url)
    try:
        runs = open_runs(settings)
        await runs.start()
        try:
            ada = somebody(runs.db, "ada")
            hers = remember(runs.db, ada, "blue lamp")
            await runs.env.recall.index()
            await asyncio.to_thread(server.stop)
            with pytest.raises(VectorsUnavailable):
                await runs.people.erase(ada, by="ann")
            with pytest.raises(Erased):
                runs.db.vault.rotation_seed(ada)
        finally:
            await runs.stop()
        await asyncio.to_thread(server.start)
        again = open_runs(settings)
        await again.start()
        try:
            assert again.env.recall.vectors.get([hers]) == {}
            receipt = await again.people.receipt(ada)
            assert receipt is not None and receipt["id"].startswith("era_")
        finally:
            await again.stop()
    finally:
        server.stop()
