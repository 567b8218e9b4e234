// Which tiles are painted already: where one plane moves, the others stay as they are on the canvas.
//
// Software that stands for a GPU takes its time by the pixel. A tile that moves there is painted at half its
// size and stretched, until it stands still.

export class Painted {
  constructor() {
    this.tiles = []
  }

  /** A picture begins; whether all of it must be painted anew. */
  begin(gl, layout) {
    const { width, height } = gl.canvas
    const same = this.layout === layout && this.size === `${width},${height}`
    Object.assign(this, { layout, size: `${width},${height}` })
    if (!same) this.tiles = []
    return !same
  }

  /** What was noted of a tile that shows the same still; nothing where it must be painted. */
  standing(index, shows, coarse) {
    const { tile, shows: before } = this.tiles[index] ?? {}
    return before === shows && (coarse || !tile.coarse) ? tile : undefined
  }

  note(index, shows, tile) {
    this.tiles[index] = { shows, tile }
  }

  /** Paint a tile (left, top, width, height) at half its size; `paint` gets the box to paint into. */
  coarsely(gl, [left, top, width, height], paint) {
    const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)]
    this.allocate(gl, w, h)
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame)
    gl.clearColor(0, 0, 0, 1)
    gl.clear(gl.COLOR_BUFFER_BIT)
    paint([0, gl.canvas.height - h, w, h])
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.frame)
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null)
    const bottom = gl.canvas.height - top - height
    gl.blitFramebuffer(0, 0, w, h, left, bottom, left + width, bottom + height, gl.COLOR_BUFFER_BIT, gl.LINEAR)
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
  }

  allocate(gl, width, height) {
    if (this.frame && width <= this.room[0] && height <= this.room[1]) return
    gl.deleteRenderbuffer(this.pixels ?? null)
    this.room = [Math.max(width, this.room?.[0] ?? 0), Math.max(height, this.room?.[1] ?? 0)]
    this.frame ??= gl.createFramebuffer()
    this.pixels = gl.createRenderbuffer()
    gl.bindRenderbuffer(gl.RENDERBUFFER, this.pixels)
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, ...this.room)
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame)
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, this.pixels)
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
  }
}
