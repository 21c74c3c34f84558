/**
 * Runs one request at a time and at most one every `everyMs`; of those asked meanwhile only the newest is kept.
 *
 * `ask(query)` (an object; `{}` when there is nothing to say) waits for the one under way; `ask(query, {urgent: true})` aborts it, because the reader has moved on.
 * `run(query, {signal})` does it; `done(answer, query)` and `failed(error)` hear of it, never of an aborted one.
 */
export function latest({ run, done, failed, everyMs = 100 }) {
  let wanted = null;
  let current = null;
  let timer = null;
  let lastStart = -Infinity;

  function next() {
    timer = null;
    if (wanted === null || current !== null) return;
    const wait = lastStart + everyMs - performance.now();
    if (wait > 0) {
      timer = setTimeout(next, wait);
      return;
    }
    const query = wanted;
    const controller = new AbortController();
    wanted = null;
    current = controller;
    lastStart = performance.now();
    run(query, { signal: controller.signal })
      .then((answer) => !controller.signal.aborted && done(answer, query))
      .catch((error) => !controller.signal.aborted && failed(error))
      .finally(() => {
        if (current === controller) current = null;
        if (timer === null) next();
      });
  }

  return {
    ask(query = {}, { urgent = false } = {}) {
      wanted = query;
      if (urgent && current) {
        current.abort();
        current = null;
        lastStart = -Infinity;
      }
      if (timer === null) next();
    },
    get busy() {
      return current !== null || wanted !== null;
    },
  };
}
