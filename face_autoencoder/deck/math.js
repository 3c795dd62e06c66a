// No menu (it would make every formula a stop of the Tab key); an unknown command is an error, not red text
MathJax = {
  tex: {inlineMath: [['$', '$'], ['\\(', '\\)']], processEscapes: true, tags: 'ams', packages: {'[-]': ['noundefined']}},
  svg: {fontCache: 'local'},
  options: {enableMenu: false}
}
