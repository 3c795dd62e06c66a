// Formulas first: they must have their size when slides are laid out or printed
MathJax.startup.promise.then(fitAll).then(() => Reveal.initialize({
  width: 1280, height: 720, margin: 0, maxScale: 4, center: false, display: 'flex', transition: 'none', backgroundTransition: 'none',
  hash: true, slideNumber: 'c/t', controls: false, pdfMaxPagesPerSlide: 1, pdfSeparateFragments: false, plugins: [RevealNotes]
})).then(() => document.documentElement.classList.add('ready'))
