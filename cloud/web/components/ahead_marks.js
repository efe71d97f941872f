// SPDX-License-Identifier: EUPL-1.2
/** Draws what is expected: of slots to come a dashed bar, of those that have begun a ring, with the range as a line through either. */

const WIDEST = 44; // as the bars of use, see bars.js
const SHARE = 0.74;
const RING = 2.75;

/** Draw onto a plot of bars, over what was used. */
export function drawAhead(plot, filled) {
  const { ctx, bbox } = plot;
  const px = devicePixelRatio;
  const style = getComputedStyle(plot.root);
  const [utility, ink, ground] = ["--utility", "--ink", "--surface"].map((name) => style.getPropertyValue(name).trim());
  const slotWidth = bbox.width / filled.length;
  const wide = Math.min(slotWidth * SHARE, WIDEST * px);
  const y = (amount) => plot.valToPos(amount, "y", true);
  ctx.save();
  filled.forEach(({ ahead }, at) => {
    if (!ahead) return;
    const middle = bbox.left + (at + 0.5) * slotWidth;
    if (!ahead.hasBegun) {
      ctx.strokeStyle = utility;
      ctx.lineWidth = 1.25 * px;
      ctx.setLineDash([3 * px, 2.5 * px]);
      ctx.strokeRect(middle - wide / 2, y(ahead.mid), wide, y(0) - y(ahead.mid));
      ctx.setLineDash([]);
    }
    const cap = Math.min(wide * 0.3, 4 * px);
    for (const [color, width] of [[ground, 3.5 * px], [ink, 1.25 * px]]) { // the pale edge tells it from the bar behind
      ctx.strokeStyle = color;
      ctx.lineWidth = width;
      ctx.beginPath();
      ctx.moveTo(middle, y(ahead.low));
      ctx.lineTo(middle, y(ahead.high));
      for (const end of [ahead.low, ahead.high]) {
        ctx.moveTo(middle - cap, y(end));
        ctx.lineTo(middle + cap, y(end));
      }
      ctx.stroke();
    }
    if (!ahead.hasBegun) return;
    ctx.fillStyle = ground;
    ctx.beginPath();
    ctx.arc(middle, y(ahead.mid), Math.min(RING * px, slotWidth / 3), 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  });
  ctx.restore();
}
