// SPDX-License-Identifier: EUPL-1.2
// Before the first paint, so before any module: the theme that this phone chose, or the phone's own; and a word
// in place of the app where its modules don't come, as when the server goes away or changes in their middle.
{
  let chosen = null;
  try {
    chosen = JSON.parse(localStorage.getItem("iskar/theme") ?? "null")?.content;
  } catch {
    // no storage, no choice
  }
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}
{
  const LATE_MS = 30_000; // a slow line is done by then
  const ASK_AGAIN_MS = 5000;
  const REOPENED = "iskar/reopened";
  const REOPEN_EVERY_MS = 60_000; // a release that can't open at all must not open without end
  let isTold = false;

  const isOpen = () => Boolean(customElements.get("iskar-app"));
  const tell = () => {
    if (isOpen()) return;
    document.getElementById("not-opened").hidden = false;
    document.querySelector("#not-opened button").onclick = () => location.reload();
  };

  /** Open the page anew once the server answers, unless it has opened after all, and with its styles. */
  const reopen = async () => {
    if (isOpen() && document.styleSheets.length) return;
    try {
      const before = Number(sessionStorage.getItem(REOPENED));
      const answer = await fetch("/sw.js", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(ASK_AGAIN_MS) });
      if (answer.ok && Date.now() - before > REOPEN_EVERY_MS) {
        sessionStorage.setItem(REOPENED, String(Date.now()));
        location.reload();
        return;
      }
    } catch (error) {
      console.info("The server is away:", error.message);
    }
    setTimeout(reopen, ASK_AGAIN_MS);
  };

  const onError = ({ target }) => {
    if (isTold || (target instanceof HTMLLinkElement && target.rel !== "stylesheet")) return; // what is only loaded ahead is asked for again
    isTold = true;
    const act = () => {
      tell();
      reopen();
    };
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", act);
    else act();
  };
  addEventListener("error", onError, true); // what can't be loaded tells its element alone
  setTimeout(tell, LATE_MS);
}
