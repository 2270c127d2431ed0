// One request to the server, and its answer if a whole one comes. Never asks a second time.

/**
 * Returns {status, body, later}: the body as read from JSON, and in how many seconds to come back, if
 * that was said. Returns null when no answer of the server's own came within `patience`
 * milliseconds, or before `stop`, an AbortController, was used.
 */
export async function reach(path, patience, stop, options = {}) {
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const response = await fetch(path, { cache: "no-store", ...options, signal: stop.signal });
    const { ok, status, headers } = response;
    const later = Number(headers.get("Retry-After"));
    const body = status === 204 ? null : await response.json().catch(() => undefined);
    // Half an answer, a portal's page, a proxy that speaks for a server that it could not wait for.
    const isForeign = body === undefined && (ok || (status >= 500 && !later));
    return isForeign ? null : { status, body, later };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
