// What a reader asks of Python: to decide, undo, sign. Each is sent again until Python says that it has heard.
//
// Streamlit forgets a request that arrives in the moment in which another run ends.
const AGAIN_MS = 1500
const MOST_TIMES = 20

export class Actions {
  /** @param view `{data, chosen, current, trigger}` */
  constructor(view) {
    this.view = view
    this.count = 0
    this.waiting = []
  }

  /** Ask for something, with what the reader saw of the finding. */
  act(action) {
    const seen = this.view.current.findings.find(({ id }) => id === action.finding)?.version ?? 0
    this.waiting.push({ ...action, seen, report: Date.now() * 1000 + ++this.count })
    if (this.waiting.length === 1) this.send(1)
  }

  send(times) {
    const [next] = this.waiting
    if (!next) return
    this.view.trigger('action', next)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => (times < MOST_TIMES ? this.send(times + 1) : this.heard(Infinity)), AGAIN_MS)
  }

  /** Python has done all up to this report; the next one goes. */
  heard(report) {
    const before = this.waiting.length
    this.waiting = this.waiting.filter((action) => action.report > report)
    if (this.waiting.length === before) return
    clearTimeout(this.timer)
    this.send(1)
  }

  /** Accept or reject the chosen finding; Python decides whether it may. */
  decide(kind, reason = '') {
    const { chosen, data } = this.view
    if (chosen !== null && data.canDecide) this.act({ kind, finding: chosen, reason })
  }

  stop() {
    clearTimeout(this.timer)
  }
}
