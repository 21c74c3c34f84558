"""What can be run here, and on what."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app import wishes
from app.api.examples import INTERPRETER, page_of, told
from app.assets import version
from engine.host import host

router = APIRouter(tags=["about"])


@router.get("/healthz", summary="Whether the server answers")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/api/v1/host", summary="The machine")
def get_host() -> dict[str, Any]:
    """Cores, platform, kernel, load, and the share of time that the hypervisor took (`steal_ratio`)."""
    return {**host(), "gilscope": version()}


@router.get("/api/v1/interpreters", summary="The interpreters that can be measured", responses=told(page_of(INTERPRETER)))
def get_interpreters() -> dict[str, Any]:
    """Our own first. `id` is what a run is asked for with; a free-threaded build has two, without its GIL and with it."""
    return {"items": wishes.interpreters(), "next_cursor": None}


@router.get("/api/v1/models", summary="The concurrency models")
def get_models() -> dict[str, Any]:
    return {"items": wishes.models(), "next_cursor": None}


@router.get("/api/v1/workloads", summary="The workloads, each with the JSON Schema of its parameters")
def get_workloads() -> dict[str, Any]:
    return {"items": wishes.workloads(), "next_cursor": None, "limits": wishes.limits(), "recommended": wishes.recommended()}
