// What a reader asks of Python: to decide, undo, sign. Each is sent again until Python says that it is done.
//
// Streamlit forgets a request that arrives in the moment in which another run ends. Asking again ends a
// run that is under way, so the wait grows: else a slow server would never get to answer.
const AGAIN_MS = 1500
const SLOWEST_MS = 12_000
const DECISIONS = ['accept', 'reject']

export class Actions {
  /** @param view `{data, chosen, choose, stamp, trigger, tell}` */
  constructor(view) {
    this.view = view
    this.waiting = []
  }

  /** Findings whose decision is not saved yet. */
  get saving() {
    return new Set(this.waiting.filter(({ kind }) => DECISIONS.includes(kind)).map(({ number }) => number))
  }

  /** Ask for something; the finding goes by its own row, with the version that the reader saw. */
  act(action) {
    const { data } = this.view
    const seen = data.findings.find(({ id }) => id === action.number)
    this.waiting.push({ ...action, study: data.study, finding: seen?.row ?? 0, seen: seen?.version ?? 0, report: this.view.stamp() })
    this.send(AGAIN_MS)
  }

  send(wait) {
    clearTimeout(this.timer)
    if (!this.waiting.length) return
    this.view.trigger('action', { waiting: this.waiting })
    this.timer = setTimeout(() => this.send(Math.min(2 * wait, SLOWEST_MS)), wait)
  }

  /** Python has done all up to this report. */
  heard(report) {
    this.waiting = this.waiting.filter((action) => action.report > report)
    if (!this.waiting.length) clearTimeout(this.timer)
  }

  /** Accept or reject a finding, once, and go on to the next at once: the next key is for that one. */
  decide(kind, number, reason = '') {
    if (number === null || !this.view.data.canDecide || this.saving.has(number)) return
    const next = this.nextUndecided(number)
    this.act({ kind, number, reason, next })
    if (next === null) this.view.tell()
    else this.view.choose(next, false)
  }

  /** The next finding that nobody has decided, round at the end; null where none is left. */
  nextUndecided(number) {
    const { saving } = this
    const open = this.view.data.findings.filter(({ id, verdict }) => verdict === 'open' && id !== number && !saving.has(id)).map(({ id }) => id)
    return open.find((id) => id > number) ?? open[0] ?? null
  }

  stop() {
    clearTimeout(this.timer)
  }
}
