// SPDX-License-Identifier: EUPL-1.2
/** Moves a window over years: drag, pinch, wheel and keys, one redraw for each frame at most. */

const STEP = 0.2; // of the window an arrow key goes
const ZOOM = 1.6;
const LEAST_S = 12 * 3600;
const SETTLED_MS = 200;

export class Moves {
  #bounds = [0, 1];
  #from = 0;
  #to = 1;
  #pointers = new Map(); // id: x
  #frame = 0;
  #timer;
  #onFrame;
  #onSettled;

  /** `onFrame(from, to)` redraws; `onSettled()` comes once nothing has moved for a moment. */
  constructor(onFrame, onSettled) {
    this.#onFrame = onFrame;
    this.#onSettled = onSettled;
  }

  get window() {
    return [this.#from, this.#to];
  }

  get isWhole() {
    return this.#from === this.#bounds[0] && this.#to === this.#bounds[1];
  }

  /** Set how far one can go, in s; the window stays if it still can. */
  setBounds(from, to) {
    const wasWhole = this.isWhole;
    this.#bounds = [from, to];
    if (wasWhole) [this.#from, this.#to] = this.#bounds;
    else this.#show(this.#from, this.#to);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
  }

  showAll() {
    this.#show(...this.#bounds);
  }

  /** Make the window `by` times smaller about `share` of it. */
  zoom(by, share = 0.5) {
    const width = this.#to - this.#from;
    const fixed = this.#from + width * share;
    const next = Math.max(LEAST_S, Math.min(this.#bounds[1] - this.#bounds[0], width / by));
    this.#show(fixed - next * share, fixed + next * (1 - share));
  }

  /** Go on by a share of the window. */
  pan(share) {
    const by = (this.#to - this.#from) * share;
    this.#show(this.#from + by, this.#to + by);
  }

  onKey = (event) => {
    const act = {
      ArrowLeft: () => this.pan(-STEP), ArrowRight: () => this.pan(STEP),
      PageUp: () => this.pan(-1), PageDown: () => this.pan(1),
      "+": () => this.zoom(ZOOM), "=": () => this.zoom(ZOOM), "-": () => this.zoom(1 / ZOOM),
      Home: () => this.pan(-Infinity), End: () => this.pan(Infinity), 0: () => this.showAll(),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };

  /** A wheel zooms with Ctrl, as a pinched touchpad does, or once the chart was chosen; else the page scrolls. */
  onWheel = (event) => {
    const isChosen = document.activeElement === event.currentTarget;
    if (!event.ctrlKey && !isChosen) return;
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / box.width);
    else this.zoom(Math.exp(-event.deltaY / 300), (event.clientX - box.left) / box.width);
  };

  onDown = (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event.clientX);
  };

  onMove = (event) => {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const box = event.currentTarget.getBoundingClientRect();
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, event.clientX);
    if (other === undefined) return this.pan((before - event.clientX) / box.width);
    const [was, is] = [Math.abs(before - other), Math.abs(event.clientX - other)];
    if (was > 8 && is > 8) this.zoom(is / was, ((event.clientX + other) / 2 - box.left) / box.width);
  };

  onUp = (event) => {
    this.#pointers.delete(event.pointerId);
  };

  #show(from, to) {
    const [first, last] = this.#bounds;
    const width = Math.min(to - from, last - first) || this.#to - this.#from;
    const begin = Number.isFinite(from) ? from : from < 0 ? first : last - width;
    this.#from = Math.max(first, Math.min(begin, last - width));
    this.#to = this.#from + width;
    if (!this.#frame) this.#frame = requestAnimationFrame(this.#redraw);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onSettled, SETTLED_MS);
  }

  #redraw = () => {
    this.#frame = 0;
    this.#onFrame(this.#from, this.#to);
  };
}
