// Hot keys for the whole page, silent while somebody types or a dialog is open.
const TYPING = 'input:not([type="range"]), textarea, select, [contenteditable="true"], [role="combobox"], [role="dialog"], [role="listbox"]'
const ONCE = ['a', 'x', 'u', 's'] // holding one of these down decides nothing more
const PRESSED_BY_SPACE = 'button, a, summary, input, [role="button"], [role="option"], [role="tab"], tr[data-finding]'

/** Call `actions(key)` when a key is pressed, which says whether it was one; returns how to stop listening. */
export function listenForKeys(actions) {
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const path = event.composedPath().filter((element) => element.matches)
    if (path.some((element) => element.matches(TYPING)) || document.querySelector('[role="dialog"]')) return
    if (event.key === ' ' && path.some((element) => element.matches(PRESSED_BY_SPACE))) return
    if (event.repeat && ONCE.includes(event.key.toLowerCase())) return
    if (!actions(event.key.toLowerCase())) return
    event.preventDefault() // Space and the arrows scroll nothing away
    event.stopPropagation()
  }
  document.addEventListener('keydown', pressed, true)
  return () => document.removeEventListener('keydown', pressed, true)
}
