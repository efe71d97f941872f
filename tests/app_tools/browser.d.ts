// SPDX-License-Identifier: EUPL-1.2
// What the app takes for granted of a browser, beside TypeScript's own description.

/** What a view looks for is what its own render put there. */
interface ParentNode {
  querySelector(selectors: string): any;
}
interface Document {
  getElementById(id: string): any;
}
/** Our forms hold no files. */
interface FormData {
  get(name: string): string;
}
/** None of our images is too broken to repeat. */
interface CanvasRenderingContext2D {
  createPattern(image: CanvasImageSource, repetition: string): CanvasPattern;
}
/** Chromium only. */
interface Navigator {
  connection?: { saveData: boolean };
  /** iPhones and iPads only. */
  standalone?: boolean;
}
/** Not in Safari. */
declare var scheduler: { yield?: () => Promise<void> } | undefined;
interface SubmitEvent {
  target: any;
}

/** Our own elements that are made by name, and the events that the app itself hears. */
interface HTMLElementTagNameMap {
  "iskar-view": import("../../cloud/web/components/view.js").View;
  "iskar-step-up": import("../../cloud/web/components/step_up_dialog.js").StepUp;
}
interface HTMLElementEventMap {
  "signed-in": CustomEvent;
}

/** A planned view has its line in routes.js before its module. Other imports that lead nowhere are refused by release.py. */
declare module "*.js";
