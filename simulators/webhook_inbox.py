# SPDX-License-Identifier: EUPL-1.2
"""A utility's inbox as a page: verified events, the newest first; it brings itself up to date."""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from simulators.days import LOCAL

STYLE = """
:root { color-scheme: light dark; --ground: #f5f6f3; --surface: #fff;
  --ink: #15211f; --soft: #51605c; --line: #dde1dc;
  --good: #1d7a45; --warn: #8f5a00; --bad: #b3261e; --link: #0b5f66; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1517; --surface: #182023;
  --ink: #edf2f1;
  --soft: #a5b3b3;
  --line: #2b373b; --good: #63cf92; --warn: #f2bf5e; --bad: #ff8a80; --link: #5cc0c4; } }
body { margin: 0 auto; padding: 24px 16px; max-width: 46rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 0; font-size: 1.0625rem; } p { margin: 4px 0 0; }
.soft, dt, summary { color: var(--soft); font-size: .875rem; }
article { margin-top: 16px; padding: 16px; background: var(--surface);
  border: 1px solid var(--line);
  border-left: 4px solid var(--soft); border-radius: 12px; }
.critical { border-left-color: var(--bad); } .warning { border-left-color: var(--warn); }
.verified { color: var(--good); white-space: nowrap; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr));
  gap: 8px 16px; margin: 12px 0; }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
a { color: var(--link); } summary { cursor: pointer; padding: 4px 0; }
pre { overflow-x: auto; font-size: .8125rem; }
"""

# Replaces what is shown only when something new has come, so that opened details stay open.
SCRIPT = """
let shown = document.querySelector("main").innerHTML;
setInterval(async () => {
  const answer = await fetch("/").catch(() => null);
  if (!answer) return;
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = told.querySelector("main").innerHTML;
  if (next !== shown) document.querySelector("main").innerHTML = shown = next;
}, 2000);
"""
_SCRIPT_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
# Only this script runs, whatever an event brings into the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; "
    f"script-src 'sha256-{_SCRIPT_DIGEST}'"
)


@dataclass(frozen=True, kw_only=True)
class Received:
    """One verified webhook."""

    webhook_id: str
    event_type: str
    content: dict[str, Any]


def inbox(received: Iterable[Received], refused: int) -> str:
    """Return the page that shows verified events, the newest first."""
    events = "".join(_event(one) for one in reversed(list(received)))
    nothing = "<article><p>Nothing has come yet.</p></article>"
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox of Sofiyska Voda</title>
<style>{STYLE}</style>
<main>
<h1>Inbox of Sofiyska Voda</h1>
<p class="soft">Each event's signature was verified; {refused} refused.
An event that comes twice is shown once.</p>
{events or nothing}
</main>
<script>{SCRIPT}</script>
</html>"""


def show(received: Received) -> str:
    """Return what a utility's clerk would read."""
    return json.dumps(received.content, ensure_ascii=False, indent=2)


def _event(one: Received) -> str:
    told = one.content["data"]
    told_at = datetime.fromisoformat(one.content["timestamp"]).astimezone(LOCAL)
    title, facts, link = one.event_type, "", ""
    if "alert_id" in told:
        kind, state = told["kind"].replace("_", " "), one.event_type.rpartition(".")[2]
        title = f"{kind.capitalize()} {state}"
        facts = "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(fact)}</dd></div>"
            for name, fact in _facts(told).items()
            if fact
        )
        link = f'<p><a href="{escape(told["links"]["app"])}">Open the evidence</a></p>'
    return f"""<article class="{escape(told.get("severity", ""))}">
<header><h2>{escape(title)}</h2><span class="verified">✓ verified</span></header>
<p class="soft">{told_at:%d.%m.%Y %H:%M:%S} · {escape(one.event_type)}</p>
<dl>{facts}</dl>{link}
<details><summary>{escape(one.webhook_id)}</summary><pre>{escape(show(one))}</pre></details>
</article>"""


def _facts(told: dict[str, Any]) -> dict[str, str]:
    cost_eur, confidence = told.get("cost_eur"), told.get("confidence")
    return {
        "Where": f"{told['premises']['name']['en']}, {told['service_point']['name']['en']}",
        "Address": told["premises"].get("address") or "",
        "Meter": "" if told["meter"] is None else told["meter"]["serial"],
        "Flow": _amount(told, {"flow_l_per_h": "l/h", "flow_w": "W"}),
        "Lost so far": _amount(told, {"volume_l": "l", "energy_wh": "Wh"}),
        "Cost so far": "" if cost_eur is None else f"{cost_eur:.2f} €",
        "Confidence": "" if confidence is None else f"{confidence} %",
    }


def _amount(told: dict[str, Any], units: dict[str, str]) -> str:
    """Return what is told of these, with its unit."""
    return ", ".join(
        f"{told[name]:,} {unit}" for name, unit in units.items() if told.get(name) is not None
    )
