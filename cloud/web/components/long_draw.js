// SPDX-License-Identifier: EUPL-1.2
/** Draws years of use on a canvas: the range of each cell, its mean, and what is estimated or missing of it. */

import uPlot from "uplot";
import { dateText, dayOf, hourText, midnight, monthsOf, offsetText } from "../calendar.js";
import { BY_DAY, ESTIMATED, HOUR_S, levelFor, MISSING } from "../long_usage.js";
import { hatching, palette } from "./bars.js";

const HEIGHT = 260;
const CELL = 1.5; // css px a cell needs at least
const LANE = 6; // css px of the lanes at the bottom, which tell what a coarse cell would hide
const LABEL = 74; // css px a label on the time axis needs
const DAY_S = 86_400;

/** Return a plot of `laid` in `element`; `setScale("x", …)` moves it. `exchanges` are instants in s. */
export function drawLong(element, { laid, from, to, exchanges, figureOf, unit, language }) {
  const colors = palette(element);
  const hatches = { estimated: hatching(colors.bar, colors.bar), missing: hatching(colors.hatch, null) };
  const axis = { stroke: colors.ink, font: `12px ${getComputedStyle(element).fontFamily}`, ticks: { show: false } };
  return new uPlot({
    width: element.clientWidth,
    height: HEIGHT,
    padding: [12, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, min: from, max: to, auto: false }, y: { auto: false, range: (_, low, high) => [low ?? 0, high ?? 1] } },
    axes: [
      {
        ...axis, size: 28, gap: 6, grid: { show: true, stroke: colors.line, width: 1 },
        splits: (plot, _, min, max) => ticks(min, max, plot.width / LABEL),
        values: (_, splits) => tickTexts(splits, language),
      },
      { ...axis, size: 62, grid: { stroke: colors.line, width: 1 }, values: (_, splits) => splits.map((at, place) => (place === splits.length - 1 ? `${figureOf(at)} ${unit}` : figureOf(at))) },
    ],
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    hooks: { draw: [(plot) => drawCells(plot, laid, exchanges, colors, hatches)] },
  }, [[from, to], [null, null]], element);
}

/** The highest use per hour between two instants. */
export function highest(laid, fromS, toS, cells) {
  const { perCell, high } = levelFor(laid, fromS, toS, cells);
  const [first, last] = range(laid, perCell, high.length, fromS, toS);
  let most = 0;
  for (let at = first; at <= last; at += 1) if (high[at] > most) most = high[at];
  return most || 1;
}

function range(laid, perCell, cells, fromS, toS) {
  const cellS = perCell * HOUR_S;
  return [Math.max(0, Math.floor((fromS - laid.startS) / cellS)), Math.min(cells - 1, Math.floor((toS - laid.startS) / cellS))];
}

function drawCells(plot, laid, exchanges, colors, hatches) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  const cells = levelFor(laid, min, max, bbox.width / devicePixelRatio / CELL);
  const [first, last] = range(laid, cells.perCell, cells.low.length, min, max);
  const width = cells.perCell * HOUR_S / (max - min) * bbox.width;
  const left = bbox.left + (laid.startS - min) / (max - min) * bbox.width;
  const bottom = bbox.top + bbox.height;
  const tall = bbox.height / plot.scales.y.max;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const area = (style, alpha, wanted, top, height) => {
    ctx.beginPath();
    for (let at = first; at <= last; at += 1) {
      if (wanted(at)) ctx.rect(left + at * width, top(at), Math.max(width, 1), height(at));
    }
    ctx.globalAlpha = alpha;
    ctx.fillStyle = style;
    ctx.fill();
    ctx.globalAlpha = 1;
  };
  const lane = LANE * devicePixelRatio;
  const isGap = (at) => cells.count[at] === 0 && (cells.flags[at] & MISSING) !== 0;
  const isEstimated = (at) => (cells.flags[at] & ESTIMATED) !== 0;
  const mean = (at) => cells.sum[at] / cells.count[at] * tall;
  area(hatches.missing, 1, isGap, () => bbox.top, () => bbox.height);
  if (cells.perCell === 1) {
    const solid = (at) => cells.count[at] > 0 && !isEstimated(at);
    area(colors.bar, 1, (at) => solid(at) && !(cells.flags[at] & BY_DAY), (at) => bottom - mean(at), mean);
    area(colors.bar, 0.45, (at) => solid(at) && (cells.flags[at] & BY_DAY) !== 0, (at) => bottom - mean(at), mean);
    area(hatches.estimated, 1, isEstimated, (at) => bottom - mean(at), mean);
  } else {
    const isKnown = (at) => cells.count[at] > 0;
    area(colors.bar, 0.35, isKnown, (at) => bottom - cells.high[at] * tall, (at) => Math.max(1, (cells.high[at] - cells.low[at]) * tall));
    ctx.beginPath();
    for (let at = first; at <= last; at += 1) {
      if (!isKnown(at)) continue;
      if (at === first || !isKnown(at - 1)) ctx.moveTo(left + at * width, bottom - mean(at));
      ctx.lineTo(left + (at + 0.5) * width, bottom - mean(at));
      if (!isKnown(at + 1)) ctx.lineTo(left + (at + 1) * width, bottom - mean(at));
    }
    ctx.strokeStyle = colors.bar;
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.stroke();
    area(hatches.estimated, 1, isEstimated, () => bottom - 2 * lane, () => lane);
  }
  area(colors.hatch, 1, (at) => (cells.flags[at] & MISSING) !== 0, () => bottom - lane, () => lane);
  ctx.fillStyle = colors.ink;
  for (const at of exchanges) {
    if (at < min || at > max) continue;
    const x = bbox.left + (at - min) / (max - min) * bbox.width;
    for (let y = bbox.top; y < bottom; y += 6 * devicePixelRatio) ctx.fillRect(x, y, 1.5 * devicePixelRatio, 3 * devicePixelRatio);
  }
  ctx.restore();
}

