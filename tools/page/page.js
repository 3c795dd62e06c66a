// What HTML and CSS can't do on the course page. Without this script, every page can still be read.
const site = new URL('..', document.currentScript.src) // the folder of index.html: this file lies in lib/
const html = document.documentElement
const all = (what, where = document) => [...where.querySelectorAll(what)]
html.classList.add('js') // shows what works with this script only


// Dark mode: as the system has it, until the button chooses. A choice that agrees with the system is forgotten again.
const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
const KEPT_AS = 'course-colours' // in localStorage

function remembered() { try { return localStorage.getItem(KEPT_AS) } catch { return null } } // it may be forbidden

function remember(colours) {
  try { colours ? localStorage.setItem(KEPT_AS, colours) : localStorage.removeItem(KEPT_AS) } catch { /* for this page only */ }
}

function isDark() { return html.dataset.colours ? html.dataset.colours === 'dark' : systemIsDark.matches }

function choose(colours) {
  if (colours === 'dark' || colours === 'light') html.dataset.colours = colours
  else delete html.dataset.colours
}

function darkButton() {
  const button = document.querySelector('.dark')
  const tell = () => all('iframe').forEach(f => f.contentWindow.postMessage({colours: isDark() ? 'dark' : 'light'}, '*'))
  const show = () => { button.setAttribute('aria-pressed', isDark()); tell() }
  all('iframe').forEach(f => f.addEventListener('load', tell))
  button.onclick = () => {
    const chosen = isDark() ? 'light' : 'dark'
    const asSystem = (chosen === 'dark') === systemIsDark.matches
    choose(asSystem ? null : chosen)
    remember(asSystem ? null : chosen)
    show()
  }
  systemIsDark.addEventListener('change', show)
  show()
}

choose(remembered()) // now, before anything is painted


// What screen readers shall say
function say(text) { document.getElementById('said').textContent = text }


// Contents: open beside the text on wide screens, closed above it on narrow ones; the current section is marked.
function contents() {
  const toc = document.querySelector('.toc')
  if (!toc) return
  const wide = matchMedia('(min-width: 1100px)')
  const fold = () => { toc.open = wide.matches }
  wide.addEventListener('change', fold)
  fold()
  const links = all('a', toc), nav = toc.querySelector('nav')
  const headings = links.map(a => document.getElementById(decodeURIComponent(a.hash.slice(1))))

  function mark() { // the last heading in the upper quarter of the window, or above
    const current = headings.findLastIndex(h => h.getBoundingClientRect().top < innerHeight/4 + 1)
    links.forEach((a, i) => i === current ? a.setAttribute('aria-current', 'true') : a.removeAttribute('aria-current'))
    if (current < 0 || !wide.matches) return
    const link = links[current].getBoundingClientRect(), seen = nav.getBoundingClientRect()
    if (link.top < seen.top || link.bottom > seen.bottom) nav.scrollTop += link.top - seen.top - seen.height/3
  }

  // Tells when a heading passes that line. All that is above the line counts as seen: so long jumps are noticed, too.
  const watch = new IntersectionObserver(mark, {rootMargin: '1000000px 0px -75% 0px'})
  headings.forEach(h => watch.observe(h))
}


// The list of chapters closes by Escape, and by a click elsewhere
function chapters() {
  const list = document.querySelector('.chapters')
  addEventListener('click', e => { if (!list.contains(e.target)) list.open = false })
  list.addEventListener('keydown', e => {
    if (e.key !== 'Escape') return
    list.open = false
    list.querySelector('summary').focus()
  })
}


// Copy buttons of code
async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true } catch { /* some browsers forbid it on file:// */ }
  const area = document.createElement('textarea'), focused = document.activeElement
  area.value = text
  area.className = 'unseen'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  focused?.focus()
  return done
}

function copyButtons() {
  for (const block of all('.highlight')) {
    const button = document.createElement('button')
    Object.assign(button, {type: 'button', className: 'copy', textContent: 'Copy'})
    button.setAttribute('aria-label', 'Copy code')
    button.onclick = async () => {
      const done = await copy(block.querySelector('pre').textContent.trimEnd())
      button.textContent = done ? 'Copied' : 'Not copied'
      say(done ? 'Code copied' : 'The code could not be copied')
      setTimeout(() => { button.textContent = 'Copy'; say('') }, 2000)
    }
    block.prepend(button)
  }
}


