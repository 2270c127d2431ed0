// An admin's action, sent to the server, and its answer understood. Owns no part of a page; whoever
// presses says in words what came of it.

export const FRESH_MS = 800; // a press meant for what stood here before must not act on what is new

const ANSWER_MS = 8000; // who presses must not be left without a word

let renewed; // the token in the place of the page's own, which a login in another tab has changed

/**
 * Post an action of the admin's, as `{round, version, …}` fields.
 *
 * Answers {ok: true, …} or {ok: false, code, message}: `sure` carries the server's question, and the
 * same fields without `ask` are the yes; `no_answer`, which has no message, says that nobody knows
 * whether it was done.
 */
export async function postAction(action, fields, csrf) {
  const answer = await post(action, fields, renewed ?? csrf);
  if (answer.code !== "stale_page") return answer;
  renewed = answer.csrf; // nothing was done
  return post(action, fields, renewed);
}

async function post(action, fields, csrf) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_MS);
  try {
    const response = await fetch(`/admin/${action}`, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": csrf },
      body: new URLSearchParams(fields),
      signal: patience.signal,
    });
    const answer = await response.json();
    return typeof answer.ok === "boolean" ? answer : { ok: false, code: "no_answer" };
  } catch {
    return { ok: false, code: "no_answer" };
  } finally {
    clearTimeout(timer);
  }
}
