// What is wrong with the slide that is shown, as sentences
() => {
  const slide = Reveal.getCurrentSlide(), {scale, ...room} = Fit.room(slide), wrong = []
  const beyond = e => { const r = e.getBoundingClientRect(); return Math.max(r.right - room.right, room.left - r.left, r.bottom - room.bottom, room.top - r.top) }
  const name = e => `${e.tagName.toLowerCase()} "${(e.innerText || e.alt || '').trim().replace(/\s+/g, ' ').slice(0, 40)}"`
  const shown = Fit.seen(slide).slice(1), over = shown.map(e => [beyond(e), e]).filter(([d]) => d > 1)
  if (over.length) {
    const most = Math.max(...over.map(([d]) => d)), e = over.filter(([d]) => d > most - 1).at(-1)[1]
    wrong.push(`overflows by ${Math.ceil(most / scale)} px: ${name(e)}`)
  }
  for (const e of slide.querySelectorAll('[data-zoom]')) {
    wrong.push(e.matches('.scrolls') ? `scrolls: ${name(e)}` : `is shown at ${Math.round(e.dataset.zoom * 100)} % of its size: ${name(e)}`)
  }
  for (const e of [slide, ...shown]) if (!e.matches('.scrolls')) {
    const style = getComputedStyle(e)
    if (e.scrollWidth > e.clientWidth + 1 && style.overflowX != 'visible') wrong.push(`is cut at the right: ${name(e)}`)
    else if (e != slide && e.scrollHeight > e.clientHeight + 1 && style.overflowY != 'visible') wrong.push(`is cut at the bottom: ${name(e)}`)
  }
  if (!over.length && slide.scrollHeight > slide.clientHeight + 1) wrong.push(`overflows by ${slide.scrollHeight - slide.clientHeight} px`)
  for (const e of slide.querySelectorAll('img')) if (!e.naturalWidth) wrong.push(`a picture is missing: ${name(e)}`)
  for (const e of slide.querySelectorAll('mjx-merror, [data-mjx-error]')) wrong.push(`a formula has an error: ${e.textContent.trim().slice(0, 60)}`)
  const rest = slide.cloneNode(true)
  rest.querySelectorAll('pre, code, aside, script, mjx-container').forEach(e => e.remove())
  const raw = rest.textContent.match(/\$[^$]+\$|\\\(|\\begin\{/)
  if (raw) wrong.push(`a formula is not rendered: ${raw[0].slice(0, 60)}`)
  return wrong
}
