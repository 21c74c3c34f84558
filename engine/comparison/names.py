"""What traces that were chosen for a comparison are called in it: by what they differ in, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from engine.trace import RunSpec


def names_of(specs: Sequence[RunSpec], labels: Sequence[str]) -> list[str]:
    """One name each, all different: the model always, and of work, workers, interpreter, start method and label what tells them apart.

    `specs` may be of anything; `labels` are "" where there are none.
    """
    methods = {spec.start_method for spec in specs if spec.start_method}
    parts = [_parts(spec, label, len(methods) > 1) for spec, label in zip(specs, labels, strict=True)]
    names = (
        [" · ".join(part for part in said if part) for said in zip(*map(_differing, zip(*parts, strict=True)), strict=True)]
        if parts
        else []
    )
    names = [name or said[1] for name, said in zip(names, parts, strict=True)]
    return [name if names.count(name) == 1 else f"{name} ({names[: at + 1].count(name)})" for at, name in enumerate(names)]


def _parts(spec: RunSpec, label: str, methods_differ: bool) -> tuple[str, str, str, str, str]:
    model = spec.model if spec.model == "sequential" else f"{spec.model} ×{spec.workers}"
    return spec.workload.rsplit("/", 1)[-1], model, spec.version, (spec.start_method or "") if methods_differ else "", label


def _differing(values: tuple[str, ...]) -> tuple[str, ...]:
    return values if len(set(values)) > 1 else ("",) * len(values)
