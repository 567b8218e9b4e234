// How fast pictures come: whether this machine needs coarser ones while something moves.
const SLOW_MS = 34 // a picture asked for and not drawn within two frames of a screen
const FEW = 4
const MANY = 12
const STILL_MS = 300

export class Pace {
  #late = 0

  /** A picture was asked for. */
  ask(now) {
    this.askedMs ??= now
  }

  /** It is about to be drawn; whether coarsely will do: the machine is slow, and the picture before is not old. */
  begin(now, settling) {
    const moving = now - (this.drawnMs ?? -STILL_MS) < STILL_MS && !settling
    if (!this.coarse) this.#late = now - (this.askedMs ?? now) > SLOW_MS ? Math.min(MANY, this.#late + 1) : Math.max(0, this.#late - 1)
    Object.assign(this, { drawnMs: now, askedMs: undefined, coarse: moving && this.#late >= FEW })
    return this.coarse
  }
}
