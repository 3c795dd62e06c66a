// Before slides are shown: one that is too full becomes several; what fits none shrinks, and scrolls where that isn't enough
const Fit = {
  least: 0.7, // of its size: what is smaller can't be read from the last row
  // The room of a slide, in pixels of the window; its border keeps the footer free
  room(slide) {
    const box = slide.getBoundingClientRect(), scale = box.height / slide.offsetHeight
    const side = parseFloat(getComputedStyle(slide).paddingRight) * scale
    return {scale, top: box.top, left: box.left, right: box.right, bottom: box.top + slide.clientHeight * scale, inner: box.right - side}
  },
  // What is to be seen of a block: neither notes nor parts of drawings, nor what scrolls within it
  seen(block) {
    const hidden = 'aside, mjx-assistive-mml, svg, .scrolls *'
    return [block, ...block.querySelectorAll('*')].filter(e => !e.closest(hidden) && e.checkVisibility() && e.getClientRects().length)
  },
  blocks: slide => [...slide.children].filter(e => e.localName != 'aside' && e.getClientRects().length),
  end: (block, side) => Math.max(...Fit.seen(block).map(e => e.getBoundingClientRect()[side]))
}

const isHeading = e => /^H[1-6]$/.test(e.tagName)

// Where a slide is cut: if there is enough before it, at its last heading or cell that fits, else after its last block that does
function cut(slide, blocks, start, full) {
  const {top, bottom} = Fit.room(slide), last = Math.max(full, start + 1)
  const late = i => i > start && i <= last && i < blocks.length && blocks[i].getBoundingClientRect().top > top + (bottom - top) / 3
  const at = [isHeading, e => 'cell' in e.dataset].map(is => blocks.findLastIndex((e, i) => is(e) && late(i))).find(i => i > 0) ?? last
  return at - 1 > start && isHeading(blocks[at - 1]) ? at - 1 : at
}

// A slide with the blocks from `block` on, under the same heading and with the same notes
function goOn(slide, block) {
  const next = document.createElement('section'), rest = document.createRange(), heading = slide.querySelector('h1, h2')
  const notes = [...slide.querySelectorAll(':scope > aside')].map(e => e.parentNode.removeChild(e))
  rest.setStartBefore(block)
  rest.setEndAfter(slide.lastChild)
  next.append(rest.extractContents(), ...notes.map(e => e.cloneNode(true)))
  slide.append(...notes)
  if (heading && !/^H[12]$/.test(block.tagName)) {
    const again = document.createElement('h2')
    again.append(...heading.cloneNode(true).childNodes)
    next.prepend(again)
  }
  slide.after(next)
  return next
}

function shrink(slide, block) {
  const {inner, bottom} = Fit.room(slide), box = block.getBoundingClientRect()
  const over = () => Math.max(Fit.end(block, 'right') - inner, Fit.end(block, 'bottom') - bottom)
  if (over() <= 1) return
  const ratio = Math.min((inner - box.left) / (Fit.end(block, 'right') - box.left), (bottom - box.top) / (Fit.end(block, 'bottom') - box.top))
  block.style.zoom = block.dataset.zoom = Math.max(Fit.least, Math.floor(ratio * 100) / 100)
  if (over() > 1) block.classList.add('scrolls')
}

function fit(slide) {
  const blocks = Fit.blocks(slide), {bottom} = Fit.room(slide)
  const start = Math.max(0, blocks.findIndex(e => !/^H[12]$/.test(e.tagName)))
  const sticksOut = slide.scrollHeight > slide.clientHeight + 1 // also letters, below the box of their line
  const full = blocks.findIndex((e, i) => Fit.end(e, 'bottom') > bottom + 1 || sticksOut && i == blocks.length - 1)
  const at = full < 0 ? 0 : cut(slide, blocks, start, full)
  const next = at > 0 && at < blocks.length && goOn(slide, blocks[at])
  for (const block of Fit.blocks(slide)) shrink(slide, block)
  if (next) fit(next)
}

async function fitAll() {
  if (document.readyState != 'complete') await new Promise(done => addEventListener('load', done))
  document.documentElement.classList.add('fitting')
  document.body.offsetHeight // so that fonts are asked for
  await document.fonts.ready
  await Promise.allSettled([...document.images].map(i => i.decode()))
  document.querySelectorAll('.slides section:not(:has(section))').forEach(fit)
  document.documentElement.classList.remove('fitting')
}
