"""A trace as a chart of Plotly's, as JSON for `plotly.io.from_json` in a notebook.

It shows what the page shows: bars for the segments that are wide enough to see, a trace of bars for each state with its pattern; and,
where some are not, the occupied fractions of every lane as an image behind them. What is left out is said in the chart.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from engine.exports.extent import Extent
from engine.exports.palette import LABELS, LIGHT, STACK, Palette
from engine.exports.picture import Canvas, Row, painted, png
from engine.exports.rows import Chosen, chosen
from engine.trace import State
from engine.views import ViewIndex
from engine.wording import count

MOST_LANES = 64
MOST_BARS = 2000
_PX, _ROW_PX = 1600, 24
_GAP = 0.16
"""Between two rows, as a share of a row."""
_UNITS = ((1_000_000_000, "s", 2_000_000_000), (1_000_000, "ms", 2_000_000), (1_000, "µs", 2_000), (1, "ns", 0))
_SHAPES = {
    State.native: {"shape": "-", "size": 5, "solidity": 0.2},
    State.gil_wait: {"shape": "/", "size": 6, "solidity": 0.25},
    State.runnable: {"shape": "|", "size": 4, "solidity": 0.25},
    State.ready: {"shape": "\\", "size": 6, "solidity": 0.22},
    State.lock_wait: {"shape": "x", "size": 6, "solidity": 0.35},
    State.io_wait: {"shape": ".", "size": 4, "solidity": 0.3},
    State.suspended: {"shape": ".", "size": 6, "solidity": 0.16},
    State.crashed: {"shape": "x", "size": 8, "solidity": 0.3},
}
_SWAPPED = frozenset({State.native, State.runnable, State.ready, State.crashed})
"""Whose gaps are drawn over their colour, not their colour over the gaps."""


@dataclass(frozen=True, slots=True)
class Axis:
    """ns per unit of the horizontal axis, and the unit's name."""

    ns: int
    unit: str

    @classmethod
    def of(cls, span_ns: int) -> Axis:
        return next(cls(size, unit) for size, unit, least in _UNITS if span_ns >= least)


def figure(extent: Extent, title: str, said: str = "", index: ViewIndex | None = None) -> dict[str, Any]:
    """`{"data": […], "layout": {…}}`. `said`: a sentence below the title. `index`: that of the trace, if the caller keeps one."""
    index, palette = index or ViewIndex(extent.trace), LIGHT
    rows = chosen(extent.trace, MOST_LANES)
    t0, t1 = max(extent.t0, 0), min(extent.t1, max(extent.trace.t_ns, 1))
    axis = Axis.of(t1 - t0)
    view = index.view(t0, t1, _PX, [lane.id for lane in rows.lanes], MOST_BARS)
    segments = [*view["segments"], *view["open"]]
    hidden = view["segments_in_window"] - len(segments)
    traces = _traces(segments, view["totals"], extent, rows, axis, palette)
    images = [_image(index, rows, Canvas(t0, t1, _PX, _ROW_PX * max(len(rows.lanes), 1), palette), axis)] if hidden > 0 else []
    return {"data": traces, "layout": _layout(title, said, _notes(hidden, view, rows), images, rows, (t0, t1), axis, palette)}


def _traces(
    segments: list[dict[str, Any]], totals: dict[str, dict[str, int]], extent: Extent, rows: Chosen, axis: Axis, palette: Palette
) -> list[dict[str, Any]]:
    kinds = {lane.id: lane.kind for lane in rows.lanes}
    by_state: dict[State, list[dict[str, Any]]] = {}
    for segment in segments:
        by_state.setdefault(State[segment["state"]], []).append(segment)
    traces = []
    met = {State[name] for lane, spent in totals.items() if kinds[int(lane)] in ("thread", "task") for name in spent}
    for state in (*STACK, State.idle, State.unknown):
        found = [one for one in by_state.get(state, ()) if kinds[one["lane"]] in ("thread", "task")]
        if state in met:  # If none of them is wide enough for a bar, the legend explains the image.
            traces.append({"name": LABELS[state], "marker": _marker(state, palette), **_bars(found, extent, rows, axis), **_thin(state)})
    holds = [one for state in (State.held, State.busy) for one in by_state.get(state, ())]
    if holds:
        colours = [palette.holder(rows.hues.get(one["ref"])) for one in holds]
        traces.append({"name": "by thread, on GIL and cores", "marker": {"color": colours}, **_bars(holds, extent, rows, axis)})
    return traces


