// The toolbar's controls.
import { icon } from './icons.js'

/** A group of controls. */
export function group(bar, name) {
  const made = Object.assign(document.createElement('div'), { className: name })
  made.setAttribute('role', 'group')
  bar.append(made)
  return made
}

/** A button. It gives the keyboard back: Space is the film's, not the last button's. */
export function button(parent, onClick) {
  const made = Object.assign(document.createElement('button'), { type: 'button' })
  made.addEventListener('click', (event) => {
    if (event.detail > 0) made.blur()
    onClick()
  })
  parent.append(made)
  return made
}

/** A button with a drawing; its name comes with the words. */
export function iconButton(parent, name, onClick) {
  const made = button(parent, onClick)
  made.className = 'icon'
  made.dataset.name = name
  made.append(icon(name))
  return made
}

/** A number with its name before it. */
export function number(parent, name, onChange) {
  const label = document.createElement('label')
  const made = Object.assign(document.createElement('input'), { type: 'number', step: 10, ariaLabel: name })
  made.addEventListener('change', onChange)
  label.append(name, made)
  parent.append(label)
  return made
}

/** A slider. */
export function slider(parent, range, onInput) {
  const made = Object.assign(document.createElement('input'), { type: 'range', ...range })
  made.addEventListener('input', onInput)
  parent.append(made)
  return made
}
