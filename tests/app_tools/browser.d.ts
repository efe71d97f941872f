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
}
interface SubmitEvent {
  target: any;
}

/** A planned view has its line in routes.js before its module. Other imports that lead nowhere are refused by release.py. */
declare module "*.js";
