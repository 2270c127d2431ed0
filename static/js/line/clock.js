// The server's time on this page, from what the server says and how long that took. The device's
// own clock is never asked: it may be an hour off.

/**
 * A clock for a page that the server made at `madeAt` (left out: it knows nothing before it hears).
 *
 * `heard(now, askedAt)` takes a time of the server's as it arrives; `askedAt`, by performance.now(),
 * when it answers a ping. `now()` is the server's time in milliseconds.
 */
export function createClock(madeAt) {
  // The server's time less performance.now() lies between these two.
  let least = -Infinity;
  let most = Infinity;

  function heard(now, askedAt = -Infinity, heardAt = performance.now()) {
    // It was said before it was heard, and after it was asked for.
    const low = now - heardAt;
    const high = now - askedAt;
    // Two truths overlap. When they do not, this device slept or the server's clock was set: the
    // newer one holds.
    const agrees = low <= most && least <= high;
    least = agrees ? Math.max(least, low) : low;
    most = agrees ? Math.min(most, high) : high;
  }

  if (madeAt !== undefined) {
    const { requestStart, responseStart } = performance.getEntriesByType("navigation")[0] ?? {};
    heard(madeAt, requestStart, responseStart);
  }
  return {
    heard: (now, askedAt) => heard(now, askedAt),
    now: () => performance.now() + (most === Infinity ? least : (least + most) / 2),
  };
}
