"""The chart for notebooks, read by Plotly itself; and the small picture, read by a decoder of its own."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io
import pytest

from engine.exports import Extent, figure
from engine.exports.palette import DARK, LABELS, LIGHT, PATTERNS, Palette, channels
from engine.exports.picture import Pixels
from engine.exports.thumbnail import thumbnail
from engine.trace import State, Trace
from engine.views import ViewIndex
from tests.support import synthetic
from tests.support.imports import ROOT
from tests.support.scene import MS


def drawn(trace: Trace, t0: int | None = None, t1: int | None = None) -> go.Figure:
    """What a notebook makes of it. Plotly complains of every property that it does not know."""
    return plotly.io.from_json(json.dumps(figure(Extent.of(trace, t0, t1), "cpu · threads", "said")))


def decoded(png: bytes) -> Pixels:
    """RGBA of a PNG without interlacing whose lines have no filter."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, body, size = 8, b"", (0, 0)
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        part = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + part)
        if kind == b"IHDR":
            size = struct.unpack(">II", part[:8])
            assert part[8:] == bytes([8, 6, 0, 0, 0])
        body += part if kind == b"IDAT" else b""
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(body), np.uint8).reshape(size[1], 1 + size[0] * 4)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(size[1], size[0], 4)


def test_each_state_is_one_trace_of_bars_with_its_pattern() -> None:
    chart = drawn(synthetic.waits_overlapping().trace)
    names = [trace.name for trace in chart.data]
    assert len(names) == len(set(names))
    assert {"running Python", "waiting for I/O", "by thread, on GIL and cores"} <= set(names)
    waits = next(trace for trace in chart.data if trace.name == "waiting for I/O")
    assert waits.type == "bar"
    assert waits.marker.pattern.shape == "."


def test_the_bars_of_a_window_are_its_segments_on_the_rows_of_their_lanes() -> None:
    trace = synthetic.threads_taking_turns().trace
    chart = drawn(trace, 500 * MS, 540 * MS)
    assert chart.layout.xaxis.title.text == "time since the trace began (ms)"
    assert chart.layout.xaxis.range == (500, 540)
    running = next(one for one in chart.data if one.name == "running Python")
    rows = {lane.name: list(chart.layout.yaxis.ticktext).index(lane.name) for lane in trace.lanes.values() if lane.measured}
    told = {(round(base * 1e6), round((base + x) * 1e6), y) for base, x, y in zip(running.base, running.x, running.y, strict=True)}
    expected = {
        (start, end, rows[trace.lanes[lane].name])
        for lane, start, end, state, _, _ in trace.segments.rows()
        if trace.lanes[lane].measured and state == State.running and end > 500 * MS and start < 540 * MS
    }
    assert told >= expected


def test_where_segments_are_too_short_the_shares_are_behind_them_and_the_chart_says_so() -> None:
    trace = synthetic.large(100_000, lanes=4).trace
    chart = drawn(trace)
    assert "100,000 segments of 100,000 too short" in chart.layout.title.subtitle.text
    [image] = chart.layout.images
    pixels = decoded(base64.b64decode(image.source.removeprefix("data:image/png;base64,")))
    assert (image.x, image.sizex) == pytest.approx((0, trace.t_ns / 1e6))
    row = pixels[:24]
    work = (row[..., :3] == channels(LIGHT.states[State.running])).all(axis=-1)
    share = ViewIndex(trace).view(0, trace.t_ns, 1, [2])["totals"]["2"]["running"] / trace.t_ns
    assert work.sum() / (20 * pixels.shape[1]) == pytest.approx(share, abs=0.03), "area is time"
    assert {trace.name for trace in chart.data} >= {"running Python", "native code", "waiting for the GIL"}, "the legend explains the image"


def test_a_chart_without_hidden_segments_has_no_image() -> None:
    assert not drawn(synthetic.threads_taking_turns().trace, 500_100_000, 501_000_000).layout.images


def test_a_name_is_never_read_as_html() -> None:
    trace = synthetic.threads_taking_turns().trace
    lanes = {**trace.lanes, 4: replace(trace.lanes[4], name='<a href="https://elsewhere">x</a>')}
    text = json.dumps(figure(Extent.of(replace(trace, lanes=lanes)), "<b>", "<i>"))
    assert "<a" not in text
    assert "<b>" not in text
    assert "&lt;a href" in text


def test_more_lanes_than_fit_are_counted() -> None:
    chart = drawn(synthetic.large(2_000, lanes=100).trace)
    assert len(chart.layout.yaxis.tickvals) == 64
    assert "36 more lanes not shown" in chart.layout.title.subtitle.text


def test_a_trace_that_has_just_begun_can_be_drawn() -> None:
    recording = synthetic.threads_taking_turns()
    assert drawn(Trace(recording.record).grown(recording.frames[:1])).data


def test_the_small_picture_shows_each_lane_that_carries_work_in_its_own_strip() -> None:
    pixels = decoded(thumbnail(ViewIndex(synthetic.threads_taking_turns().trace), 200, 44, LIGHT))
    assert pixels.shape == (44, 200, 4)
    for strip in range(4):
        part = pixels[strip * 11 : strip * 11 + 10, 20:180]
        assert (part[..., 3] == 255).mean() > 0.95
        colours = {tuple(colour) for colour in part.reshape(-1, 4)[:, :3]}
        assert channels(LIGHT.states[State.running]) in colours
        assert channels(LIGHT.states[State.gil_wait]) in colours


@pytest.mark.parametrize("recording", [synthetic.failed, synthetic.tasks_on_a_loop, lambda: synthetic.large(50_000, lanes=40)])
def test_every_kind_of_trace_has_a_small_picture(recording: Any) -> None:
    pixels = decoded(thumbnail(ViewIndex(recording().trace), 264, 88, DARK))
    assert (pixels[..., 3] == 255).mean() > 0.3


def test_a_trace_without_lanes_has_an_empty_picture() -> None:
    assert not decoded(thumbnail(ViewIndex(Trace(synthetic.threads_taking_turns().record)), 264, 88, DARK)).any()


@pytest.mark.parametrize(("palette", "block"), [(LIGHT, 0), (DARK, 1)])
def test_the_colours_are_those_of_the_stylesheet(palette: Palette, block: int) -> None:
    css = (ROOT / "static" / "css" / "tokens.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    told = dict(re.findall(r"--([a-z0-9_-]+):\s*([^;]+);", (light, dark)[block]))
    assert {state.name: told[f"state-{state.name}"] for state in LABELS} == {state.name: palette.states[state] for state in LABELS}
    assert tuple(told[f"holder-{n}"] for n in range(1, 9)) == palette.holders
    assert [told[name] for name in ("surface", "state-outline", "ink", "ink-2", "ink-3", "line")] == [
        palette.surface,
        palette.outline,
        palette.ink,
        palette.ink2,
        palette.ink3,
        palette.line,
    ]
    assert told["pattern-depth"] == f"{palette.depth:.0%}"


def test_the_words_for_states_are_those_of_the_page() -> None:
    script = (ROOT / "static" / "js" / "lib" / "states.js").read_text()
    told = dict(re.findall(r'name: "(\w+)", label: "([^"]+)"', script))
    assert {state.name: label for state, label in LABELS.items()} == {name: told[name] for name in (state.name for state in LABELS)}


def test_patterned_states_have_two_tones_that_differ() -> None:
    for palette in (LIGHT, DARK):
        assert all(a != b for a, b in (palette.tones(state) for state in PATTERNS))