def _bars(segments: list[dict[str, Any]], extent: Extent, rows: Chosen, axis: Axis) -> dict[str, Any]:
    place = {lane.id: number for number, lane in enumerate(rows.lanes)}
    lanes, labels = extent.trace.lanes, dict(zip((lane.id for lane in rows.lanes), rows.labels, strict=True))
    told = []
    for segment in segments:
        ref = segment["ref"]
        who = lanes[ref].name if ref in lanes else ""
        about = " · ".join(word for word in (segment["state"], segment["detail"] or "", who) if word)
        told.append([_plain(labels[segment["lane"]]), _plain(about), segment["start_ns"], segment["end_ns"]])
    return {
        "type": "bar",
        "orientation": "h",
        "base": [segment["start_ns"] / axis.ns for segment in segments],
        "x": [(segment["end_ns"] - segment["start_ns"]) / axis.ns for segment in segments] or [None],
        "y": [place[segment["lane"]] for segment in segments] or [None],
        "showlegend": True,
        "width": 1 - _GAP,
        "customdata": told,
        "hovertemplate": f"%{{customdata[0]}}<br>%{{customdata[1]}}<br>from %{{base}} {axis.unit}, %{{x}} {axis.unit} long<extra></extra>",
    }


def _thin(state: State) -> dict[str, Any]:
    """What is no work and no wait is a line, not an area."""
    return {"width": 0.1} if state in (State.idle, State.unknown) else {}


def _marker(state: State, palette: Palette) -> dict[str, Any]:
    own, other = palette.tones(state) if state in STACK else (palette.states[state], palette.surface)
    shape = _SHAPES.get(state)
    if shape is None:
        return {"color": own}
    back, front = (own, other) if state in _SWAPPED else (other, own)
    return {"color": own, "pattern": {**shape, "fillmode": "overlay", "bgcolor": back, "fgcolor": front, "fgopacity": 1}}


def _image(index: ViewIndex, rows: Chosen, canvas: Canvas, axis: Axis) -> dict[str, Any]:
    gap = round(_ROW_PX * _GAP / 2)
    places = [Row(lane, number * _ROW_PX + gap, _ROW_PX - 2 * gap) for number, lane in enumerate(rows.lanes)]
    body = base64.b64encode(png(painted(index, places, rows.hues, canvas))).decode()
    return {
        "source": f"data:image/png;base64,{body}",
        "xref": "x",
        "yref": "y",
        "x": canvas.t0 / axis.ns,
        "y": -0.5,
        "sizex": (canvas.t1 - canvas.t0) / axis.ns,
        "sizey": len(rows.lanes),
        "sizing": "stretch",
        "layer": "below",
        "yanchor": "top",
        "xanchor": "left",
    }


def _notes(hidden: int, view: dict[str, Any], rows: Chosen) -> list[str]:
    notes = []
    if hidden > 0:
        notes.append(
            f"{count(hidden, 'segment')} of {view['segments_in_window']:,} too short to see one by one: "
            "behind the bars, heights are shares of the time"
        )
    if rows.left_out:
        notes.append(f"{count(rows.left_out, 'more lane')} not shown")
    return notes


def _layout(
    title: str,
    said: str,
    notes: list[str],
    images: list[dict[str, Any]],
    rows: Chosen,
    window: tuple[int, int],
    axis: Axis,
    palette: Palette,
) -> dict[str, Any]:
    many = len(rows.lanes)
    return {
        "title": {
            "text": _plain(title),
            "subtitle": {"text": "<br>".join(map(_plain, filter(None, [said, *notes])))},
            "x": 0.01,
            "xanchor": "left",
        },
        "template": "none",
        "height": 200 + _ROW_PX * max(many, 2),
        "barmode": "overlay",
        "bargap": 0,
        "images": images,
        "paper_bgcolor": palette.surface,
        "plot_bgcolor": palette.surface,
        "font": {"color": palette.ink2},
        "hovermode": "closest",
        "legend": {"orientation": "h", "yanchor": "top", "y": -60 / (_ROW_PX * max(many, 2)), "x": 0},
        "margin": {"l": 20, "r": 20, "t": 110, "b": 90},
        "xaxis": {
            "title": {"text": f"time since the trace began ({axis.unit})"},
            "range": [window[0] / axis.ns, window[1] / axis.ns],
            "gridcolor": palette.line,
            "zeroline": False,
        },
        "yaxis": {
            "range": [many - 0.5, -0.5],
            "tickvals": list(range(many)),
            "ticktext": [_plain(label) for label in rows.labels],
            "automargin": True,
            "zeroline": False,
            "showgrid": False,
        },
    }


def _plain(text: str) -> str:
    """Plotly reads a little HTML in texts, links among it: a name is only a name."""
    safe = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
