"""What traces that were chosen for a comparison are called in it: by what they differ in, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from engine.trace import RunSpec


def names_of(specs: Sequence[RunSpec], labels: Sequence[str]) -> list[str]:
    """One name each, all different: of work, model, workers, interpreter, start method and label what tells them apart, else the model.

    `specs` may be of anything; `labels` are "" where there are none.
    """
    several = [spec for spec in specs if spec.model != "sequential"]
    with_workers = len({spec.workers for spec in several}) > 1
    with_method = len({spec.start_method for spec in several if spec.start_method}) > 1
    parts = [
        (
            spec.workload.rsplit("/", 1)[-1],
            f"{spec.model} ×{spec.workers}" if with_workers and spec.model != "sequential" else spec.model,
            spec.version,
            (spec.start_method or "") if with_method else "",
            label,
        )
        for spec, label in zip(specs, labels, strict=True)
    ]
    told = zip(*map(_differing, zip(*parts, strict=True)), strict=True)
    names = [" · ".join(part for part in said if part) or whole[1] for said, whole in zip(told, parts, strict=True)]
    return [name if names.count(name) == 1 else f"{name} ({names[: at + 1].count(name)})" for at, name in enumerate(names)]


def _differing(values: tuple[str, ...]) -> tuple[str, ...]:
    return values if len(set(values)) > 1 else ("",) * len(values)
