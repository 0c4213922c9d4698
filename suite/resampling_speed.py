"""The section about the statistics' own speed: resampling the dev sets of a sweep.

Of a record of results/performance/ that pytest-benchmark wrote
(suite/test_statistics_speed.py); what it lacks is said not to be measured.
"""

from collections.abc import Callable, Mapping

from suite.markdown import table

RECORD = "resamples"
COMMAND = (
    f"tox -e benchmark -- -k {RECORD} "
    f"--benchmark-json results/performance/{RECORD}.json"
)
_ABOUT = (
    "Every metric of 20 configurations × 5 seeds on the dev splits of all nine tasks "
    "in their official sizes, on two processes of one thread each. Linear in the "
    "resamples where the last column stays the same."
)


def resampling_section(record: Mapping | None, made_on: Callable) -> list[str]:
    """The section's parts; `made_on(name, record, command)` says where and by what."""
    if record is None:
        return ["## Resampling", f"Not measured yet: `{COMMAND}`."]
    rows = [_row(one) for one in record["benchmarks"]]
    header = ("Resamples", "Seconds", "Peak memory, MB", "Seconds a 1,000 resamples")
    about = made_on(RECORD, record, COMMAND)
    return ["## Resampling", about, _ABOUT, table(header, rows, sample=False)]


def _row(benchmark: Mapping) -> list[str]:
    about, seconds = benchmark["extra_info"], benchmark["stats"]["median"]
    return [
        f"{about['amount']:,}",
        f"{seconds:.1f}",
        f"{about['peak_memory_bytes'] / 1e6:,.0f}",
        f"{1000 * seconds / about['amount']:.2f}",
    ]
