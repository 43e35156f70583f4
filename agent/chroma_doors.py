"""The one door to Chroma: a folder of this process, or a server. Imported when first needed.

Nothing is reported to anybody, nothing is embedded here, and no filter is ever asked: they cost
with the size of the whole collection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from agent.vector_store import VectorsUnavailable

#: Seconds for a connection, and for one answer; Chroma's own client would wait for ever.
CONNECT_S, ANSWER_S = 3.0, 10.0


class Exchanged(Exception):
    """The collection that was asked is no longer there: another has taken its place."""


def collection_in(folder: Path, name: str) -> tuple[Any, Any]:
    """A client of this folder and its collection of this name, made where they are missing."""
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    client = chromadb.PersistentClient(
        path=str(folder), settings=Settings(anonymized_telemetry=False)
    )
    return client, client.get_or_create_collection(name, embedding_function=None)


def client_of(url: str) -> Any:
    """A client of the server at `http(s)://HOST:PORT`. Raises `VectorsUnavailable`."""
    with answering(url):
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=CONNECT_S).raise_for_status()
    import chromadb
    from chromadb.config import Settings

    at = urlsplit(url)
    try:
        with answering(url):
            client = chromadb.HttpClient(
                host=at.hostname or "",
                port=at.port or (443 if at.scheme == "https" else 80),
                ssl=at.scheme == "https",
                settings=Settings(anonymized_telemetry=False),
            )
    except (ValueError, Exchanged) as fault:  # what Chroma says of a server it cannot use
        raise unavailable(url, fault) from None
    for session in _sessions(client):  # Chroma has no setting for it
        session.timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    return client


def close(client: Any) -> None:
    """Let go of a server's client, and of the connections that it leaves open itself."""
    for session in _sessions(client):
        session.close()
    client.close()


def _sessions(client: Any) -> list[httpx.Client]:
    """A client's own, and that of the one it asks for its database with."""
    return [each._server._session for each in (client, client._admin_client)]


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Say plainly that the server does not answer, by the class of what went wrong only.

    Raises `VectorsUnavailable`, or `Exchanged` where the collection itself is gone.
    """
    from chromadb.errors import ChromaError, NotFoundError

    try:
        yield
    except NotFoundError:
        raise Exchanged from None
    except (httpx.HTTPError, ChromaError) as fault:
        raise unavailable(url, fault) from None


def unavailable(url: str, fault: BaseException) -> VectorsUnavailable:
    """What to tell whoever runs this deployment: which server, which class of fault, what to do."""
    return VectorsUnavailable(
        f"the Chroma server at {url} (USHER_CHROMA_URL) does not answer as it should "
        f"({type(fault).__name__}): start it there, for example with `chroma run --path FOLDER`, "
        "or leave the setting out to keep vectors in the data folder"
    )
