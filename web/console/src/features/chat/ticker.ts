/** A worker that ticks: browsers slow the timers of hidden pages down to one a minute, those of workers not. */
const PERIOD_MS = 20_000
setInterval(() => postMessage(0), PERIOD_MS)
