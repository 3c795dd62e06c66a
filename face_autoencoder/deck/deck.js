// Formulas first: they must have their size when slides are laid out or printed
MathJax.startup.promise.then(fitAll).then(() => Reveal.initialize({
  width: 1280, height: 720, margin: 0, maxScale: 4, center: false, display: 'flex', transition: 'none', backgroundTransition: 'none',
  hash: true, slideNumber: 'c/t', controls: false, pdfMaxPagesPerSlide: 1, pdfSeparateFragments: false, plugins: [RevealNotes]
})).then(() => document.documentElement.classList.add('ready')).then(goLive)

// Figures that can be moved: what they need is loaded after the slides stand, and never on paper
function goLive() {
  if (!document.querySelector('vae-sliders, vae-inside, vae-map, vae-morph') || /print-pdf/.test(location.search)) return
  document.head.append(Object.assign(document.createElement('script'), {src: 'live/explorer.js'}))
  document.head.append(Object.assign(document.createElement('link'), {rel: 'stylesheet', href: 'live/explorer.css'}))
}
