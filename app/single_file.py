"""A trace as one page of HTML that needs neither server nor network: opened from disk, it shows the timeline and zooms.

    <meta Content-Security-Policy>     nothing may be asked of anybody; of scripts only those that are in the file, by their hashes
    styles                             our stylesheets, one after the other
    boot                               the trace object, and its exact segments (`engine.exports.embedded`)
    plotly.js                          the file that the plotly package carries
    import map                         our modules: each a `data:` address under a name of its own
    one import                         pages/file.js

Modules keep their text but for the names that they import each other by: inside a `data:` address nothing is beside anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from app import assets
from app.modules import IMPORT, closure, target
from app.rendering import environment, json_script
from engine.exports import Extent, embedded
from engine.views import ViewIndex

ENTRY = "pages/file.js"
STYLES = ("tokens", "base", "controls", "trace", "timeline", "panels", "print")
_POLICY = (
    "default-src 'none'; script-src {hashes} data:; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def single_file(extent: Extent, trace: dict[str, Any], window: dict[str, int] | None = None, index: ViewIndex | None = None) -> str:
    """The page. `trace`: the trace object; `window`: `{"t0", "t1"}` in ns to begin with, None for all; `index`: see `embedded`."""
    record = embedded(extent, index)
    scripts, policy = _scripts()
    return (
        environment(assets.templates_directory())
        .get_template("file.html")
        .render(
            policy=policy,
            styles=Markup(_styles()),
            scripts=scripts,
            boot=json_script({"page": "file", "trace": trace, "record": record, "window": window}),
            trace=trace,
            title=trace["label"] or trace["title"],
            version=assets.version(),
            saved=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )


@lru_cache(maxsize=1)
def _styles() -> str:
    parts = []
    for name in STYLES:
        text = (assets.static_directory() / "css" / f"{name}.css").read_text()
        parts.append(f"@media print {{\n{text}\n}}" if name == "print" else text)
    return "\n".join(parts)


@lru_cache(maxsize=1)
def _scripts() -> tuple[Markup, str]:
    """The elements, and the policy that admits them and nothing else."""
    addresses = {_named(path): _address(text) for path, text in modules().items()}
    bodies = (
        ("", _unended(assets.plotly_js().plain.decode())),
        ("importmap", json.dumps({"imports": addresses}, separators=(",", ":"))),
        ("module", f'import "{_named(ENTRY)}";'),
    )
    elements = [f'<script type="{kind}">{body}</script>' if kind else f"<script>{body}</script>" for kind, body in bodies]
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" for _, body in bodies)
    return Markup("\n".join(elements)), _POLICY.format(hashes=hashes)


def modules() -> dict[str, str]:
    """The modules that the entry needs, by their paths below `static/js`; in their texts each import has the name it has in the file."""
    return {path: _renamed(text, path) for path, text in closure(ENTRY).items()}


def _renamed(text: str, path: str) -> str:
    return IMPORT.sub(lambda match: f'{match[1]}"{_named(target(path, match[2]))}"', text)


def _named(path: str) -> str:
    return f"gilscope/{path}"


def _address(text: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()


def _unended(script: str) -> str:
    """Nothing in it ends the element that it stands in: in strings `\\/` is `/`."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
