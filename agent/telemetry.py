"""What operators watch: counters by our own words, never by anything personal (P5)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Telemetry:
    """One registry a deployment; `exposition` is what `/metrics` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Counter(
            "usher_events_accepted", "Messages accepted, by type.", ["type"], registry=self.registry
        )
        self.dead = Counter(
            "usher_events_dead", "Messages set aside as dead letters.", registry=self.registry
        )
        self.decided = Counter(
            "usher_decisions", "Decisions that left running, by status.", ["status"],
            registry=self.registry,
        )  # fmt: skip
        self.failed_closed = Gauge(
            "usher_failed_closed", "Times a missing fact closed the gate, by fact.", ["fact"],
            registry=self.registry,
        )  # fmt: skip
        self.unknown = Gauge(
            "usher_effects_unknown", "Effects that wait for a person to find out.",
            registry=self.registry,
        )  # fmt: skip
        self.lanes = Gauge("usher_lanes_running", "Lanes running now.", registry=self.registry)
        self.lanes_given_up = Gauge(
            "usher_lanes_given_up", "Lanes that rest before they are tried again.",
            registry=self.registry,
        )  # fmt: skip
        self.oldest_due = Gauge(
            "usher_oldest_due_seconds", "Age of the oldest due item, by kind of work.", ["kind"],
            registry=self.registry,
        )  # fmt: skip
        self.due = Gauge(
            "usher_due_items", "Items that are due and not done, by kind of work.", ["kind"],
            registry=self.registry,
        )  # fmt: skip
        self.dead_letters = Gauge(
            "usher_dead_letters", "Letters set aside that nobody has looked after.",
            registry=self.registry,
        )  # fmt: skip

    def exposition(self) -> bytes:
        """The registry in Prometheus' text format."""
        return generate_latest(self.registry)
