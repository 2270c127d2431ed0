// What a device tells a page of its sleep and its networks. Owns what of that is news; never knows
// what it means for a line.

/** Call `onNews` when the page comes back to a reader, or its device into another network. */
export function watchDevice(onNews) {
  // A locked phone comes back with a line that says "open" and is dead; one that went from one Wi-Fi
  // to another does not even notice, and may find there what did not pass before.
  document.addEventListener("visibilitychange", () => document.hidden || onNews());
  document.addEventListener("resume", onNews);
  addEventListener("pageshow", ({ persisted }) => persisted && onNews());
  addEventListener("online", onNews);
  addEventListener("offline", onNews);
  // Estimates of speed change all the time, too; only another kind of network is news.
  let network = navigator.connection?.type;
  navigator.connection?.addEventListener("change", () => {
    if (navigator.connection.type === network) return;
    network = navigator.connection.type;
    onNews();
  });
}
