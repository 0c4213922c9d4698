"""Where the time of a run goes, by part."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class TimeSpent:
    """Seconds by part; a part that is begun again goes on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """What happens within is of `part`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - started
            self.seconds[part] = self.seconds.get(part, 0.0) + elapsed

    def making(self, part: str, items: Iterable) -> Iterator:
        """The items, whose making, one by one, is of `part`."""
        items = iter(items)
        while True:
            with self.on(part):
                item = next(items, None)
            if item is None:
                return
            yield item
