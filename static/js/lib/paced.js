/**
 * A function that runs `act` at most once every `everyMs`: at once if it has rested that long, else at the end of the interval. `flush()`
 * runs what is still waiting.
 */
export function paced(act, everyMs) {
  let last = -Infinity;
  let timer = null;
  const run = () => {
    clearTimeout(timer);
    timer = null;
    last = performance.now();
    act();
  };
  const call = () => {
    if (timer !== null) return;
    const wait = last + everyMs - performance.now();
    if (wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
  call.flush = () => timer !== null && run();
  return call;
}
