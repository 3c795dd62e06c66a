// No menu (it would make every formula a stop of the Tab key), nothing that loads more files
MathJax = {
  tex: {inlineMath: [['$', '$'], ['\\(', '\\)']], processEscapes: true, tags: 'ams'},
  svg: {fontCache: 'local'},
  options: {enableMenu: false}
}
