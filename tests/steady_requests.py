"""HTTP requests one after the other, beside what a test does."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

TIMEOUT_S = 30.0


@contextmanager
def steady(url: str, *, host: str | None = None) -> Iterator[Counter[str]]:
    """For as long as the block runs; yields what each came to: its status, or the error."""
    met: Counter[str] = Counter()
    done = threading.Event()

    def run() -> None:
        with httpx2.Client(timeout=TIMEOUT_S, headers={"Host": host} if host else None) as client:
            while not done.is_set():
                try:
                    met[str(client.get(url).status_code)] += 1
                except httpx2.HTTPError as error:
                    met[repr(error)] += 1

    thread = threading.Thread(target=run, name="steady requests")
    thread.start()
    try:
        yield met
    finally:
        done.set()
        thread.join(TIMEOUT_S + 10)
