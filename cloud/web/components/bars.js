// SPDX-License-Identifier: EUPL-1.2
/** Draws filled slots as bars with uPlot: measured solid, estimated hatched, missing as an empty band. */

import uPlot from "uplot";
import { ESTIMATED, KNOWN, MISSING, RUNNING } from "../usage.js";

const HEIGHT = 220;
const LABEL_SPACE = 34; // px a label on the x axis needs

/** Colours of the page as it looks now, for the canvas. */
export function palette(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return { bar: of("--utility"), ink: of("--ink-soft"), line: of("--line"), band: of("--band"), hatch: of("--hatch") };
}

/** A pattern of slanted lines, over a pale ground if there is one. */
export function hatching(color, ground) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  if (ground) {
    pen.globalAlpha = 0.28;
    pen.fillStyle = ground;
    pen.fillRect(0, 0, 8, 8);
    pen.globalAlpha = 1;
  }
  pen.strokeStyle = color;
  pen.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift, 8);
    pen.lineTo(shift + 8, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

/** Return a plot in `element`: bars of `filled`, `labels` one per slot, y in `figureOf(amount)` and `unit`. */
export function drawBars(element, { filled, labels, figureOf, unit, onPoint, selected, ahead }) {
  const colors = palette(element);
  const estimated = hatching(colors.bar, colors.bar);
  const missing = hatching(colors.hatch, null);
  const every = labelStep(element.clientWidth, filled.length);
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const amounts = (...states) => filled.map((slot) => (states.includes(slot.state) ? slot.usage : null));
  const besides = Math.max(ahead?.highest ?? 0, ...filled.map((slot) => slot.then ?? 0));
  const bars = uPlot.paths.bars?.({ size: [0.74, 44], radius: 0.18 });
  const axis = { stroke: colors.ink, font, ticks: { show: false } };
  const plot = new uPlot({
    width: element.clientWidth,
    height: HEIGHT,
    padding: [10, 4, 0, 0],
    legend: { show: false },
    cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: {
      x: { time: false, range: () => [-0.5, filled.length - 0.5] },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 0, besides) * 1.08 || 1] },
    },
    axes: [
      {
        ...axis, size: 28, gap: 6, grid: { show: false },
        splits: () => labels.map((_, at) => at).filter((at) => at % every === 0),
        values: (_, splits) => splits.map((at) => labels[at]),
      },
      { ...axis, size: 62, grid: { stroke: colors.line, width: 1 }, values: (_, splits) => withUnit(splits.map(figureOf), unit) },
    ],
    series: [
      {},
      { fill: colors.bar, width: 0, paths: bars, points: { show: false } },
      { fill: () => estimated, stroke: colors.bar, width: 1, paths: bars, points: { show: false } },
    ],
    hooks: {
      drawClear: [(self) => drawBands(self, filled, colors.band, missing, selected())],
      draw: [(self) => drawMarks(self, filled, colors), (self) => ahead?.draw(self, filled)],
      setCursor: [(self) => onPoint(self.cursor.idx)],
    },
  }, [filled.map((_, at) => at), amounts(KNOWN, RUNNING), amounts(ESTIMATED)], element);
  return plot;
}

/** The unit goes with the highest figure alone. */
const withUnit = (figures, unit) => figures.with(-1, `${figures.at(-1)} ${unit}`);

function labelStep(width, count) {
  const fits = Math.max(1, Math.floor((width - 66) / LABEL_SPACE));
  return [1, 2, 3, 4, 6, 12].find((step) => Math.ceil(count / step) <= fits) ?? count;
}

function drawBands(plot, filled, band, missing, selected) {
  const { left, top, width, height } = plot.bbox;
  const slotWidth = width / filled.length;
  filled.forEach((slot, at) => {
    if (slot.state !== MISSING && at !== selected) return;
    plot.ctx.fillStyle = at === selected ? band : missing;
    plot.ctx.fillRect(left + at * slotWidth, top, slotWidth, height);
  });
}

/** A year ago as a dash over each bar; a dotted line where a meter was exchanged. */
function drawMarks(plot, filled, colors) {
  const { left, top, width, height } = plot.bbox;
  const { ctx } = plot;
  const slotWidth = width / filled.length;
  const thick = 2 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colors.ink;
  filled.forEach((slot, at) => {
    const x = left + at * slotWidth;
    if ((slot.then ?? null) !== null) ctx.fillRect(x + slotWidth * 0.1, plot.valToPos(slot.then, "y", true) - thick / 2, slotWidth * 0.8, thick);
    if (!slot.exchanges?.length) return;
    for (let y = top; y < top + height; y += 3 * thick) ctx.fillRect(x + slotWidth / 2, y, thick, 1.5 * thick);
  });
  ctx.restore();
}
