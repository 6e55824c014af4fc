import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses, so that the page also works below a path.
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The server sends `default-src 'self'`: nothing may be inlined, neither as a script nor as data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One chunk, 190 kB compressed: a check is one function, and every verifier is part of it.
    chunkSizeWarningLimit: 800,
  },
})
