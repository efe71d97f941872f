# SPDX-License-Identifier: EUPL-1.2
"""Ten years of hours on a phone: drawn and panned in Chromium, slowed down 4 times."""

import asyncio
import time
from statistics import median

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.benchmark.figures import Figure, Figures
from tests.e2e.app_page import open_building, opened, show_period
from tests.e2e.conftest import FLAGS
from tests.fakes.fake_cloud_api import FakeCloud
from tests.needs import program

SLOWER = 4
DRAWN = 5  # times, each in a new page
PAN_S = 3.0
STEP_S = 0.016
PATIENCE_MS = 60_000
ZOOMS = (1, 3, 4)  # clicks before each pan: five years, seven months, two weeks of the ten years

# From the last byte of the answer to the first picture: reading JSON is in it, waiting isn't.
DRAW_MS = """() => {
  const [answer] = performance.getEntriesByType("resource")
    .filter((one) => one.name.includes("/usage/columns"));
  const [drawn] = performance.getEntriesByName("iskar-long-chart-drawn");
  return drawn.startTime - answer.responseEnd;
}"""
WATCH = """() => {
  window.tasks = [];
  window.frames = 0;
  window.began = performance.now();
  window.watching = new PerformanceObserver((list) =>
    window.tasks.push(...list.getEntries().map((one) => one.duration)));
  window.watching.observe({type: "longtask"});
  const frame = () => { window.frames += 1; window.counting = requestAnimationFrame(frame); };
  frame();
}"""
TOLD = """() => {
  window.tasks.push(...window.watching.takeRecords().map((one) => one.duration));
  window.watching.disconnect();
  cancelAnimationFrame(window.counting);
  return [Math.max(0, ...window.tasks), window.frames,
    window.frames / (performance.now() - window.began) * 1000];
}"""


async def measure() -> Figures:
    """Draw and pan in a browser of its own."""
    return await asyncio.to_thread(_measure)


def _measure() -> Figures:
    draws: list[float] = []
    tasks: list[float] = []
    frames: list[float] = []
    busy: list[float] = []
    hours = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(FLAGS))
        for _ in range(DRAWN):
            with opened(browser, FakeCloud()) as page:
                _show(page)
                draws.append(page.evaluate(DRAW_MS))
                hours = int(page.get_attribute(".long-chart", "data-hours") or 0)
        with opened(browser, FakeCloud()) as page:
            _show(page)
            for clicks in ZOOMS:
                for _ in range(clicks):
                    page.locator(".long-bar .round").last.click()
                page.wait_for_timeout(1000)
                longest, seen, busy_ms = _pan(page)
                tasks.append(longest)
                frames.append(seen)
                busy.append(busy_ms)
        browser.close()
    return [
        Figure("app_chart_hours", hours, "of one utility, ten years"),
        Figure("app_chart_draw_ms", median(draws), "answer to picture, median; under 300"),
        Figure("app_chart_draw_worst_ms", max(draws), f"the slowest of {DRAWN}"),
        Figure("app_chart_pan_longest_task_ms", max(tasks), "0: none over 50; under 100"),
        Figure("app_chart_pan_frames_per_s", min(frames), "at the slowest of three zooms"),
        Figure("app_chart_frame_ms", max(busy), "of the page's thread for a frame of a pan"),
    ]


def _show(page: Page) -> None:
    """Slow the processor down and open the chart over years."""
    page.set_default_timeout(PATIENCE_MS)
    open_building(page)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    show_period(page, "years")
    page.wait_for_timeout(500)


def _busy_ms(session: CDPSession) -> float:
    """Return how long the page's thread was busy so far, without what others took from it."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")


def _pan(page: Page) -> tuple[float, float, float]:
    """Drag to and fro.

    Returns the longest long task in ms (0: none), the frames of a second, and the ms of each.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    plot = page.locator(".long-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    if box is None:
        raise RuntimeError("The chart isn't on the page.")
    left, right, y = box["x"] + 90, box["x"] + box["width"] - 20, box["y"] + 100
    page.mouse.move(left, y)
    page.mouse.down()
    page.evaluate(WATCH)
    before_ms = _busy_ms(session)
    began = time.monotonic()
    while (passed_s := time.monotonic() - began) < PAN_S:
        page.mouse.move(right + (left - right) * abs(passed_s % 2 - 1), y)
        page.wait_for_timeout(STEP_S * 1000)
    busy_ms = _busy_ms(session) - before_ms
    longest, frames, per_s = page.evaluate(TOLD)
    page.mouse.up()
    return longest, per_s, busy_ms / max(1, frames)
