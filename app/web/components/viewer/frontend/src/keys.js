// Hot keys for the whole page, silent while somebody types.
const TYPING = 'input:not([type="range"]), textarea, select, [contenteditable="true"], [role="combobox"]'

/** Call `actions[key]()` when that key is pressed; returns how to stop listening. */
export function listenForKeys(actions) {
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.composedPath().some((element) => element.matches?.(TYPING))) return
    const action = actions[event.key.toLowerCase()]
    if (!action) return
    event.preventDefault()
    event.stopPropagation() // NiiVue has keys of its own on the canvas
    action()
  }
  document.addEventListener('keydown', pressed, true)
  return () => document.removeEventListener('keydown', pressed, true)
}