// Search: the library (MiniSearch) and the text of all sections are loaded when the field is first used. They come
// as scripts, because a page of file:// may not read other files.
const MOST = 10 // results that are shown
const AROUND = 70 // letters of a snippet before what was found, and twice as many after it
let index

function load(file) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    Object.assign(script, {src: new URL(file, site), onload: resolve, onerror: reject})
    document.head.append(script)
  })
}

async function makeIndex() {
  await Promise.all([load('lib/minisearch.js'), load('lib/sections.js')])
  const made = new MiniSearch({fields: ['title', 'heading', 'text', 'names'], idField: 'href'})
  made.addAll(SECTIONS)
  return made
}

function findSections(words) {
  const sections = new Map(SECTIONS.map(s => [s.href, s]))
  const options = {
    prefix: true, combineWith: 'AND', fuzzy: word => word.length > 5 ? .15 : false,
    boost: {heading: 4, names: 3, title: 2}, boostDocument: href => sections.get(href).weight
  }
  return index.search(words, options).map(found => ({...sections.get(found.href ?? found.id), terms: found.terms}))
}

// A text with the found words marked. It is added as text, never as HTML, so nothing in it can be a tag.
function marked(text, terms) {
  const escaped = terms.map(t => t.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const parts = document.createElement('span')
  text.split(RegExp(`(${escaped.join('|')})`, 'i')).forEach((part, i) => {
    const mark = document.createElement('mark')
    mark.textContent = part
    parts.append(i % 2 ? mark : part)
  })
  return parts
}

function snippet({text, terms}) {
  const places = terms.map(t => text.toLowerCase().indexOf(t)).filter(i => i >= 0)
  const at = places.length ? Math.min(...places) : 0
  const from = at > AROUND ? text.indexOf(' ', at - AROUND) + 1 : 0
  const part = text.slice(from, at + 2*AROUND)
  return (from ? '… ' : '') + part + (from + part.length < text.length ? ' …' : '')
}

function result(found) {
  const item = document.createElement('li'), link = document.createElement('a'), title = document.createElement('strong')
  title.textContent = found.heading ? `${found.title} › ${found.heading}` : found.title
  link.href = new URL(found.href, site)
  link.append(title, marked(snippet(found), found.terms))
  item.append(link)
  return item
}

function searchField() {
  const form = document.querySelector('.search'), field = form.querySelector('input'), list = form.querySelector('ol')
  let loading

  function close() { list.hidden = true }

  async function show() {
    const words = field.value.trim()
    if (!words) { close(); say(''); return }
    try { index = await (loading ??= makeIndex()) } catch { say('The search could not be loaded'); return }
    if (words !== field.value.trim()) return // somebody went on typing
    const found = findSections(words)
    list.replaceChildren(...found.slice(0, MOST).map(result))
    if (!found.length) list.append(Object.assign(document.createElement('li'), {textContent: 'Nothing found'}))
    list.hidden = false
    const shown = found.length > MOST ? `, the first ${MOST} are shown` : ''
    say(found.length ? `${found.length} results${shown}: the arrow keys choose one, Enter opens it` : 'Nothing found')
  }

  field.onfocus = () => { loading ??= makeIndex(); loading.catch(() => {}); show() }
  field.oninput = show
  form.onsubmit = async e => { // Enter in the field opens the first result
    e.preventDefault()
    await show()
    list.querySelector('a')?.click()
  }
  form.addEventListener('keydown', e => {
    const stops = [field, ...all('a', list)], step = {ArrowDown: 1, ArrowUp: -1}[e.key]
    if (e.key === 'Escape') { field.value = ''; field.focus(); close(); say('') }
    if (!step || list.hidden) return
    e.preventDefault()
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus()
  })
  form.addEventListener('focusout', e => { if (!form.contains(e.relatedTarget)) close() })
  list.onclick = e => { if (e.target.closest('a')) setTimeout(close) } // the result may be on this very page
}


const parts = [darkButton, contents, chapters, copyButtons, searchField]
addEventListener('DOMContentLoaded', () => parts.forEach(start => start()))
