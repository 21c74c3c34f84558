"""How numbers are said in English: three digits, a unit, no false zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
    11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM", 24: "SIGXCPU", 31: "SIGSYS",
}  # fmt: skip
"""Of Linux (signal(7)); a trace may have come from another machine."""
_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))


def duration(ns: float) -> str:
    """`850 ns`, `12.3 µs`, `1.23 s`, `2 min 5 s`, `8 h 20 min`."""
    if abs(ns) >= 3600 * _UNITS[0][0]:
        hours, minutes = divmod(round(ns / (60 * _UNITS[0][0])), 60)
        return f"{hours} h {minutes} min"
    if abs(ns) >= 60 * _UNITS[0][0]:
        minutes, seconds = divmod(round(ns / _UNITS[0][0]), 60)
        return f"{minutes} min {seconds} s"
    for size, unit in _UNITS:
        if abs(ns) >= 0.9995 * size:
            return f"{_digits(ns / size)} {unit}"
    return f"{round(ns)} ns"


def instant(ns: int) -> str:
    """A time since the trace began, to the microsecond: `37.008 ms`, `1.234567 s`."""
    return f"{ns / 1e9:.6f} s" if ns >= _UNITS[0][0] else f"{ns / 1e6:.3f} ms"


def percent(share: float) -> str:
    """`74 %`, `0.4 %`, `99.7 %`: what is not quite nothing or everything does not read as if it were."""
    value = share * 100
    if value == 0 or value == 100:
        return f"{value:.0f} %"
    if value < 0.1:
        return "under 0.1 %"
    if value < 1 or 99 < value < 100:
        return f"{min(value, 99.9):.1f} %"
    return f"{value:.0f} %"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 thread`, `4 threads`, `2 processes`, `12,345 hand-offs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def average(number: float) -> str:
    """Of what is counted: `3.7`, `120`, `9,366`."""
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.1f}"


def signal_name(number: int) -> str:
    """`SIGSEGV`, `signal 40`."""
    return _SIGNALS.get(number, f"signal {number}")


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def ranged(low: float, high: float, said: Callable[[float], str]) -> str:
    """`74 %`, `70–74 %`, `1.01–1.09 s`, `950 ms to 1.09 s`: both ends as `said` says them, and once what reads the same."""
    first, last = said(low), said(high)
    if first == last:
        return first
    (number, unit), (_, other) = _split(first), _split(last)
    return f"{number}–{last}" if number and unit == other else f"{first} to {last}"


def _split(text: str) -> tuple[str, str]:
    """A number and its unit; no number where there is more to it (`2 min 5 s`, `under 0.1 %`)."""
    number, _, unit = text.partition(" ")
    return (number, unit) if number.replace(".", "", 1).isdigit() and " " not in unit else ("", text)


def _digits(value: float) -> str:
    size = abs(value)
    return f"{value:.0f}" if size >= 99.95 else f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"
