"""What this process counts for Prometheus; no label says anything of a patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Outcome = Literal["ready", "failed", "lost"]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

STUDIES_ENDED = Counter(
    "starlung_worker_studies",
    "Studies and jobs that this worker ended, by how they ended",
    ["outcome"],
    registry=REGISTRY,
)
STUDY_SECONDS = Histogram(
    "starlung_worker_study_seconds",
    "Seconds that this worker spent on a study or job",
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800),
    registry=REGISTRY,
)


class Counts(Collector):
    """Shows counts that a part of the program keeps for itself.

    Args:
        name: of the metric.
        about: what is counted, in a sentence.
        counts: by outcome; read whenever the metrics are asked for.
    """

    def __init__(self, name: str, about: str, counts: Mapping[str, int]) -> None:
        self._name, self._about, self._counts = name, about, counts

    def collect(self) -> Iterator[Metric]:
        """Yield the counter."""
        family = CounterMetricFamily(self._name, self._about, labels=["outcome"])
        for outcome, count in sorted(dict(self._counts).items()):
            family.add_metric([outcome], count)
        yield family


def gauge(name: str, about: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    """Return a gauge with a value for each combination of labels."""
    family = GaugeMetricFamily(name, about, labels=list(labels))
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family
