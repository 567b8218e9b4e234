// The bar over the images: window, slab, map, what the left button does, how the planes stand.
import { button, group, iconButton, number, slider } from './controls.js'
import { icon } from './icons.js'
import { isSensible, levelWidth, windowOf } from '../input/window.js'

const SLABS = ['off', 'mip', 'mean', 'minip']
const TOOLS = ['crosshair', 'distance', 'rectangle', 'ellipse', 'zoom', 'pan']
const VIEWS = ['fit', 'one_to_one', 'invert', 'close_up', 'cine', 'key_image']
const LAYOUTS = ['three', 'one', 'prior']

export class Toolbar {
  /** @param on `{window(w), slab(s), heat(share), tool(name), view(name), layout(name), plane(p)}` told what the reader chose */
  constructor(bar, on) {
    this.on = on
    this.presets = group(bar, 'presets')
    const free = group(bar, 'free')
    this.level = number(free, 'L', () => this.typed())
    this.width = number(free, 'W', () => this.typed())
    const slab = group(bar, 'slab')
    this.mode = document.createElement('select')
    this.mode.addEventListener('change', () => this.slabChosen())
    slab.append(this.mode)
    this.thickness = slider(slab, { min: 1, max: 60, step: 1 }, () => this.slabChosen())
    const heat = group(bar, 'heat')
    this.heatName = button(heat, () => on.view('heat'))
    this.opacity = slider(heat, { min: 0, max: 100, step: 5 }, () => on.heat(Number(this.opacity.value) / 100))
    this.heatGroup = heat
    this.tools = icons(bar, 'tools', TOOLS, (name) => on.tool(name))
    this.views = icons(bar, 'views', VIEWS, (name) => on.view(name))
    this.layouts = icons(bar, 'layouts', LAYOUTS, (name) => on.layout(name))
    this.planes = group(bar, 'planes')
  }

  typed() {
    const typed = { level: this.level.valueAsNumber, width: this.width.valueAsNumber }
    const sensible = isSensible(typed)
    for (const field of [this.level, this.width]) field.setAttribute('aria-invalid', String(!sensible))
    this.width.title = this.level.title = sensible ? '' : this.words.window_limits
    if (sensible) this.on.window(windowOf(typed))
    else this.on.refused(this.words.window_limits)
  }

  slabChosen() {
    this.on.slab({ mode: this.mode.value, thicknessMm: Number(this.thickness.value) })
  }

  /** Words and presets; only when they change. */
  speak({ words, presets }) {
    this.words = words
    this.presetList = presets
    this.presets.replaceChildren()
    for (const [index, preset] of presets.entries()) {
      const made = button(this.presets, () => this.on.window({ low: preset.low, high: preset.high }))
      made.textContent = preset.name
      made.title = `${preset.range} HU · ${index + 1}`
    }
    this.mode.ariaLabel = words.slab
    this.mode.replaceChildren(...SLABS.map((mode) => new Option(words[`slab_${mode}`], mode)))
    this.thickness.ariaLabel = `${words.slab}, mm`
    this.heatName.textContent = words.heat
    this.opacity.ariaLabel = `${words.heat}, %`
    for (const [names, made] of [[TOOLS, this.tools], [VIEWS, this.views], [LAYOUTS, this.layouts]]) {
      for (const name of names) {
        const [label, key] = words[name].split('|')
        made[name].ariaLabel = label
        made[name].title = key ? `${label} · ${key}` : label
      }
    }
    this.planes.replaceChildren()
    for (const [plane, name] of [words.axial, words.coronal, words.sagittal].entries()) {
      const made = button(this.planes, () => this.on.plane(plane))
      Object.assign(made, { textContent: name[0], title: name, ariaLabel: name })
    }
  }

  /** Show what holds now. */
  show({ window, slab, heatOpacity, hasHeat, tool, plane, layout, comparing, inverted, closeUp, cine }) {
    const { level, width } = levelWidth(window)
    if (document.activeElement !== this.level) this.level.value = level
    if (document.activeElement !== this.width) this.width.value = width
    for (const [index, made] of [...this.presets.children].entries()) {
      const { low, high } = this.presetList[index]
      press(made, low === window.low && high === window.high)
    }
    this.mode.value = slab.mode
    this.thickness.value = slab.thicknessMm
    this.thickness.hidden = slab.mode === 'off'
    this.thickness.title = `${slab.thicknessMm} mm`
    this.opacity.value = Math.round(heatOpacity * 100)
    this.opacity.title = `${Math.round(heatOpacity * 100)} %`
    this.opacity.hidden = heatOpacity === 0
    this.opacity.disabled = this.heatName.disabled = !hasHeat
    press(this.heatName, heatOpacity > 0)
    this.heatGroup.title = hasHeat ? '' : this.words.no_heat
    for (const name of TOOLS) press(this.tools[name], name === tool)
    press(this.views.invert, inverted)
    press(this.views.close_up, closeUp)
    press(this.views.cine, cine.running)
    this.views.cine.replaceChildren(icon(cine.running ? 'pause' : 'cine'))
    for (const name of LAYOUTS) press(this.layouts[name], name === layout)
    this.layouts.prior.hidden = !comparing
    this.planes.hidden = layout === 'three'
    for (const [index, made] of [...this.planes.children].entries()) press(made, index === plane)
  }
}

function press(made, pressed) {
  made.setAttribute('aria-pressed', String(pressed))
}

function icons(bar, name, names, onClick) {
  const parent = group(bar, name)
  return Object.fromEntries(names.map((each) => [each, iconButton(parent, each, () => onClick(each))]))
}
