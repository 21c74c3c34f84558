"""The pages: `GET /`, `/t/{id}`, `/c/{id}`, `/c?ids=…`, `/docs`, and the error page. No logic in templates: everything is in the context.

Every template gets

    request, version (gilscope's), read_only (bool), plotly_url, boot (a dict)

and writes `boot` for the page's script as `<script type="application/json" id="boot">{{ boot | json_script }}</script>`; the filter
escapes what could end the element. Static files are linked as `{{ static("css/base.css") }}`: the URL carries the file's hash.

    home.html    boot: {page: "home", read_only, version, workloads: [{name, title, description, schema}], models: [{name, title,
                 description, start_methods, oldest}], interpreters: [{id, version, implementation, free_threaded, gil_enabled, own,
                 path, build}],
                 host: {cores, …}, recommended: {workload, model, workers}, limits: {…}, traces: [trace object …], next_cursor,
                 comparisons: [comparison object …]}
                 `workloads[].schema` is the JSON Schema of its `params`. `workloads`, `models`, `interpreters`, `recommended` also are
                 variables of the template.
    trace.html   boot: {page: "trace", read_only, version, trace: trace object}; `trace` also is a variable. `title` for <title>.
                 `partof`: [{permalink, title}] of the comparisons that made it.
    compare.html boot: {page: "compare", read_only, version, comparison: the comparison object}; `comparison` also is a variable. `title`
                 for <title>.
    docs.html    `operations`: [{method, path, summary, description, tag, parameters: [{name, in, required, description, type}],
                 body: JSON text | None, answer: JSON text | None, responses: [{status, description}], curl, httpx}],
                 grouped by `tags`: [{name, description, operations}]; `base_url`. boot: {page: "docs"}.
    error.html   status (int), title, detail. boot: {page: "error", status}.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as PathParameter
from starlette.responses import HTMLResponse, Response

from app import assets
from app.comparison_object import comparison_object, comparison_title
from app.context import Context
from app.documentation import tags
from app.listing import chosen_runs, page_of_comparisons, page_of_traces
from app.problems import ProblemError
from app.rendering import environment
from app.store import Listing
from app.wishes import offer, recommended

router = APIRouter(include_in_schema=False)

COMPARISONS = 20
"""How many the start page shows."""


@router.api_route("/", methods=["GET", "HEAD"])
def home(request: Request) -> Response:
    context = Context.of(request)
    context.expect_run()
    listed = page_of_traces(context, Listing(limit=50))
    offered = offer()
    boot = {
        "page": "home",
        **offered,
        "recommended": recommended(),
        "traces": listed["items"],
        "next_cursor": listed["next_cursor"],
        "comparisons": page_of_comparisons(context, COMPARISONS)["items"],
    }
    return _page(request, "home.html", boot, **offered, recommended=recommended())


@router.api_route("/t/{trace_id}", methods=["GET", "HEAD"])
def trace(request: Request, trace_id: Annotated[str, PathParameter()]) -> Response:
    context = Context.of(request)
    told = context.told(trace_id)
    if told is None:
        raise ProblemError(404, f"There is no trace {trace_id!r} here: it was deleted, or recorded somewhere else.")
    made = context.store.comparisons.with_trace(trace_id)
    partof = [{"permalink": f"/c/{one.id}", "title": one.label or comparison_title(one.spec)} for one in made]
    return _page(request, "trace.html", {"page": "trace", "trace": told}, trace=told, partof=partof, title=told["label"] or told["title"])


@router.api_route("/c", methods=["GET", "HEAD"])
def chosen(request: Request, ids: str = "") -> Response:
    try:
        found = chosen_runs(Context.of(request), ids)
    except ProblemError as problem:
        if not problem.errors:
            raise
        return error_page(request, problem.status, "Which runs?", f"The address {problem.errors[0]['message']}.")
    return _page(request, "compare.html", {"page": "compare", "comparison": found}, comparison=found, title=found["title"])


@router.api_route("/c/{comparison_id}", methods=["GET", "HEAD"])
def comparison(request: Request, comparison_id: Annotated[str, PathParameter()]) -> Response:
    context = Context.of(request)
    found = context.comparison(comparison_id)
    if found is None:
        raise ProblemError(404, f"There is no comparison {comparison_id!r} here: it was deleted, or made somewhere else.")
    told = comparison_object(found, context.store)
    name = told["label"] or told["title"]
    return _page(request, "compare.html", {"page": "compare", "comparison": told}, comparison=told, title=name)


@router.api_route("/docs", methods=["GET", "HEAD"])
def docs(request: Request) -> Response:
    base_url = str(request.base_url).rstrip("/")
    grouped = tags(request.app.openapi(), base_url)
    operations = [operation for tag in grouped for operation in tag["operations"]]
    return _page(request, "docs.html", {"page": "docs"}, tags=grouped, operations=operations, base_url=base_url)


def error_page(request: Request, status: int, heading: str, detail: str) -> Response:
    response = _page(request, "error.html", {"page": "error", "status": status}, status=status, title=heading, detail=detail)
    response.status_code = status
    return response


def _page(request: Request, template: str, boot: dict[str, Any], **variables: Any) -> Response:
    shared = {"version": assets.version(), "read_only": Context.of(request).settings.read_only}
    text = (
        environment(assets.templates_directory())
        .get_template(template)
        .render(
            request=request,
            plotly_url=assets.plotly_url(),
            boot={**boot, **shared},
            **shared,
            **variables,
        )
    )
    return HTMLResponse(text.encode("utf-8", "replace"), headers={"cache-control": "no-store"})
