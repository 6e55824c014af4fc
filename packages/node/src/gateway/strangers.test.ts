import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrangerCheck } from './strangers.ts'

test('who was let in once is let in again, and nobody by their side', () => {
  const check = new StrangerCheck(['own.example'])
  for (let round = 0; round < 3; round++) {
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:80', 'own.example'])
      check.refuse({ host, origin: undefined })
    check.refuse({ host: 'localhost:1', origin: 'http://127.0.0.1:3000' })
    for (const headers of [
      { host: 'evil.example' },
      { host: '' },
      {},
      { host: 'localhost:1', origin: 'https://evil.example' },
      { host: 'localhost:1@evil.example' },
    ])
      assert.throws(() => check.refuse(headers), { code: 'forbidden' }, JSON.stringify(headers))
  }
})

test('what it remembers is bounded, and forgetting changes nothing', () => {
  const check = new StrangerCheck([])
  for (let port = 1; port < 2000; port++) check.refuse({ host: `localhost:${port}` })
  check.refuse({ host: 'localhost:1' })
  assert.throws(() => check.refuse({ host: 'evil.example' }), { code: 'forbidden' })
})
