// SPDX-License-Identifier: EUPL-1.2
/** Keeps an installed app at the newest release: looks at every return to the foreground. */

export async function keepUpToDate() {
  if (!("serviceWorker" in navigator)) return;
  const container = navigator.serviceWorker;
  let isOld = container.controller !== null; // the first worker of a first visit replaces nothing
  container.addEventListener("controllerchange", () => {
    if (isOld && !isTyping()) location.reload();
    isOld = true;
  });
  try {
    const registration = await container.register("/sw.js", { updateViaCache: "none" });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") update(registration);
    });
  } catch (error) {
    console.info("The app works, but can't be opened offline:", error.message);
  }
}

async function update(registration) {
  try {
    await registration.update();
  } catch (error) {
    console.info("No word about a newer release:", error.message); // offline; the next return asks again
  }
}

function isTyping() {
  const focused = document.activeElement;
  return focused instanceof HTMLInputElement && focused.value !== "";
}
