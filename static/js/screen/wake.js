// The screen stays awake while it is seen, where the browser can do that; elsewhere, silently, not.

export function keepAwake() {
  if (!("wakeLock" in navigator)) return; // over http it exists on localhost alone
  const ask = () => document.hidden || navigator.wakeLock.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", ask); // a page out of sight loses it
  ask();
}
