// Line drawings for the toolbar, 16 by 16.
const PATHS = {
  crosshair: 'M8 1v5M8 10v5M1 8h5M10 8h5',
  distance: 'M2 14L14 2M2 10.5V14H5.5M10.5 2H14V5.5',
  rectangle: 'M2.5 4h11v8h-11z',
  ellipse: 'M8 3.5c3.6 0 6 2 6 4.5s-2.400 4.500-6 4.500S2 10.500 2 8s2.400-4.500 6-4.500z',
  zoom: 'M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM10.500 10.500L14 14M5 7h4M7 5v4',
  pan: 'M8 1.500v13M1.500 8h13M8 1.500L6 3.500M8 1.500l2 2M8 14.500l-2-2M8 14.500l2-2M1.500 8l2-2M1.500 8l2 2M14.500 8l-2-2M14.500 8l-2 2',
  fit: 'M2 5.500V2h3.500M10.500 2H14v3.500M14 10.500V14h-3.500M5.500 14H2v-3.500',
  one_to_one: 'M3 5l1.500-1v8M11 5l1.500-1v8M8 6.500v.1M8 10.500v.1',
  invert: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 2v12M10 3v10M12 5v6',
  cine: 'M4.500 2.500L13 8l-8.500 5.500z',
  pause: 'M5 3v10M11 3v10',
  close_up: 'M2 2h12v12H2zM8.500 8.500h5.500v5.500H8.500z',
  key_image: 'M2 5h3l1.500-2h3L11 5h3v8.500H2zM8 7a2.300 2.300 0 1 1 0 4.600A2.300 2.300 0 0 1 8 7z',
  three: 'M2 2h12v12H2zM9 2v12M9 8h5',
  one: 'M2 2h12v12H2z',
  prior: 'M2 2h12v12H2zM8 2v12',
}

/** An icon as an SVG element. */
export function icon(name) {
  const holder = document.createElement('template')
  holder.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${PATHS[name]}" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" stroke-linecap="round"/></svg>`
  return holder.content.firstChild
}
