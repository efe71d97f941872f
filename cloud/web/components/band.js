// SPDX-License-Identifier: EUPL-1.2
/** Draws use and forecast over time with uPlot: a line, a dashed line, and the band it may lie in. */

import uPlot from "uplot";
import { dateText, dayOf, hourText, midnight } from "../calendar.js";
import { language } from "../language.js";

const HEIGHT = 300;
const MANY = 400; // slots among which dashes would be noise
const LABEL_SPACE = 62; // px a date under the axis needs

function palette(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    used: of("--ink"), forecast: of("--utility"), ink: of("--ink-soft"), line: of("--line"),
    ahead: of("--surface-sunk"), limit: of("--bad"),
  };
}

/** The colour at a share of its strength, for the canvas. */
function faint(color, share) {
  return `color-mix(in srgb, ${color} ${share * 100}%, transparent)`;
}

/** Return a plot of `slots` in `element`; `limits` are amounts, `nowMs` where ahead begins, named `nowText`. */
export function drawBand(element, { slots, areDays, figureOf, limits, nowMs, nowText, onPoint, selected }) {
  const colors = palette(element);
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: colors.ink, font, ticks: { show: false } };
  const line = (stroke, more) => ({ stroke, width: 2, points: { show: false }, spanGaps: false, ...more });
  // a day is level from its start to its end, an hour a point on the way
  const each = areDays ? 2 : 1;
  const data = [
    slots.flatMap(({ start, end }) => (areDays ? [start, end - 1] : [start])),
    ...["high", "low", "mid", "used"].map((name) => slots.flatMap((slot) => Array(each).fill(slot[name] ?? null))),
  ];
  return new uPlot({
    width: element.clientWidth,
    height: HEIGHT,
    padding: [20, 8, 0, 0],
    legend: { show: false },
    cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: {
      x: { time: false },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 1, 1e-9, ...limits) * 1.06] },
    },
    axes: [
      {
        ...axis, size: 30, gap: 6, grid: { stroke: colors.line, width: 1 },
        splits: () => splitsOf(slots, element.clientWidth),
        values: (_, splits) => splits.map(labelOf),
      },
      { ...axis, size: 52, grid: { stroke: colors.line, width: 1 }, values: (_, splits) => splits.map(figureOf) },
    ],
    bands: [{ series: [1, 2], fill: faint(colors.forecast, 0.2) }],
    series: [
      {},
      line(faint(colors.forecast, 0.35), { width: 1 }),
      line(faint(colors.forecast, 0.35), { width: 1 }),
      line(colors.forecast, slots.length > MANY ? { width: 1.5 } : { dash: [6, 4] }),
      line(colors.used, { width: 2.25 }),
    ],
    hooks: {
      drawClear: [(self) => shadeAhead(self, nowMs, colors.ahead)],
      draw: [(self) => {
        markNow(self, nowMs, nowText, colors, font);
        for (const limit of limits) across(self, self.valToPos(limit, "y", true), colors.limit);
        const slot = slots[selected()];
        if (slot) upright(self, self.valToPos(areDays ? (slot.start + slot.end) / 2 : slot.start, "x", true), colors.ink);
      }],
      setCursor: [(self) => onPoint(self.cursor.idx == null ? null : Math.floor(self.cursor.idx / each))],
    },
  }, data, element);
}

/** Local midnights, as many as have room; over few days also noons. */
function splitsOf(slots, width) {
  const days = [...new Set(slots.map((slot) => dayOf(slot.start)))].map(midnight).filter((at) => at >= slots[0].start);
  const fits = Math.max(2, Math.floor((width - 60) / LABEL_SPACE));
  const every = [1, 2, 3, 4, 7, 14].find((step) => days.length / step <= fits) ?? days.length;
  return days.filter((_, at) => at % every === 0);
}

const labelOf = (at) => (hourText(at) === "00:00"
  ? dateText(at, language(), { day: "numeric", month: "short" }).replace(/\sг\.?$/, "") : hourText(at));

function shadeAhead(plot, nowMs, color) {
  const { left, top, width, height } = plot.bbox;
  const from = Math.max(left, plot.valToPos(nowMs, "x", true));
  if (from >= left + width) return;
  plot.ctx.save();
  plot.ctx.globalAlpha = 0.6;
  plot.ctx.fillStyle = color;
  plot.ctx.fillRect(from, top, left + width - from, height);
  plot.ctx.restore();
}

/** A line where what was used ends and what is only expected begins, with its name above it. */
function markNow(plot, nowMs, text, colors, font) {
  const { left, top, width } = plot.bbox;
  const x = plot.valToPos(nowMs, "x", true);
  if (x < left || x > left + width) return;
  upright(plot, x, colors.ink, [2, 3]);
  const { ctx } = plot;
  ctx.save();
  ctx.font = font.replace(/^\d+/, (px) => px * devicePixelRatio);
  ctx.fillStyle = colors.used;
  ctx.textAlign = x > left + width * 0.9 ? "right" : x < left + width * 0.1 ? "left" : "center";
  ctx.textBaseline = "bottom";
  ctx.fillText(text, x, top - 3 * devicePixelRatio);
  ctx.restore();
}

function across(plot, y, color) {
  const { left, width } = plot.bbox;
  stroke(plot, color, [left, y], [left + width, y], [4, 4]);
}

function upright(plot, x, color, dash = []) {
  const { top, height } = plot.bbox;
  stroke(plot, color, [x, top], [x, top + height], dash);
}

function stroke(plot, color, from, to, dash) {
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.restore();
}
