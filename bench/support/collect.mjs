// Preloaded into processes under test.
process.on('message', (message) => {
  if (message !== 'collect') return
  globalThis.gc?.()
  process.send('collected')
})
