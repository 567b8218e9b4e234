// Which slices of a CT have come: two ranges, the one round the first picture and the one that grows from the start.

export class Loaded {
  constructor(count) {
    this.count = count
    this.first = [0, 0]
    this.grown = [0, 0]
  }

  has(slice) {
    return [this.first, this.grown].some(([from, until]) => slice >= from && slice < until)
  }

  /** Both ranges as shares of the volume, for the shader; between two slices both must be there. */
  shares() {
    return [this.first, this.grown].flatMap(([from, until]) => {
      if (until <= from) return [2, 2]
      return [from === 0 ? -1 : (from + 0.5) / this.count, until === this.count ? 2 : (until - 0.5) / this.count]
    })
  }
}
