// Affine maps as rows of four numbers, [[a, b, c, t], ...]; the fourth row is always 0 0 0 1.

/** Where a point goes. */
export function apply(rows, [x, y, z]) {
  return rows.slice(0, 3).map(([a, b, c, t]) => a * x + b * y + c * z + t)
}

/** First `inner`, then `outer`. */
export function after(outer, inner) {
  return outer.slice(0, 3).map((row) => [0, 1, 2, 3].map((k) => row[0] * inner[0][k] + row[1] * inner[1][k] + row[2] * inner[2][k] + (k === 3 ? row[3] : 0)))
}

/** The way back. */
export function inverse(rows) {
  const [[a, b, c, t], [d, e, f, u], [g, h, i, v]] = rows
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  const turn = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / det))
  return turn.map((row) => [...row, -(row[0] * t + row[1] * u + row[2] * v)])
}

/** From the column order that WebGL and NiiVue keep, as rows. */
export function fromColumns(m) {
  return [0, 1, 2].map((row) => [m[row], m[4 + row], m[8 + row], m[12 + row]])
}

/** From sixteen numbers by rows. */
export function fromRows(m) {
  return [0, 1, 2].map((row) => Array.from(m.slice(4 * row, 4 * row + 4)))
}

/** As sixteen numbers by columns. */
export function toColumns(rows) {
  const all = [...rows.slice(0, 3), [0, 0, 0, 1]]
  return new Float32Array([0, 1, 2, 3].flatMap((column) => all.map((row) => row[column])))
}
