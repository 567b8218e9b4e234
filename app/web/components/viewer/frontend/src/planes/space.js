// Patient millimetres (LPS, DICOM) and NiiVue's (RAS, NIfTI) differ by signs that Python sends along.

/** Multiply a point by the signs; the map is its own inverse. */
export function flip(point, signs) {
  return [point[0] * signs[0], point[1] * signs[1], point[2] * signs[2]]
}

/** Slice number (as viewers show it) of an LPS point, from the z row of the inverse affine. */
export function sliceNumber(pointLps, { zFromLps, sliceNumbers }) {
  const z = zFromLps[0] * pointLps[0] + zFromLps[1] * pointLps[1] + zFromLps[2] * pointLps[2] + zFromLps[3]
  const index = Math.min(sliceNumbers.length - 1, Math.max(0, Math.round(z)))
  return sliceNumbers[index]
}

/** Millimetres with one decimal and a real minus sign. */
export function formatMm(value) {
  return value.toFixed(1).replace('-', '−')
}
