// SPDX-License-Identifier: EUPL-1.2
/** Line icons on a 24 px grid; they only accompany words, so they are hidden from screen readers. */

import { html, svg } from "lit";

const PATHS = {
  water: svg`<path d="M12 3c3.6 4.6 6 7.6 6 11a6 6 0 0 1-12 0c0-3.4 2.4-6.4 6-11z"/>`,
  gas: svg`<path d="M12 3c.6 3.6 5.5 5.6 5.5 11a5.5 5.5 0 0 1-11 0c0-2.4 1.2-3.9 2.5-5.2.3 1.7.9 2.5 1.7 3C10.4 8.6 10.7 5.5 12 3z"/>`,
  electricity: svg`<path d="M13 3 5.5 13.5H11L10 21l7.5-10.5H12z"/>`,
  heat: svg`<path d="M5 7v11M9.7 7v11M14.3 7v11M19 7v11M5 9.5h14M5 15.5h14"/>`,
  production: svg`<path d="M3 20V10l5.5 3.5V10l5.5 3.5V4h4l1 16zM7.5 16.5h1M12 16.5h1"/>`,
  administrative: svg`<path d="M6 20V4h12v16M4 20h16M9.5 8h1M13.5 8h1M9.5 12h1M13.5 12h1M10.5 20v-4h3v4"/>`,
  residential: svg`<path d="M4 11.5 12 5l8 6.5M6 10v10h12V10M10 20v-5.5h4V20"/>`,
  commercial: svg`<path d="M5 10v10h14V10M4 10l1.5-6h13L20 10M4 10c0 2 3.5 2 4 0 .5 2 3.5 2 4 0 .5 2 3.5 2 4 0 .5 2 4 2 4 0M10 20v-5h4v5"/>`,
  school: svg`<path d="m12 5 9.5 4.5L12 14 2.5 9.5zM6.5 11.5V17c1.5 1.3 3.4 2 5.5 2s4-.7 5.5-2v-5.5M21 10v5"/>`,
  other_kind: svg`<path d="M6 20V4h12v16M4 20h16"/>`,
  weather: svg`<path d="M7.5 18.5h9.2a3.8 3.8 0 0 0 .5-7.6 5.6 5.6 0 0 0-10.8 1.2 3.3 3.3 0 0 0 1.1 6.4z"/>`,
  alert: svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  left: svg`<path d="m14.5 5.5-6.5 6.5 6.5 6.5"/>`,
  right: svg`<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>`,
  plus: svg`<path d="M12 5.5v13M5.5 12h13"/>`,
  minus: svg`<path d="M5.5 12h13"/>`,
  person: svg`<path d="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6"/>`,
  forecast: svg`<path d="M4 4.5V20h16M7.5 15.5l3.5-4 3 2.5 5.5-7"/>`,
  stack: svg`<path d="m12 4 8 4-8 4-8-4zM4 12l8 4 8-4M4 16l8 4 8-4"/>`,
  down: svg`<path d="M12 4v11M7 10.5l5 5 5-5M5 20h14"/>`,
  leave: svg`<path d="M14 4H6v16h8M10.5 12H21M17.5 8.5 21 12l-3.5 3.5"/>`,
};

export const icon = (name) => html`
  <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${PATHS[name]}</svg>`;

export const mark = () => html`
  <svg class="mark" viewBox="0 0 512 512" aria-hidden="true">
    <rect class="mark-ground" width="512" height="512" rx="116"/>
    <path class="mark-drop" d="M256 84c62 82 108 140 108 204a108 108 0 0 1-216 0c0-64 46-122 108-204z"/>
    <g class="mark-waves" fill="none" stroke-width="22" stroke-linecap="round">
      <path d="M186 268c24-20 46-20 70 0s46 20 70 0"/>
      <path d="M192 326c22-18 42-18 64 0s42 18 64 0" stroke-opacity=".6"/>
    </g>
  </svg>`;
