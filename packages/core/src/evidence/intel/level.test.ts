import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TCB_STATUSES } from '../policy.ts'
import { converge, findIsvLevel, findLevel, findModule } from './level.ts'
import type { Pck } from './pck.ts'
import type { TcbInfo, TcbLevel } from './tcb.ts'

const components = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 16, maxLength: 16 })

function levelOf(sgx: readonly number[], pcesvn: number, tdx?: readonly number[]): TcbLevel {
  return { sgx, pcesvn, ...(tdx && { tdx }), date: '', status: 'UpToDate', advisories: [] }
}

function infoOf(levels: TcbLevel[]): TcbInfo {
  return { tee: 'tdx', fmspc: '', pceid: '', levels, modules: new Map(), issued: 0, until: 0, evaluation: 0 }
}

function pckOf(sgx: readonly number[], pcesvn: number): Pck {
  return { fmspc: '', pceid: '', pcesvn, components: sgx, cpusvn: '', ppid: '' }
}

test('a level is reached in every component or not at all, whatever all of them are as one number', () => {
  fc.assert(
    fc.property(components, components, components, components, fc.nat(3), fc.nat(3), (...drawn) => {
      const [has, asked, hasTdx, askedTdx, pcesvn, askedPcesvn] = drawn
      const from = hasTdx[1]! > 0 ? 2 : 0
      const expected =
        has.every((one, i) => one >= asked[i]!) &&
        pcesvn >= askedPcesvn &&
        hasTdx.every((one, i) => i < from || one >= askedTdx[i]!)
      const level = levelOf(asked, askedPcesvn, askedTdx)
      const found = findLevel(infoOf([level]), pckOf(has, pcesvn), Uint8Array.from(hasTdx))
      assert.equal(found, expected ? level : undefined)
    }),
    { numRuns: 2000 },
  )
})

test('of several levels the first that is reached, in Intel’s order', () => {
  const zeros = new Array<number>(16).fill(0)
  const levels = [levelOf(zeros.with(0, 9), 0), levelOf(zeros.with(1, 1), 0), levelOf(zeros, 0)]
  assert.equal(findLevel(infoOf(levels), pckOf(zeros.with(0, 8).with(1, 4), 0)), levels[1])
  assert.equal(findLevel(infoOf(levels), pckOf(zeros, 0)), levels[2])
  assert.equal(findLevel(infoOf([]), pckOf(zeros, 0)), undefined)
  // A trust domain reaches no level that says nothing of TDX.
  assert.equal(findLevel(infoOf(levels), pckOf(zeros, 0), new Uint8Array(16)), undefined)
})

test('a module by its major version', () => {
  const module = { mrsigner: '', attributes: '', mask: '', levels: [] }
  const info: TcbInfo = { ...infoOf([]), module, modules: new Map([['TDX_1A', { ...module }]]) }
  assert.deepEqual(findModule(info, Uint8Array.of(7, 0)), { id: 'TDX_00', module })
  assert.deepEqual(findModule(info, Uint8Array.of(7, 26)), {
    id: 'TDX_1A',
    module: info.modules.get('TDX_1A'),
    isvsvn: 7,
  })
  assert.deepEqual(findModule(info, Uint8Array.of(7, 3)), { id: 'TDX_03', isvsvn: 7 })
})

test('a level of an enclave', () => {
  const levels = [8, 6, 2].map(isvsvn => ({ ...levelOf([], 0), isvsvn }))
  assert.equal(findIsvLevel(levels, 9), levels[0])
  assert.equal(findIsvLevel(levels, 7), levels[1])
  assert.equal(findIsvLevel(levels, 1), undefined)
})

test('what a part makes of the whole: never better', () => {
  const table = {
    UpToDate: 'OutOfDate',
    SWHardeningNeeded: 'OutOfDate',
    ConfigurationNeeded: 'OutOfDateConfigurationNeeded',
    ConfigurationAndSWHardeningNeeded: 'OutOfDateConfigurationNeeded',
    OutOfDate: 'OutOfDate',
    OutOfDateConfigurationNeeded: 'OutOfDateConfigurationNeeded',
    Revoked: 'Revoked',
  } as const
  for (const status of TCB_STATUSES) {
    assert.equal(converge(status, 'UpToDate'), status)
    assert.equal(converge(status, 'OutOfDate'), table[status])
    assert.equal(converge(status, 'Revoked'), 'Revoked')
  }
})
