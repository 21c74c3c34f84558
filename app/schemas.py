"""What clients may send, checked by pydantic at the boundary and nowhere else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from app.comparison_wish import ComparisonWish
from app.wishes import DEFAULT_WORKERS, Wish

StatusName = Literal["queued", "starting", "running", "complete", "failed", "cancelled", "interrupted"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


Label = Annotated[StrictStr, Field(max_length=200), AfterValidator(_printable)]
Name = Annotated[StrictStr, Field(max_length=200)]


class WorkRequest(BaseModel):
    """Work that is asked for. Only listed workloads with bounded parameters, on interpreters found here: never a path or code."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    workload: Name = Field(description="A `name` of `/workloads`.")
    workers: StrictInt = Field(DEFAULT_WORKERS, description="How many at once, 1 to 64; ignored by `sequential`.")
    jobs: StrictInt | None = Field(None, description="How many equal jobs, the same under every model; default: as many as workers.")
    params: dict[str, StrictBool | StrictInt | StrictFloat | StrictStr] = Field(
        default_factory=dict, max_length=50, description="The workload's own parameters, by its schema."
    )
    interpreter: Name | None = Field(None, description="An `id` of `/interpreters`; default: the one that runs gilscope.")
    start_method: Name | None = Field(None, description="How processes are started, one of the model's `start_methods`.")
    switch_interval: float | None = Field(None, description="`sys.setswitchinterval`, in seconds; default 0.005.")
    label: Label = Field("", description="A name of your own; not part of the record.")


class TraceRequest(WorkRequest):
    """A run that is asked for."""

    model: Name = Field(description="A `name` of `/models`.")

    def wish(self) -> Wish:
        return Wish(model=self.model, **_but(self, "model", "label"))


class ComparisonRequest(WorkRequest):
    """The same work under several models."""

    models: list[Name] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="Names of `/models`, in the order of their runs; default: all that the interpreter can run.",
    )
    repeat: StrictInt = Field(1, description="How many runs each, 1 to 20, the models in turn: figures are then those of the median run.")

    def wish(self) -> ComparisonWish:
        return ComparisonWish(**_but(self, "label"))


def _but(asked: BaseModel, *left_out: str) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in type(asked).model_fields if name not in left_out}


class TracePatch(BaseModel):
    """What can be changed of a trace: what is not part of its record."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = None
    pinned: StrictBool | None = None


class ComparisonPatch(BaseModel):
    """What can be changed of a comparison."""

    model_config = ConfigDict(extra="forbid")

    label: Label


CREATE_EXAMPLES: dict[str, Any] = {
    "threads": {
        "summary": "Pure Python under four threads: they take turns",
        "value": {"workload": "cpu", "model": "threads", "workers": 4},
    },
    "processes": {
        "summary": "The same work under processes: they run at once",
        "value": {"workload": "cpu", "model": "processes", "workers": 4, "start_method": "spawn"},
    },
}
PATCH_EXAMPLES: dict[str, Any] = {"rename": {"summary": "Name and pin it", "value": {"label": "before the fix", "pinned": True}}}
COMPARE_EXAMPLES: dict[str, Any] = {
    "three": {
        "summary": "Pure Python one after another, under threads and under processes",
        "value": {"workload": "cpu", "workers": 4, "models": ["sequential", "threads", "processes"]},
    },
    "all": {"summary": "Waiting for the network under every model, three runs each", "value": {"workload": "http", "repeat": 3}},
}
RENAME_EXAMPLES: dict[str, Any] = {"rename": {"summary": "Name it", "value": {"label": "on the new machine"}}}
