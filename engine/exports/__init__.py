"""A trace in the formats of others: Chrome's trace events, CSV, a figure of Plotly's, one page of HTML.

    Extent   which part of a trace: `[t0, t1)`, and its segments in pieces
      ├─ chrome   trace events as JSON, for Perfetto's UI
      ├─ csv      the exact segments as a table
      ├─ figure   a chart, for notebooks
      └─ embedded what a page carries that has no server

Texts are told in pieces, so that what is in memory does not grow with the trace. Pure: no clock, no file, no process.
"""

from engine.exports.chrome import chrome, chrome_bytes
from engine.exports.csv import csv, csv_bytes
from engine.exports.embedded import embedded
from engine.exports.extent import ExportError, Extent
from engine.exports.figure import figure

__all__ = ["ExportError", "Extent", "chrome", "chrome_bytes", "csv", "csv_bytes", "embedded", "figure"]
