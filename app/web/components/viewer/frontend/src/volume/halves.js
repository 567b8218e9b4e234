// HU as 16-bit floats, which WebGL can interpolate where it cannot interpolate integers. Exact to 2048 HU,
// then to 2 HU, which no window shows.

let table

function halfOf(value) {
  const sign = value < 0 ? 0x8000 : 0
  let size = Math.abs(value)
  if (size === 0) return 0
  const exponent = Math.floor(Math.log2(size))
  size = Math.round((size / 2 ** exponent - 1) * 1024)
  return sign | ((exponent + 15) << 10) + size
}

/** Int16 HU to the bits of half floats. */
export function halves(hu) {
  table ??= Uint16Array.from({ length: 65536 }, (_, bits) => halfOf((bits << 16) >> 16))
  const bits = new Uint16Array(hu.length)
  for (let i = 0; i < hu.length; i++) bits[i] = table[hu[i] & 0xffff]
  return bits
}
