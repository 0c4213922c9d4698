"""Time goes to the part it was spent on."""

import time

from reference.time_spent import TimeSpent


def test_parts_add_up(monkeypatch):
    moments = iter([0.0, 1.0, 10.0, 12.0, 20.0, 25.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    spent = TimeSpent()
    for part in ("one", "two", "one"):
        with spent.on(part):
            pass
    assert spent.seconds == {"one": 6.0, "two": 2.0}


def test_the_making_of_items_is_timed_and_not_their_use(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def items():
        for item in range(3):
            clock[0] += 1.0
            yield item

    spent, found = TimeSpent(), []
    for item in spent.making("items", items()):
        clock[0] += 100.0
        found.append(item)
    assert found == [0, 1, 2]
    assert spent.seconds == {"items": 3.0}