/** Instants to label, the same ones wherever the window is: years, months, days or hours, about `fits` of them. */
function ticks(min, max, fits) {
  const span = max - min;
  const isSeen = (at) => at >= min && at <= max;
  const years = [];
  for (let year = utcYear(min) - 1; year <= utcYear(max) + 1; year += 1) years.push(year);
  if (span > 500 * DAY_S) {
    const step = Math.ceil(span / (365 * DAY_S) / fits);
    return years.filter((year) => year % step === 0).map(newYear).filter(isSeen);
  }
  if (span > 45 * DAY_S) {
    const step = [1, 2, 3, 6, 12].find((size) => span / (30 * DAY_S) / size <= fits) ?? 12;
    return years.flatMap((year) => monthsIn(year).filter((_, at) => at % step === 0)).filter(isSeen);
  }
  const step = [1, 3, 6, 12, 24, 48, 168, 336].find((hours) => span / HOUR_S / hours <= fits) ?? 336;
  const found = [];
  for (let day = Math.floor(min / DAY_S) - 1; day <= max / DAY_S + 1; day += 1) {
    if (step > 24 && day % (step / 24) !== 0) continue;
    const end = step < 24 ? midnightOf(day + 1) : midnightOf(day) + 1;
    for (let at = midnightOf(day); at < end; at += step * HOUR_S) found.push(at);
  }
  return found.filter(isSeen);
}

/** Keep what `make` gives: dates are dear to make, and asked for at every frame. */
function once(make) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key);
  };
}

const utcYear = (atS) => new Date(atS * 1000).getUTCFullYear();
const newYear = once((year) => midnight(`${year}-01-01`) / 1000);
const monthsIn = once((year) => monthsOf(year).map(({ start }) => start / 1000));
const midnightOf = once((day) => midnight(new Date(day * DAY_S * 1000).toISOString().slice(0, 10)) / 1000);
const yearOf = (atS) => Number(dayOf(atS * 1000).slice(0, 4));

const TEXTS = new Map(); // a label is the same at every frame, and dear to make
const MOST_TEXTS = 2000;

function tickTexts(splits, language) {
  const apart = splits.length > 1 ? splits[1] - splits[0] : 30 * DAY_S;
  const kind = apart > 300 * DAY_S ? "year" : apart > 25 * DAY_S ? "month" : apart > 0.9 * DAY_S ? "day" : "hour";
  if (TEXTS.size > MOST_TEXTS) TEXTS.clear();
  return splits.map((at) => {
    const key = `${kind}/${language}/${at}`;
    if (!TEXTS.has(key)) TEXTS.set(key, tickText(at, kind, language));
    return TEXTS.get(key);
  });
}

function tickText(at, kind, language) {
  const hour = hourText(at * 1000);
  if (kind === "year") return String(yearOf(at));
  if (kind === "month") return dateText(at * 1000, language, { month: "short", year: "2-digit" });
  if (kind === "day" || hour === "00:00") return dateText(at * 1000, language, { day: "numeric", month: "short" });
  return isTwice(at) ? `${hour} ${offsetText(at * 1000)}` : hour;
}

/** Whether an hour's name comes twice in its night. */
const isTwice = (at) => [-HOUR_S, HOUR_S].some((by) => hourText(at * 1000) === hourText((at + by) * 1000));
